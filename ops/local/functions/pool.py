"""The sandboxes of one function: who runs an invocation, who starts, who is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ops.local.functions.clock import Clock
from ops.local.functions.code import InvalidZip
from ops.local.functions.concurrency import Slots
from ops.local.functions.deployed import Function
from ops.local.functions.invocation import Call, Invocation, TooManyRequests, error_object
from ops.local.functions.settings import Settings
from ops.local.functions.worker import Worker, WorkerGone


@dataclass(slots=True)
class Counts:
    """What happened since the daemon started. `init_ms` is the last sandbox's, process start
    to first request for work."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    init_ms: float | None = None


class Pool:
    """Runs the invocations of one function, each in a sandbox of the code it was called with."""

    def __init__(self, create: Callable[[Function], Worker], settings: Settings, clock: Clock) -> None:
        self.counts = Counts()
        self._create = create
        self._settings = settings
        self._clock = clock
        self._slots = Slots()
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._wanted: dict[str, Function] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def invoke(self, function: Function, call: Call) -> Invocation:
        """Run one invocation. Raises TooManyRequests."""
        self._want(function)
        await self._take_slot(function)
        try:
            invocation = await self._run(function, call)
        finally:
            self._slots.free()
        self.counts.invocations += 1
        self.counts.errors += invocation.error is not None
        return invocation

    def status(self) -> dict[str, object]:
        """Return the counts, and how many sandboxes there are and are busy."""
        return {
            "workers": len(self._workers),
            "busy": len(self._workers) - len(self._idle),
            "invocations": self.counts.invocations,
            "errors": self.counts.errors,
            "throttles": self.counts.throttles,
            "cold_starts": self.counts.cold_starts,
            "last_init_ms": self.counts.init_ms and round(self.counts.init_ms, 1),
        }

    def reap(self, idle_seconds: float) -> int:
        """End the sandboxes that had nothing to do for `idle_seconds`, and those that died; return how many."""
        now = self._clock.now()
        return self._retire(lambda worker: not worker.usable or now - worker.idle_since >= idle_seconds)

    def kill(self) -> int:
        """Kill the processes of the sandboxes that work: what runs in them fails. Return how many there were."""
        return sum(worker.kill() for worker in self._workers.difference(self._idle))

    async def close(self) -> None:
        """End every sandbox, busy or not."""
        self._idle.clear()
        for worker in list(self._workers):
            self._end(worker)
        while self._closing:
            await asyncio.gather(*self._closing)

    def _want(self, function: Function) -> None:
        """Take note of what is deployed now; what was before has no future."""
        if self._wanted.get(function.version) != function:
            self._wanted[function.version] = function
            self._retire(lambda worker: not self._is_wanted(worker))

    def _is_wanted(self, worker: Worker) -> bool:
        return self._wanted.get(worker.function.version) == worker.function

    async def _take_slot(self, function: Function) -> None:
        reserved = function.reserved
        limit = self._settings.concurrency if reserved is None else reserved
        patience = self._settings.patience if reserved is None else 0.0
        try:
            await self._slots.take(limit, patience)
        except TooManyRequests:
            self.counts.throttles += 1
            raise

    async def _run(self, function: Function, call: Call) -> Invocation:
        while True:
            try:
                worker = self._warm(function) or await self._cold(function)
            except InvalidZip as error:
                payload = error_object("InvalidZipFileException", str(error), call.request_id)
                return Invocation(call.request_id, payload, "Unhandled", function.version)
            try:
                invocation = await worker.run(call)
            except WorkerGone:
                self._end(worker)
                continue
            except BaseException:
                # In an unknown state: it must not get another invocation.
                self._end(worker)
                raise
            self.counts.init_ms = worker.init_ms or self.counts.init_ms
            self._put_back(worker)
            return invocation

    def _warm(self, function: Function) -> Worker | None:
        """Take the sandbox used last, as AWS does: the others can then be reaped."""
        self._retire(lambda worker: not worker.usable)
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position].function == function:
                return self._idle.pop(position)
        return None

    async def _cold(self, function: Function) -> Worker:
        worker = self._create(function)
        self._workers.add(worker)
        try:
            await worker.start()
        except BaseException:
            self._end(worker)
            raise
        self.counts.cold_starts += 1
        return worker

    def _put_back(self, worker: Worker) -> None:
        if worker.usable and self._is_wanted(worker):
            worker.idle_since = self._clock.now()
            self._idle.append(worker)
        else:
            self._end(worker)

    def _retire(self, condition: Callable[[Worker], bool]) -> int:
        retired = [worker for worker in self._idle if condition(worker)]
        for worker in retired:
            self._idle.remove(worker)
            self._end(worker)
        return len(retired)

    def _end(self, worker: Worker) -> None:
        """End a sandbox in the background: nobody's answer waits for it."""
        self._workers.discard(worker)
        task = asyncio.create_task(worker.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
