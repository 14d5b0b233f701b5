"""Which of many sockets are ready."""

from __future__ import annotations

import select
import sys
from collections.abc import Sequence
from typing import Protocol

READ, WRITE = 1, 4


class Poller(Protocol):
    """Watches file descriptors, each for READ or for WRITE. Forgets by itself those that are closed."""

    def register(self, fd: int, interest: int) -> None:
        """Watch a descriptor from now on."""

    def modify(self, fd: int, interest: int) -> None:
        """Watch a descriptor for something else."""

    def unregister(self, fd: int) -> None:
        """Watch a descriptor no longer. Must come before it is closed."""

    def poll(self, timeout: float) -> Sequence[tuple[int, int]]:
        """Wait so many seconds at most; return what is ready as (descriptor, anything)."""

    def close(self) -> None:
        """Give back what it holds."""


class _Poll:
    """For machines without epoll, which Lambda's have: select.poll, whose timeouts are in ms."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def poll(self, timeout: float) -> Sequence[tuple[int, int]]:
        # Rounded up: a loop that wakes too early turns once more for nothing.
        return self._poll.poll(-(-timeout * 1000 // 1))

    def close(self) -> None:
        """Holds nothing."""


def new_poller() -> Poller:
    """The fastest of this machine. The selectors module costs an object and 1 µs more for every event."""
    # READ and WRITE are what epoll and poll call them: EPOLLIN, POLLIN; EPOLLOUT, POLLOUT.
    return select.epoll() if sys.platform == "linux" else plain_poller()


def plain_poller() -> Poller:
    """One that every machine has."""
    return _Poll()


def readable(fd: int) -> bool:
    """Whether there is something to read, an end of stream and an error included. Does not wait."""
    poll = select.poll()
    poll.register(fd, READ)
    return bool(poll.poll(0))
