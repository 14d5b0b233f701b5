"""The mappings that are deployed, each with its poller."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from ops.local.faults import Faults
from ops.local.queues import store
from ops.local.queues.poller import Invoke, MotoThread, Poller, Settings, Work
from ops.local.queues.store import QueueMapping

logger = logging.getLogger(__name__)


class Mappings:
    """Serves every event source mapping of a queue that moto holds. Call `start`, and `close` in the end."""

    def __init__(self, invoke: Invoke, moto: MotoThread, faults: Faults, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._work = Work(invoke, moto, faults, self._settings)
        self._pollers: dict[QueueMapping, Poller] = {}
        self._look_now = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to look at what is deployed."""
        store.install()
        self._loop = asyncio.get_running_loop()
        store.listen(self._heard)
        self._watch = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Take nothing more, and drop the batches in progress: their messages become visible again, as on AWS."""
        store.forget(self._heard)
        tasks = {*self._work.tasks, *([self._watch] if self._watch else [])}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pollers.clear()

    def _heard(self, queue_arn: str) -> None:
        """Pass on, from whatever thread moto is called in, that a message came."""
        assert self._loop is not None
        # A loop that has just closed has nobody left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake, queue_arn)

    def _wake(self, queue_arn: str) -> None:
        pollers = [poller for mapping, poller in self._pollers.items() if mapping.queue == queue_arn]
        for poller in pollers:
            poller.wake()
        if not pollers:
            self._look_now.set()

    async def _follow(self) -> None:
        """Look at the mappings now and then, and at once when a message comes to a queue without one."""
        while True:
            self._look_now.clear()
            try:
                self._look()
            except Exception:
                # A mapping that moto holds and this cannot read must not end all the others.
                logger.exception("event source mappings could not be read")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.look):
                    await self._look_now.wait()

    def _look(self) -> None:
        """Start a poller for each mapping that is new or changed, and stop those of what is gone."""
        there = set(store.mappings())
        for mapping in self._pollers.keys() - there:
            self._pollers.pop(mapping).stop()
        for mapping in there - self._pollers.keys():
            self._pollers[mapping] = Poller(mapping, self._work)
