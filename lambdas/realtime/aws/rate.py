"""How many requests a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Bucket:
    """A token bucket: `rate` requests a second, and half of that at once after a pause."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        """`clock` is in seconds."""
        self._rate = rate
        self._most = max(1.0, rate / 2)
        self._clock = clock
        self._left = self._most
        self._at = clock()

    def reserve(self) -> float:
        """Take one token, be it one that is still to come; return the seconds until it is there."""
        now = self._clock()
        left = self._left + (now - self._at) * self._rate
        # Compared, as min and max take 0.2 µs longer: this is done for every frame.
        self._left = left = (left if left < self._most else self._most) - 1
        self._at = now
        return 0.0 if left >= 0 else -left / self._rate


def in_turn(items: Iterable[T | float], bucket: Bucket) -> Iterator[T | float]:
    """The same, with a number before each item that has to wait for the rate. Numbers take no token."""
    for item in items:
        if not isinstance(item, (int, float)) and (wait := bucket.reserve()) > 0:
            yield wait
        yield item
