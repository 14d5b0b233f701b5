"""Many HTTP requests in flight to one host, over kept-alive connections, in one thread.

A selector loop rather than asyncio: a handler is synchronous, and importing asyncio alone would add more to a
cold start than all of this package (`make bench`).
"""

from __future__ import annotations

import selectors
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .connection import Address, Broken, Connection, Origin, resolve
from .http1 import Request, Response

# A lookup blocks, and a batch opens many connections at once; API Gateway's names live for a minute.
_ADDRESSES_TTL_SECONDS = 30.0
_TIMED_OUT = "timed out"


class Failed(NamedTuple):
    """No answer: `reason` says why. `sent` tells whether the peer may have acted on the request."""

    reason: str
    sent: bool


Outcome = Response | Failed


class _Exchange:
    """One request under way and its place in the batch."""

    def __init__(self, index: int, data: bytes) -> None:
        self.index = index
        self.data = data
        self.deadline = 0.0


class Transport:
    """Sends batches of requests to one origin. Not for use by two threads at once."""

    def __init__(
        self,
        origin: Origin,
        *,
        max_connections: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = origin
        self._max_connections = max_connections
        self._clock = clock
        self._tls: ssl.SSLContext | None = None
        self._idle: list[Connection] = []
        self._addresses: deque[Address] = deque()
        self._resolved_at = float("-inf")

    def send(self, requests: Sequence[Request], *, timeout: float, within: float | None = None) -> list[Outcome]:
        """Send all, at most `max_connections` in flight; return what became of each, in the same order.

        `timeout` (seconds) runs for each request from the moment it gets a connection: a slow peer costs its slot, not
        the batch. `within` (seconds) ends the batch: nothing is begun after it, and nothing waited for. Where the peer
        closed a kept-alive connection before it answered a byte, the request is sent again, once, over a new one.
        """
        ends_at = float("inf") if within is None else self.now() + within
        run = _Run(self, [request.encode() for request in requests], timeout, ends_at)
        try:
            return run.finish()
        finally:
            run.close()

    def close(self) -> None:
        """Close the kept-alive connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def now(self) -> float:
        """The transport's clock, in seconds."""
        return self._clock()

    @property
    def max_connections(self) -> int:
        """How many requests can be in flight."""
        return self._max_connections

    def borrow(self) -> Connection:
        """A kept-alive connection that looks alive, or a new one that is being opened. Raises OSError."""
        while self._idle:
            connection = self._idle.pop()
            if connection.looks_alive():
                return connection
            connection.close()
        return self.open()

    def open(self) -> Connection:
        """A new connection that is being opened. Raises OSError."""
        if self._origin.tls and self._tls is None:
            self._tls = ssl.create_default_context()
        return Connection(self._origin, self._next_address(), self._tls)

    def _next_address(self) -> Address:
        """The origin's addresses by turns: one that does not answer costs a share, and a second try goes elsewhere."""
        if self.now() - self._resolved_at >= _ADDRESSES_TTL_SECONDS:
            self._addresses = deque(resolve(self._origin))
            self._resolved_at = self.now()
        self._addresses.rotate(-1)
        return self._addresses[-1]

    def keep(self, connection: Connection) -> None:
        """Take back a connection that can serve another request."""
        self._idle.append(connection)


class _Run:
    """One batch."""

    def __init__(self, transport: Transport, requests: Sequence[bytes], timeout: float, ends_at: float) -> None:
        self._transport = transport
        self._timeout = timeout
        self._ends_at = ends_at
        self._waiting = deque(_Exchange(index, data) for index, data in enumerate(requests))
        self._active: dict[Connection, _Exchange] = {}
        self._outcomes: list[Outcome | None] = [None] * len(requests)
        self._selector = selectors.DefaultSelector()

    def finish(self) -> list[Outcome]:
        while self._waiting or self._active:
            while self._waiting and len(self._active) < self._transport.max_connections:
                self._start(self._waiting.popleft(), self._transport.borrow)
            if self._active:
                self._step()
        return [outcome or Failed("not sent", sent=False) for outcome in self._outcomes]

    def close(self) -> None:
        for connection in list(self._active):
            self._drop(connection)
        self._selector.close()

    def _start(self, exchange: _Exchange, acquire: Callable[[], Connection]) -> None:
        now = self._transport.now()
        exchange.deadline = min(now + self._timeout, self._ends_at)
        if now >= self._ends_at:
            self._outcomes[exchange.index] = Failed(_TIMED_OUT, sent=False)
            return
        try:
            connection = acquire()
        except OSError as failure:
            self._outcomes[exchange.index] = Failed(_reason(failure), sent=False)
            return
        self._active[connection] = exchange
        connection.begin(exchange.data)
        self._selector.register(connection.fileno(), connection.interest(), connection)
        self._advance(connection)

    def _step(self) -> None:
        nearest = min(exchange.deadline for exchange in self._active.values())
        for key, _ in self._selector.select(max(0.0, nearest - self._transport.now())):
            self._advance(key.data)
        now = self._transport.now()
        for connection in [c for c, exchange in self._active.items() if exchange.deadline <= now]:
            exchange = self._drop(connection)
            self._outcomes[exchange.index] = Failed(_TIMED_OUT, sent=connection.sent)

    def _advance(self, connection: Connection) -> None:
        try:
            response = connection.advance()
        except Broken as failure:
            self._replace(connection, failure)
            return
        if response is None:
            self._selector.modify(connection.fileno(), connection.interest(), connection)
            return
        exchange = self._active.pop(connection)
        self._selector.unregister(connection.fileno())
        self._outcomes[exchange.index] = response
        if response.headers.get("connection", "").lower() == "close":
            connection.close()
        else:
            self._transport.keep(connection)

    def _replace(self, connection: Connection, failure: Broken) -> None:
        exchange = self._drop(connection)
        if connection.stale:
            # Once at most: a new connection is never stale.
            self._start(exchange, self._transport.open)
        else:
            self._outcomes[exchange.index] = Failed(str(failure), sent=connection.sent)

    def _drop(self, connection: Connection) -> _Exchange:
        exchange = self._active.pop(connection)
        self._selector.unregister(connection.fileno())
        connection.close()
        return exchange


def _reason(failure: OSError) -> str:
    return failure.strerror or type(failure).__name__
