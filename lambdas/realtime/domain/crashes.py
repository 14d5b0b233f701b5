"""What a log may show of a bug."""

from __future__ import annotations


def stack_of(bug: BaseException) -> list[str]:
    """Where it happened, "file:line function", outermost first; without the message: that may quote a client."""
    frames, traceback = [], bug.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames
