"""aiobotocore: 64 tasks that take connections from one iterator and share a client."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Iterable, Iterator
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from bench.candidates.task import FRAME, STAGE, WIDTH, Post, Task, measure


def prepare(task: Task) -> Post:
    loop = asyncio.new_event_loop()
    session = get_session()
    config = AioConfig(max_pool_connections=WIDTH)
    created = session.create_client(
        "apigatewaymanagementapi", endpoint_url=f"{task.url}{STAGE}", verify=task.ca, config=config
    )
    management = loop.run_until_complete(created.__aenter__())
    atexit.register(lambda: loop.run_until_complete(created.__aexit__(None, None, None)))

    def post(connection_ids: Iterable[str]) -> int:
        return loop.run_until_complete(_post_all(management, iter(connection_ids)))

    return post


async def _post_all(management: Any, connection_ids: Iterator[str]) -> int:
    return sum(await asyncio.gather(*(_post_some(management, connection_ids) for _ in range(WIDTH))))


async def _post_some(management: Any, connection_ids: Iterator[str]) -> int:
    errors = 0
    for connection_id in connection_ids:
        try:
            await management.post_to_connection(ConnectionId=connection_id, Data=FRAME.encode())
        except (BotoCoreError, ClientError):
            errors += 1
    return errors


if __name__ == "__main__":
    measure(prepare)
