"""The product's outbox where some readers are gone and some do not answer: when is the last live one served, when all?

python -m bench.candidates.faulty TASK      (a Task as JSON: its readers by number, so that faults can be planned)
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator

from bench.candidates.outbox import outbox
from bench.candidates.task import FRAME, ids, task
from bench.processors import CLIENT, pin


def main() -> None:
    """Print the fates, the seconds to the last delivery and to the whole result."""
    asked = task()
    pin(0, CLIENT)
    management = outbox(asked.url, asked.ca)
    for _ in management.stream(_frames(ids(asked.warm, "Extra"))):
        pass
    fates: Counter[str] = Counter()
    started = last = time.perf_counter()
    for posted in management.stream(_frames(ids(asked.readers))):
        fates[posted.fate] += 1
        if posted.fate == "delivered":
            last = time.perf_counter()
    whole = time.perf_counter()
    print(json.dumps({**fates, "last": last - started, "whole": whole - started}))


def _frames(connection_ids: Iterator[str]) -> Iterator[tuple[str, str]]:
    return ((connection_id, FRAME) for connection_id in connection_ids)


if __name__ == "__main__":
    main()
