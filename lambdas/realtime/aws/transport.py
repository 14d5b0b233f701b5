"""Many HTTP requests in flight to one host, over kept-alive connections, in one thread.

A loop of its own rather than asyncio: a handler is synchronous, and importing asyncio alone would add more to a
cold start than all of this package (`make bench`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Protocol

from .connection import Address, Connection, Origin, Tls, resolve
from .exchange import RunLimits
from .intake import Intake, JobT
from .job import Failed, Job, Outcome
from .poller import Poller, new_poller
from .window import Run

__all__ = ["Encodes", "Failed", "Job", "Outcome", "Transport"]

# A lookup blocks, and a run opens many connections at once; API Gateway's names live for a minute.
_ADDRESSES_TTL_SECONDS = 30.0
_LOOKUP_PAUSE_SECONDS = 1.0
# How long an idle connection lasts at least: the shortest limits of usual peers are 5 s.
_RESTED_SECONDS = 1.0
# How many connections: a Lambda may have 1,024 descriptors.
MAX_OPEN = 512
_NEVER = float("inf")


class Encodes(Protocol):
    """A request that can be put into bytes."""

    def encode(self) -> bytes:
        """The request as it is sent. Asked for when there is a connection for it."""


class _Sending:
    """The job of sending one request once."""

    __slots__ = ("outcome", "request")

    def __init__(self, request: Encodes) -> None:
        self.request = request
        self.outcome: Outcome = Failed("not sent", sent=False)

    def data(self) -> bytes:
        return self.request.encode()

    def settle(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Transport:
    """Sends requests to one origin. Not for use by two threads at once; runs may be nested."""

    def __init__(
        self,
        origin: Origin,
        *,
        window: int = 64,
        max_open: int = MAX_OPEN,
        clock: Callable[[], float] = time.monotonic,
        poller: Callable[[], Poller] = new_poller,
    ) -> None:
        """At most `window` requests are in flight; those that take long do not count, up to `max_open` in all."""
        self._origin = origin
        self._window = min(window, max_open)
        self._max_open = max_open
        self._clock = clock
        self._poller = poller
        self._tls: Tls | None = None
        self._idle: list[Connection] = []
        self._addresses: deque[Address] = deque()
        self._resolved_at = float("-inf")

    def run(
        self, jobs: Iterable[JobT | float], *, timeout: float, within: float | None = None
    ) -> Generator[JobT, None, None]:
        """Send the jobs' requests; yield each job when it is finished.

        Jobs are taken as places get free. A number among them: none is taken for so many seconds, and what is in
        flight goes on. `timeout` (seconds) runs for each request from the moment it gets a connection: a slow peer
        costs its place, not the run. `within` (seconds) ends the run: nothing is begun after it, nothing waited for,
        and whatever a job answers to that. A request whose kept-alive connection turns out to be stale
        (`Connection.stale`) is sent again, once, over a new one. To close the generator ends what is in flight.
        """
        ends_at = _NEVER if within is None else self._clock() + within
        limits = RunLimits(self._window, self._max_open, timeout, ends_at)
        return Run(self, Intake(jobs, self._clock), limits, self._clock, self._poller).jobs()

    def send(self, requests: Sequence[Encodes], *, timeout: float, within: float | None = None) -> list[Outcome]:
        """Send all, each once; return what became of them, in the same order. `timeout`, `within` as in `run`."""
        jobs = [_Sending(request) for request in requests]
        for _ in self.run(jobs, timeout=timeout, within=within):
            pass
        return [job.outcome for job in jobs]

    def close(self) -> None:
        """Close the kept-alive connections."""
        while self._idle:
            self._idle.pop().close()

    def idle(self) -> Connection | None:
        """A kept-alive connection that looks alive."""
        while self._idle:
            connection = self._idle.pop()
            if connection.looks_alive():
                connection.rested = self._clock() - connection.kept_at >= _RESTED_SECONDS
                return connection
            connection.close()
        return None

    def open(self) -> Connection:
        """A new connection that is being opened. Raises OSError."""
        if self._origin.tls and self._tls is None:
            self._tls = Tls(self._origin.host)
        return Connection(self._next_address(), self._tls)

    def keep(self, connection: Connection) -> None:
        """Take back a connection that can serve another request. More than the window are not needed again."""
        if len(self._idle) < self._window:
            connection.kept_at = self._clock()
            self._idle.append(connection)
        else:
            connection.close()

    def _next_address(self) -> Address:
        """The origin's addresses by turns: one that does not answer costs a share, and a second try goes elsewhere."""
        if self._clock() - self._resolved_at >= _ADDRESSES_TTL_SECONDS:
            self._look_up()
        if not self._addresses:
            raise OSError(None, "its name does not resolve")
        self._addresses.rotate(-1)
        return self._addresses[-1]

    def _look_up(self) -> None:
        """Once for many: where a lookup fails, the next is a second away, and the addresses of before go on."""
        try:
            self._addresses = deque(resolve(self._origin))
            self._resolved_at = self._clock()
        except OSError:
            self._resolved_at = self._clock() - _ADDRESSES_TTL_SECONDS + _LOOKUP_PAUSE_SECONDS
