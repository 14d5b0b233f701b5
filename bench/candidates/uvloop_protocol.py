"""asyncio on uvloop: 64 connections, each a bare protocol that sends the next request when its answer is there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.candidates.signing import Signing
from bench.candidates.task import WIDTH, Post, Task, measure
from realtime.aws.http1 import ResponseParser

_TIMEOUT_SECONDS = 3.0


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing
        self._parser = ResponseParser()
        self._waiting: Iterator[str] = iter(())
        self._finished: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no asyncio.Transport by descent.
        self._transport = cast(asyncio.Transport, transport)

    def post(self, waiting: Iterator[str]) -> asyncio.Future[int]:
        """Take from `waiting` until nothing is left; the future says how many did not get it."""
        self._waiting, self._errors = waiting, 0
        self._finished = asyncio.get_running_loop().create_future()
        self._next()
        return self._finished

    def data_received(self, data: bytes) -> None:
        response = self._parser.feed(data)
        if response is not None:
            self._errors += response.status != 200
            self._next()

    def connection_lost(self, failure: Exception | None) -> None:
        if self._finished is not None and not self._finished.done():
            self._finished.set_exception(failure or ConnectionResetError())

    def _next(self) -> None:
        assert self._transport is not None and self._finished is not None
        if self._deadline is not None:
            self._deadline.cancel()
        connection_id = next(self._waiting, None)
        if connection_id is None:
            self._finished.set_result(self._errors)
            return
        self._deadline = asyncio.get_running_loop().call_later(_TIMEOUT_SECONDS, self._transport.abort)
        self._transport.write(self._signing.request(connection_id))


def prepare(task: Task) -> Post:
    loop, signing = uvloop.new_event_loop(), Signing(task)
    connections = loop.run_until_complete(_open(task, signing))

    def post(connection_ids: Iterable[str]) -> int:
        errors: int = loop.run_until_complete(_post(connections, iter(connection_ids)))
        return errors

    return post


async def _open(task: Task, signing: Signing) -> list[Connection]:
    tls = ssl.create_default_context(cafile=task.ca)
    parts = urlsplit(task.url)
    assert parts.hostname and parts.port
    host, port = parts.hostname, parts.port
    loop = asyncio.get_running_loop()
    made = [loop.create_connection(lambda: Connection(signing), host, port, ssl=tls) for _ in range(WIDTH)]
    return [connection for _, connection in await asyncio.gather(*made)]


async def _post(connections: list[Connection], waiting: Iterator[str]) -> int:
    return sum(await asyncio.gather(*(connection.post(waiting) for connection in connections)))


if __name__ == "__main__":
    measure(prepare)
