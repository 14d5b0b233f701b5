"""Time as the long waits need it: schedules, retries and idleness. A test brings its own."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time and lets it pass."""

    def now(self) -> float:
        """Return the time in seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        await asyncio.sleep(seconds)
