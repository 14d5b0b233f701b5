"""Lambda: when an invocation starts, that a failed one is tried again, and what is billed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ops.simulation.assumptions import MB_OF_A_CORE, Assumptions
from ops.simulation.timeline import OutOfTime, Timeline
from realtime.domain.errors import ServiceError

# "Error handling for asynchronous invocations" in the Lambda guide: a minute, then two.
_RETRY_SECONDS = (60.0, 120.0)

Job = Mapping[str, Any]


@dataclass(slots=True)
class FunctionRun:
    """One run. `published_at` in seconds; `heard` are the seconds from then to each delivery."""

    core: float
    ends_at: float
    published_at: float
    heard: list[float] = field(default_factory=list)

    def delivered(self, at: float) -> None:
        """One more reader has the event."""
        self.heard.append(at - self.published_at)


Work = Callable[[Job, FunctionRun], None]


class _Event(NamedTuple):
    """An asynchronous invocation: what is to be done, since when (s), how often it was tried."""

    job: Job
    since: float
    tried: int = 0


class Functions:
    """`deliver`, and how much the account lets run of it. `work` does one job. `lost` were given up by Lambda."""

    def __init__(self, assumptions: Assumptions, timeline: Timeline, work: Work) -> None:
        self._assumptions, self._timeline, self._work = assumptions, timeline, work
        self._warm = assumptions.warm
        self._running = 0
        self._waiting: deque[_Event] = deque()
        self.invocations = 0
        self.retried = 0
        self.lost = 0
        self.held_back = 0
        self.gb_seconds = 0.0
        self.runs: list[tuple[Job, FunctionRun]] = []

    def publish(self, at: float, work: Callable[[FunctionRun], None]) -> None:
        """Run what publishes, in a function of its own that is warm."""
        memory = self._assumptions.publisher_memory_mb

        def run() -> None:
            this = self._begin({}, memory, at, _never)
            work(this)
            self._bill(at, memory)

        self._timeline.begin(at, run)

    def start(self, job: Job) -> None:
        """Invoke `deliver` asynchronously."""
        self._submit(_Event(job, self._timeline.now), 0.0)

    def _submit(self, event: _Event, after: float) -> None:
        at = self._timeline.now + after + self._assumptions.async_start_ms / 1000
        self._timeline.begin(at, lambda: self._arrive(event))

    def _arrive(self, event: _Event) -> None:
        if self._running >= self._assumptions.concurrency:
            # Lambda asks again, ever later; it is taken for the first chance here.
            self.held_back += 1
            self._waiting.append(event)
        elif self._timeline.now - event.since > self._assumptions.event_age_seconds:
            self.lost += 1
            self._go_on()
        else:
            self._run(event)
            self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            waiting = self._waiting.popleft()
            self._timeline.begin(self._timeline.now, lambda: self._arrive(waiting))

    def _run(self, event: _Event) -> None:
        self._running += 1
        billed_from = self._timeline.now
        if self._warm:
            self._warm -= 1
        else:
            self._timeline.advance(self._assumptions.cold_start_ms / 1000)
        run = self._begin(event.job, self._assumptions.memory_mb, event.job["publishedAt"] / 1000, self._limited)
        try:
            self._work(event.job, run)
        except (ServiceError, OutOfTime):
            self._try_again(event)
        finally:
            self._running -= 1
            self._warm += 1
            self._bill(billed_from, self._assumptions.memory_mb)

    def _limited(self, ends_at: float) -> None:
        self._timeline.limit(ends_at)

    def _begin(self, job: Job, memory: int, published_at: float, limit: Callable[[float], None]) -> FunctionRun:
        self.invocations += 1
        ends_at = self._timeline.now + self._assumptions.timeout_seconds
        run = FunctionRun(min(1.0, memory / MB_OF_A_CORE), ends_at, published_at)
        self.runs.append((job, run))
        limit(ends_at)
        return run

    def _try_again(self, event: _Event) -> None:
        if event.tried >= self._assumptions.retries:
            self.lost += 1
            return
        self.retried += 1
        self._submit(event._replace(tried=event.tried + 1), _RETRY_SECONDS[min(event.tried, len(_RETRY_SECONDS) - 1)])

    def _bill(self, since: float, memory: int) -> None:
        self.gb_seconds += (self._timeline.now - since) * memory / 1024


def _never(ends_at: float) -> None:
    """What publishes is not ended here."""
