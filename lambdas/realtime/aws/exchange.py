"""What a run keeps in mind of each request on its way, and what it is given to work with."""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol

from .connection import Connection
from .intake import JobT


class RunLimits(NamedTuple):
    """How many exchanges: `window` of those that are not slow, `max_open` in all. `timeout` in seconds for each.

    `ends_at` is when the run ends, in seconds of the clock.
    """

    window: int
    max_open: int
    timeout: float
    ends_at: float


class ConnectionPool(Protocol):
    """Where a run's connections come from and go to."""

    def idle(self) -> Connection | None:
        """One that is kept alive, and looks it."""

    def open(self) -> Connection:
        """A new one that is being opened. Raises OSError."""

    def keep(self, connection: Connection) -> None:
        """Take back one that can serve again."""


class Exchange(Generic[JobT]):
    """A connection and the job whose request is on its way over it since `began` (s).

    `again`: the job has met a stale connection before this one. Made once for each connection: it is used for many.
    """

    __slots__ = ("again", "began", "connection", "fd", "job")

    def __init__(self, connection: Connection, job: JobT) -> None:
        self.connection = connection
        self.fd = connection.fd
        self.job = job
        self.began = 0.0
        self.again = False
