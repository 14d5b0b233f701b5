"""The real outbox over a counting sink, and what is open while it works."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.sinks.counting import CountingSink
from realtime.aws.json_service import Patience
from realtime.aws.management import ManagementOutbox
from tests.contract.aws import account

# No test waits that long: only who hangs comes to a deadline, and that one is short.
PATIENCE = 60.0
# Long enough for the others' answers on a busy machine.
DEADLINE = 1.5
ATTEMPTS = 3
ENDPOINT = "https://abc.execute-api.eu-west-1.amazonaws.com/production"


def descriptors() -> set[str]:
    """The file descriptors of this process."""
    return set(os.listdir("/dev/fd"))  # noqa: PTH208 - the names alone


class Time:
    """The clock, which a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def outbox_to(
    sink: CountingSink, timeout: float = PATIENCE, clock: Callable[[], float] = time.monotonic
) -> ManagementOutbox:
    """An outbox that waits `timeout` seconds for each answer and hardly at all before it tries again."""
    patience = Patience(ATTEMPTS, timeout, lambda number: None)
    return ManagementOutbox(account(sink.url), ENDPOINT, patience, clock, pause=lambda number: 0.001 * number)


@contextmanager
def clean_outbox(
    sink: CountingSink, timeout: float = PATIENCE, clock: Callable[[], float] = time.monotonic
) -> Iterator[ManagementOutbox]:
    """An outbox that leaves no descriptor, thread or connection behind once its kept-alive connections are closed."""
    descriptors_before, threads_before = descriptors(), threading.active_count()
    open_before = sink.report().open
    outbox = outbox_to(sink, timeout, clock)
    try:
        yield outbox
    finally:
        outbox.hang_up()
    report = sink.report()
    assert (descriptors(), threading.active_count()) == (descriptors_before, threads_before)
    assert (report.open, report.in_flight) == (open_before, 0)
