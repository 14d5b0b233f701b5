"""The product's own way: `ManagementOutbox.stream`."""

from __future__ import annotations

from collections.abc import Iterable

from bench.candidates.outbox import outbox
from bench.candidates.task import FRAME, Post, Task, measure


def prepare(task: Task) -> Post:
    management = outbox(task.url, task.ca)

    def post(connection_ids: Iterable[str]) -> int:
        frames = ((connection_id, FRAME) for connection_id in connection_ids)
        return sum(posted.fate != "delivered" for posted in management.stream(frames))

    return post


if __name__ == "__main__":
    measure(prepare)
