"""Events (InvocationType=Event): accepted at once, run later, retried, given up in the end.

Semantics: "How Lambda handles errors and retries with asynchronous invocation" in the Lambda
guide. Two retries of function errors; what was throttled goes back for as long as the event lives.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ops.local.faults import Faults
from ops.local.functions import deployed, destinations
from ops.local.functions.clock import Clock
from ops.local.functions.destinations import Failure
from ops.local.functions.invocation import FunctionNotFound, Invocation, TooManyRequests
from ops.local.functions.settings import Settings

logger = logging.getLogger(__name__)

Run = Callable[[str, bytes, str], Awaitable[Invocation]]
"""Runs a function: its ARN, the payload, the request id. Raises as Functions.invoke does."""


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event; `accepted` is when, in seconds since 1970."""

    request_id: str
    arn: str
    payload: bytes
    accepted: float


@dataclass(frozen=True, slots=True)
class Attempts:
    """How far an event has come: runs that ended in an error, throttles since the last run."""

    runs: int = 0
    throttles: int = 0
    last: Invocation | None = None


class Asynchronous:
    """The queue of events. Each has a task; the function's concurrency holds them back."""

    def __init__(self, run: Run, faults: Faults, settings: Settings, clock: Clock) -> None:
        self._run = run
        self._faults = faults
        self._settings = settings
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._waits: dict[asyncio.Task[None], str] = {}

    def submit(self, name: str, payload: bytes) -> str:
        """Accept an event; return its request id. Raises FunctionNotFound."""
        target = deployed.find(name)
        event = Event(str(uuid.uuid4()), target.arn, payload, self._clock.now())
        self._start(event)
        # Lambda's queue is eventually consistent: it may hand out an event more than once.
        if self._faults.strike("duplicate-async", target.function.name):
            self._start(event)
        return event.request_id

    def hurry(self, match: str) -> int:
        """Try again now what waits to be, of the functions whose ARN has `match` in it; return how many events."""
        return sum(wait.cancel() for wait, arn in self._waits.items() if match in arn)

    async def close(self) -> None:
        """Drop what has not run yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, event: Event) -> None:
        task = asyncio.create_task(self._see_through(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, event: Event) -> None:
        attempts = Attempts()
        try:
            while (condition := self._given_up(event, attempts)) is None:
                attempts = await self._attempt(event, attempts)
                if attempts.last and attempts.last.error is None:
                    return
                if not self._exhausted(event, attempts):
                    await self._wait(event, self._delay(attempts))
            await self._give_up(event, attempts, condition)
        except FunctionNotFound:
            logger.warning("event dropped, its function is gone: %s", event.arn)

    async def _wait(self, event: Event, seconds: float) -> None:
        wait = asyncio.create_task(self._clock.sleep(seconds))
        self._waits[wait] = event.arn
        try:
            await asyncio.wait({wait})
        finally:
            del self._waits[wait]
            wait.cancel()

    def _given_up(self, event: Event, attempts: Attempts) -> str | None:
        """Return AWS's word for why the event is not to run (again), None if it is."""
        function = deployed.find(event.arn).function
        if self._exhausted(event, attempts):
            return "RetriesExhausted"
        if self._clock.now() - event.accepted > deployed.event_policy(function).age:
            return "EventAgeExceeded"
        if function.reserved == 0 and attempts.runs == 0:
            # The guide says that it is given up at once, and not under which word.
            return "ZeroReservedConcurrency"
        return None

    def _exhausted(self, event: Event, attempts: Attempts) -> bool:
        function = deployed.find(event.arn).function
        return attempts.runs > deployed.event_policy(function).retries

    async def _attempt(self, event: Event, before: Attempts) -> Attempts:
        try:
            last = await self._run(event.arn, event.payload, event.request_id)
        except TooManyRequests:
            return Attempts(before.runs, before.throttles + 1, before.last)
        except OSError:
            # No process or port to be had: Lambda treats its own errors as it does throttles.
            logger.exception("no sandbox for %s", event.arn)
            return Attempts(before.runs, before.throttles + 1, before.last)
        return Attempts(before.runs + 1, 0, last)

    def _delay(self, attempts: Attempts) -> float:
        settings = self._settings
        if attempts.throttles:
            return min(settings.throttle_first * 2.0 ** (attempts.throttles - 1), settings.throttle_most)
        return settings.retry_delays[min(attempts.runs, len(settings.retry_delays)) - 1]

    async def _give_up(self, event: Event, attempts: Attempts, condition: str) -> None:
        target = deployed.find(event.arn)
        arn = deployed.event_policy(target.function).on_failure
        if arn is None:
            logger.warning("event dropped: %s %s %s", event.arn, event.request_id, condition)
            return
        version = target.qualifier or target.function.version
        failure = Failure(
            event.request_id,
            f"{target.function.arn}:{version}",
            event.payload,
            condition,
            attempts.runs,
            attempts.last,
        )
        try:
            await destinations.send(arn, destinations.record(failure, self._clock.now()))
        except Exception:
            # AWS counts DestinationDeliveryFailures and goes on, whatever the reason was.
            logger.exception("record not delivered: %s to %s", event.request_id, arn)
