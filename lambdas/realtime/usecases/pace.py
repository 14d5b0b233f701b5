"""How fast a run of a share may go: its requests are booked chunk by chunk, where all shares book theirs."""

from __future__ import annotations

from realtime.domain.errors import ServiceError
from realtime.ports import Ports

from .later import tell_failure

# Readers of a chunk at most: between two notes of progress, and booked at once.
CHUNK = 500
# A chunk takes so many seconds at most, however low the rate, to which the outbox keeps by itself as well: only between
# two chunks a run looks at its time and renews its lease.
_CHUNK_SECONDS = 5


class Pace:
    """What a run has booked. `left` is how many of its chunk it has yet to send."""

    def __init__(self, ports: Ports) -> None:
        self._quota = ports.sharing().quota
        self._ports = ports
        self._rate = ports.limits.requests_per_second
        self._size = max(1, min(CHUNK, self._rate * _CHUNK_SECONDS))
        self._each = 1
        self.left = 0
        # Whether API Gateway has refused requests since the last chunk began.
        self.was_throttled = False

    def book(self, now: int) -> int:
        """Book the next chunk; return the ms until it may begin. Raises ServiceError."""
        # Where the account has others that take its requests, ours are half as fast.
        each = 2 if self.was_throttled else 1
        wait = self._quota.reserve(self._size * each, self._rate, now)
        self.was_throttled = False
        self._each, self.left = each, self._size
        return wait

    def give_back(self, now: int) -> None:
        """Give back what is left: else others would wait for requests that nobody makes. Raises ServiceError."""
        left, self.left = self.left, 0
        if left:
            self._quota.reserve(-left * self._each, self._rate, now)

    def end(self) -> None:
        """Give back what is left, if that can be done."""
        try:
            self.give_back(self._ports.clock.now())
        except ServiceError as failure:
            # The others wait for some seconds at most.
            tell_failure(failure, self._ports)
