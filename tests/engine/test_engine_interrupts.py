"""Interrupts and early ends: nothing stays open, and what comes next is as if they had not been."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from types import FrameType

import pytest

from bench.sinks.counting import CountingSink
from bench.sinks.plan import Plan, Step
from ops.paths import ROOT
from realtime.aws.management import ManagementOutbox
from tests.engine.harness import PATIENCE, clean_outbox, descriptors, outbox_to

FRAME = '{"event":"e"}'
RECIPIENTS = 12
INTERRUPTS = 25
HANGS = Step(how="hang")
PLAN = Plan({f"c{number}": [HANGS] for number in range(0, 400, 4)}, otherwise=[Step()])


class Stop(Exception):
    """Raised by a test in the midst of its frames."""


def frames(end: type[BaseException], after: int) -> Iterator[tuple[str, str]]:
    """So many, and then this."""
    for number in range(after):
        yield f"c{number}", FRAME
    raise end


def assert_still_works(sink: CountingSink, outbox: ManagementOutbox) -> None:
    """Everyone gets the answer that is theirs: a connection with another's answer in it would give that."""
    names = [f"next{number}" for number in range(20)]
    sink.follow(Plan({name: [Step(410)] for name in names[::3]}))
    fates = {one.connection_id: one.fate for one in outbox.stream((name, FRAME) for name in names)}
    assert fates == {name: "delivered" if number % 3 else "gone" for number, name in enumerate(names)}
    assert {reader.asked for reader in sink.report().readers.values()} == {1}


@pytest.mark.parametrize("end", [KeyboardInterrupt, Stop])
@pytest.mark.parametrize("after", [0, 1, 50, 300])
def test_an_interrupt_among_the_frames_goes_through_and_leaves_nothing(sink, end, after):
    sink.follow(PLAN)
    with clean_outbox(sink) as outbox:
        with pytest.raises(end):
            list(outbox.stream(frames(end, after)))
        assert sink.report().in_flight == 0
        assert_still_works(sink, outbox)


@pytest.mark.parametrize("settled", [1, 10, 60])
def test_a_stream_that_is_left_early_leaves_nothing(sink, settled):
    sink.follow(PLAN)
    with clean_outbox(sink) as outbox:
        stream = outbox.stream((f"c{number}", FRAME) for number in range(300))
        for _ in range(settled):
            next(stream)
        assert isinstance(stream, Generator)
        stream.close()
        assert sink.report().in_flight == 0
        assert_still_works(sink, outbox)


def test_a_stream_that_is_forgotten_leaves_nothing(sink):
    sink.follow(PLAN)
    with clean_outbox(sink) as outbox:
        next(outbox.stream((f"c{number}", FRAME) for number in range(300)))
        gc.collect()
        assert sink.report().in_flight == 0


class _Interrupt:
    """Raises KeyboardInterrupt at the n-th call that the engine makes, where Python could as well. Counts them."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_return") and "/realtime/aws/" in frame.f_code.co_filename:
            self.calls += 1
            if self.calls == self._at:
                sys.setprofile(None)
                raise KeyboardInterrupt


def post_interrupted(outbox: ManagementOutbox, at: int) -> int:
    """Post to some, and be interrupted at the engine's n-th call. Returns how many it made."""
    interrupt = _Interrupt(at)
    sys.setprofile(interrupt)
    try:
        outbox.post([f"c{number}" for number in range(RECIPIENTS)], FRAME)
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return interrupt.calls


# Python closes what an interrupt keeps from being closed, and complains: whoever may be interrupted anywhere cannot.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("kept", [False, True], ids=["new connections", "kept ones"])
def test_an_interrupt_anywhere_leaves_nothing(sink, kept):
    plan = Plan({f"c{number}": [Step(429), Step()] for number in range(0, RECIPIENTS, 4)}, otherwise=[Step()])
    before = descriptors()
    outbox = outbox_to(sink)
    sink.follow(plan)
    calls = post_interrupted(outbox, 0)
    for at in range(1, calls, calls // INTERRUPTS):
        if not kept:
            outbox.hang_up()
        sink.follow(plan)
        post_interrupted(outbox, at)
        gc.collect()
        assert sink.report().in_flight == 0, at
        assert_still_works(sink, outbox)
    outbox.hang_up()
    assert descriptors() == before


@pytest.mark.parametrize("answer", [HANGS, Step()], ids=["while it waits", "while it works"])
def test_ctrl_c_ends_a_process_that_posts(sink, answer):
    sink.follow(Plan({"first": [Step()]}, otherwise=[answer]))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.interrupted", sink.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE)
    assert (said, process.returncode) == ("interrupted: 0 descriptors, 1 thread\n", 0)
    report = sink.report()
    assert (report.open, report.in_flight) == (0, 0)
