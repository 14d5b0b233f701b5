"""boto3 in 64 threads that share a client."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from bench.candidates.boto3_loop import client, fails
from bench.candidates.task import WIDTH, Post, Task, measure


def prepare(task: Task) -> Post:
    management = client(task, connections=WIDTH)
    pool = ThreadPoolExecutor(WIDTH)

    def post(connection_ids: Iterable[str]) -> int:
        return sum(pool.map(lambda connection_id: fails(management, connection_id), connection_ids))

    return post


if __name__ == "__main__":
    measure(prepare)
