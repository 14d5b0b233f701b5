"""The local Lambda service."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from pathlib import Path

from ops.local.faults import Faults
from ops.local.functions import code, deployed, schedules
from ops.local.functions.asynchronous import Asynchronous
from ops.local.functions.clock import Clock, SystemClock
from ops.local.functions.deployed import Function
from ops.local.functions.environment import Setup
from ops.local.functions.invocation import Call, Invocation
from ops.local.functions.pool import Pool
from ops.local.functions.settings import Settings
from ops.local.functions.worker import Worker

_NOT_RUN = {"workers": 0, "busy": 0, "invocations": 0, "errors": 0, "throttles": 0, "cold_starts": 0}


class Functions:
    """Runs what is deployed in this process's moto.

    `endpoint_url` is the local AWS as the functions reach it; code, runtime client and logs go
    below `workdir`, which one instance has for itself. Call `start` before anything else, and
    `close` in the end.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        workdir: Path,
        faults: Faults,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._workdir = workdir.absolute()
        self._settings = settings or Settings()
        self._clock = clock or SystemClock()
        self._pools: dict[str, Pool] = {}
        self._running: set[asyncio.Task[Invocation]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._asynchronous = Asynchronous(self._run, faults, self._settings, self._clock)
        self._setup: Setup | None = None
        self._lifeline = -1

    async def start(self) -> None:
        """Get ready, and start to look at the schedules."""
        folder = self._workdir / "functions"
        # moto starts empty: nothing that an earlier run unpacked is deployed.
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        client = await asyncio.to_thread(code.runtime_client, self._workdir / "runtime-client")
        reader, self._lifeline = os.pipe()
        self._setup = Setup(
            endpoint_url=self._endpoint_url,
            runtime_client=client,
            functions=folder,
            logs=self._workdir / "logs",
            lifeline=reader,
            init_seconds=self._settings.init_seconds,
        )
        seconds = self._settings.schedule_seconds
        self._loops = [
            asyncio.create_task(schedules.run(self.invoke_event, self._clock, seconds)),
            asyncio.create_task(self._reap()),
        ]

    async def close(self) -> None:
        """End every sandbox. Invocations in progress are lost, events that wait are dropped."""
        # From here on nothing starts any more.
        setup, self._setup = self._setup, None
        if setup is None:
            return
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._asynchronous.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._pools.clear()
        os.close(setup.lifeline)
        os.close(self._lifeline)

    async def invoke(self, name: str, payload: bytes) -> Invocation:
        """Run a function and return what came of it (InvocationType=RequestResponse).

        `name` is a name or ARN, qualified or not, or API Gateway's invoke ARN. A caller that is
        cancelled leaves the function running, as a client of AWS that hangs up does.

        Raises FunctionNotFound, TooManyRequests.
        """
        return await self._run(name, payload, str(uuid.uuid4()))

    def invoke_event(self, name: str, payload: bytes) -> str:
        """Accept an event to be run later (InvocationType=Event); return its request id.

        Raises FunctionNotFound.
        """
        return self._asynchronous.submit(name, payload)

    def status(self) -> dict[str, object]:
        """Return, for each function that is deployed or has run, its sandboxes and counts."""
        status: dict[str, object] = {name: dict(_NOT_RUN) for name in deployed.names()}
        for arn, pool in self._pools.items():
            status[arn.rpartition(":")[2]] = pool.status()
        return status

    def cool(self) -> int:
        """End the sandboxes that are idle, so that the next invocations are cold starts; return how many."""
        return sum(pool.reap(0.0) for pool in self._pools.values())

    def kill(self, match: str) -> int:
        """Kill the sandboxes that work, of the functions whose ARN has `match` in it; return how many."""
        return sum(pool.kill() for arn, pool in self._pools.items() if match in arn)

    def hurry(self, match: str) -> int:
        """Try again now the events that wait to be, of those functions; return how many."""
        return self._asynchronous.hurry(match)

    async def _run(self, name: str, payload: bytes, request_id: str) -> Invocation:
        target = deployed.find(name)
        call = Call(request_id, payload, target.arn)
        pool = self._pools.get(target.function.arn)
        if pool is None:
            pool = Pool(self._worker, self._settings, self._clock)
            self._pools[target.function.arn] = pool
        task = asyncio.create_task(pool.invoke(target.function, call))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Invocation]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Looked at here too: nobody else does when the caller was cancelled.
            task.exception()

    def _worker(self, function: Function) -> Worker:
        if self._setup is None:
            raise RuntimeError("the Lambda service is not running: call start() first")
        return Worker(function, self._setup)

    async def _reap(self) -> None:
        while True:
            await self._clock.sleep(self._settings.reap_seconds)
            there = set(deployed.names())
            for arn, pool in self._pools.items():
                gone = arn.rpartition(":")[2] not in there
                pool.reap(0.0 if gone else self._settings.idle_seconds)
