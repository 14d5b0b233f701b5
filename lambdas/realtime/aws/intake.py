"""What a run is to send next: what is to be sent again, then what its source still has."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from .job import Job

JobT = TypeVar("JobT", bound=Job)


class Intake(Generic[JobT]):
    """Times are in seconds of the run's `clock`."""

    def __init__(self, source: Iterable[JobT | float], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._source: Iterator[JobT | float] | None = iter(source)
        # What is to be sent again: at once, and at its time. The number keeps the order of those with the same time.
        self._at_once: deque[JobT] = deque()
        self._later: list[tuple[float, int, JobT]] = []
        self._numbers = itertools.count()
        self._resume_at = float("-inf")

    def __bool__(self) -> bool:
        """Whether there may be something to come."""
        return bool(self._source is not None or self._at_once or self._later)

    def take(self, now: float) -> JobT | None:
        """The next job that may be begun now, if there is one."""
        if self._at_once:
            return self._at_once.popleft()
        if self._later and self._later[0][0] <= now:
            return heapq.heappop(self._later)[2]
        if self._source is None or now < self._resume_at:
            return None
        for item in self._source:
            if not isinstance(item, (int, float)):
                return item
            # Not `now`: to ask the source may have taken a while.
            self._resume_at = self._clock() + item
            return None
        self._source = None
        return None

    def put_back(self, job: JobT) -> None:
        """Give this one out before all others: one that could not be begun, or a lane's next frame."""
        self._at_once.appendleft(job)

    def put_off(self, job: JobT, until: float) -> None:
        """Give this one out again when it is time."""
        heapq.heappush(self._later, (until, next(self._numbers), job))

    def next_at(self) -> float:
        """When something more may be had, if nothing was to be had at the last look; infinity if that is not known."""
        if self._at_once:
            # Somebody is waiting for a place or a connection. Nothing else would have one either.
            return float("inf")
        at = self._later[0][0] if self._later else float("inf")
        return at if self._source is None else min(at, self._resume_at)

    def rest(self) -> Iterator[JobT]:
        """All that is left, whatever its time."""
        yield from self._at_once
        yield from (job for _, _, job in sorted(self._later))
        for item in self._source or ():
            if not isinstance(item, (int, float)):
                yield item
