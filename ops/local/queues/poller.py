"""One mapping at work: takes batches from its queue, invokes the function, deletes what succeeded.

Source: Lambda developer guide, "Using Lambda with Amazon SQS" and "How Lambda handles errors for SQS event sources".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ops.local.faults import Faults
from ops.local.functions import FunctionNotFound, Invocation, TooManyRequests
from ops.local.queues import store
from ops.local.queues.records import done, sqs_event
from ops.local.queues.store import Message, QueueMapping, Taken

logger = logging.getLogger(__name__)

T = TypeVar("T")

Invoke = Callable[[str, bytes], Awaitable[Invocation]]
"""Runs a function: its ARN, the payload. Raises FunctionNotFound, TooManyRequests."""


class MotoThread(Protocol):
    """The thread in which moto is called: `ops.local.moto_app.MotoApp`."""

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call `function` there and return what it returns."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds: between looks at what is deployed, and before a throttled batch is tried again, doubled each time."""

    look: float = 1.0
    backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What pollers share: whom they call, and the batches in progress."""

    invoke: Invoke
    moto: MotoThread
    faults: Faults
    settings: Settings
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in the background until it is done or cancelled."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


class Poller:
    """Runs until it is stopped. It sleeps until it is woken, or a message is known to become visible."""

    def __init__(self, mapping: QueueMapping, work: Work) -> None:
        self.mapping = mapping
        self._work = work
        self._woken = asyncio.Event()
        self._free = asyncio.Semaphore(mapping.concurrency)
        self._task = work.spawn(self._run())

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    def stop(self) -> None:
        """Take no more; batches in progress go on."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._free.acquire()
            taken = await self._take(self.mapping.batch_size)
            while not taken.messages:
                await self._sleep(taken.due)
                taken = await self._take(self.mapping.batch_size)
            messages = await self._fill(taken)
            batch = self._work.spawn(self._batch(messages, taken.visibility))
            batch.add_done_callback(self._release)

    def _release(self, _: asyncio.Task[None]) -> None:
        """A batch has ended: there is room for another, and in a FIFO queue its groups are free."""
        self._free.release()
        self._woken.set()

    async def _take(self, count: int) -> Taken:
        # Before the look: what comes during it wakes us again.
        self._woken.clear()
        try:
            return await self._work.moto.run(store.take, self.mapping.queue, count)
        except Exception:
            # A queue that moto cannot read must not end the poller of it for good.
            logger.exception("queue could not be read: %s", self.mapping.queue)
            return Taken(due=time.time() + self._work.settings.look)

    async def _sleep(self, until: float | None) -> None:
        timeout = None if until is None else max(0.0, until - time.time())
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _fill(self, first: Taken) -> list[Message]:
        """Gather more messages until the batch is full or its window has passed."""
        messages = list(first.messages)
        end = time.time() + self.mapping.window
        while len(messages) < self.mapping.batch_size and time.time() < end:
            more = await self._take(self.mapping.batch_size - len(messages))
            messages += more.messages
            if not more.messages:
                await self._sleep(end if more.due is None else min(end, more.due))
        return messages

    async def _batch(self, messages: list[Message], visibility: float) -> None:
        # A standard queue hands a message over at least once.
        again = [message for message in messages if self._work.faults.strike("duplicate-queue", self.mapping.name)]
        await asyncio.gather(*(self._process(some, visibility) for some in (messages, again) if some))

    async def _process(self, messages: Sequence[Message], visibility: float) -> None:
        """Invoke once, and delete what succeeded; the rest is visible again when its timeout has passed."""
        try:
            invocation = await self._invoke(sqs_event(self.mapping.queue, messages), visibility)
        except (FunctionNotFound, TooManyRequests, OSError) as error:
            logger.warning("batch not run: %s %s %r", self.mapping.queue, self.mapping.function, error)
            return
        finished = [] if invocation.error else done(messages, invocation.payload, partial=self.mapping.partial)
        if len(finished) < len(messages):
            logger.warning(
                "%d of %d messages stay in %s", len(messages) - len(finished), len(messages), self.mapping.name
            )
        await self._work.moto.run(store.delete, self.mapping.queue, [one.receipt_handle for one in finished])

    async def _invoke(self, event: bytes, visibility: float) -> Invocation:
        """Invoke, again and again where it is throttled, for as long as the messages are ours."""
        end, pause = time.time() + visibility, self._work.settings.backoff
        while True:
            try:
                return await self._work.invoke(self.mapping.function, event)
            except TooManyRequests:
                if time.time() + pause >= end:
                    raise
            await asyncio.sleep(pause)
            pause *= 2
