"""How many invocations of one function are in flight, and who waits."""

from __future__ import annotations

import asyncio
from collections import deque

from ops.local.functions.invocation import TooManyRequests


class Slots:
    """Places for invocations in flight, given first come, first served."""

    def __init__(self) -> None:
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, limit: int, patience: float) -> None:
        """Take a place, of `limit`, waiting for at most `patience` seconds.

        Whoever took one must `free` it. Raises TooManyRequests.
        """
        if self.taken < limit and not self._waiting:
            self.taken += 1
            return
        if patience <= 0 or limit <= 0:
            raise TooManyRequests
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await asyncio.wait({place}, timeout=patience)
        except asyncio.CancelledError:
            self._leave(place)
            raise
        if not place.done():
            self._leave(place)
            raise TooManyRequests

    def free(self) -> None:
        """Give a place back, to whoever waits longest."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self.taken -= 1

    def _leave(self, place: asyncio.Future[None]) -> None:
        if place.done():
            self.free()
        else:
            self._waiting.remove(place)
