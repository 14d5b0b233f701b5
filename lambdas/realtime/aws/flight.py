"""What a run has in flight, and how long it may be."""

from __future__ import annotations

from typing import Generic

from .exchange import Exchange, RunLimits
from .intake import JobT


class InFlight(Generic[JobT]):
    """Exchanges by descriptor: `fast` those that count in the window, `slow` those that have taken too long for that.

    Both are in the order in which they began, as dicts are: the first has the next deadline, as the timeout is the same
    for all.
    """

    def __init__(self, limits: RunLimits, slow_after: float) -> None:
        """After `slow_after` seconds an exchange is slow."""
        self.fast: dict[int, Exchange[JobT]] = {}
        self.slow: dict[int, Exchange[JobT]] = {}
        self._window, self._max_open, self._timeout, _ = limits
        self._slow_after = min(slow_after, limits.timeout)

    def __bool__(self) -> bool:
        return bool(self.fast or self.slow)

    def room(self) -> int:
        """How many more there may be."""
        return min(self._window, self._max_open - len(self.slow)) - len(self.fast)

    def is_half_full(self) -> bool:
        """Whether at least half of the window is in use."""
        return 2 * len(self.fast) >= self._window

    def all(self) -> list[Exchange[JobT]]:
        """Each of them."""
        return [*self.fast.values(), *self.slow.values()]

    def remove(self, exchange: Exchange[JobT]) -> None:
        """It is over."""
        if self.fast.pop(exchange.fd, None) is None:
            del self.slow[exchange.fd]

    def next_at(self) -> float:
        """When the next one becomes slow or is out of time; infinity without any."""
        next_at = float("inf")
        for exchange in self.fast.values():
            next_at = exchange.began + self._slow_after
            break
        for exchange in self.slow.values():
            next_at = min(next_at, exchange.began + self._timeout)
            break
        return next_at

    def age(self, now: float) -> list[Exchange[JobT]]:
        """Let those that have become slow out of the window; return these."""
        aged = []
        while self.fast:
            fd, exchange = next(iter(self.fast.items()))
            if now - exchange.began < self._slow_after:
                break
            self.slow[fd] = self.fast.pop(fd)
            aged.append(exchange)
        return aged

    def late(self, now: float) -> list[Exchange[JobT]]:
        """Those that have had their time."""
        late = []
        for exchange in self.slow.values():
            if now - exchange.began < self._timeout:
                break
            late.append(exchange)
        return late

    def clear(self) -> None:
        """Forget all."""
        self.fast.clear()
        self.slow.clear()
