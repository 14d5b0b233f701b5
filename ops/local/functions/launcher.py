"""Runs inside the sandbox's process, before anything of the function: standard library only.

    python -I -S -B -X utf8 launcher.py TASK_ROOT RUNTIME_CLIENT LIFELINE HANDLER

-I and -S leave nothing on sys.path but the standard library. What AWS has in front of it is put
there: the function (/var/task), then the runtime client (/var/runtime).
"""

from __future__ import annotations

import _thread
import os
import signal
import site
import sys


def follow_to_death(lifeline: int) -> None:
    """End this process and its children once the other end of the pipe is closed.

    The daemon holds that end and never writes. The kernel closes it however the daemon ends.
    """
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Become the runtime: returns only when it fails to start."""
    task_root, runtime_client, lifeline, handler = arguments
    _thread.start_new_thread(follow_to_death, (int(lifeline),))
    # The interpreter sets it where the locale is missing; AWS has the locale and no such variable.
    if os.environ.get("LC_CTYPE") == "C.UTF-8":
        del os.environ["LC_CTYPE"]
    # -S also took the builtins exit and quit, which a function on AWS has.
    site.setquit()
    sys.path[:0] = [task_root, runtime_client]
    sys.argv = [os.path.join(runtime_client, "bootstrap"), handler]  # noqa: PTH118 - no pathlib: it costs start-up time

    from awslambdaric.__main__ import main as serve

    serve(sys.argv)


if __name__ == "__main__":
    main(sys.argv[1:])
