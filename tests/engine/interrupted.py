"""A process that posts until it is interrupted, and then says what it left open: python -m tests.engine.interrupted URL

The first reader is called "first"; it writes "ready" once that one has been delivered to. All others are "r…".
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from collections.abc import Iterator

from realtime.aws.json_service import Patience
from realtime.aws.management import ManagementOutbox
from tests.contract.aws import account
from tests.engine.harness import ENDPOINT, PATIENCE, descriptors


def frames() -> Iterator[tuple[str, str]]:
    yield "first", "x"
    for number in itertools.count():
        yield f"r{number}", "x"


def main(url: str) -> None:
    before = descriptors()
    outbox = ManagementOutbox(account(url), ENDPOINT, Patience(3, PATIENCE, lambda number: None))
    post_until_interrupted(outbox)
    # Here and not where it is caught: what the interrupt came between is held by its traceback until then.
    outbox.hang_up()
    left = len(descriptors() - before)
    sys.stdout.write(f"interrupted: {left} descriptors, {threading.active_count()} thread\n")


def post_until_interrupted(outbox: ManagementOutbox) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        for posted in outbox.stream(frames()):
            if posted.connection_id == "first":
                sys.stdout.write("ready\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
