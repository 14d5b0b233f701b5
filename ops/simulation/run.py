"""Publish to one large channel in virtual time, and tell what came of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from ops.simulation import ids, tables
from ops.simulation.assumptions import Assumptions
from ops.simulation.functions import FunctionRun, Functions, Job
from ops.simulation.gateway import Gateway, SimulatedOutbox
from ops.simulation.outcome import Outcome, gather
from ops.simulation.timeline import Timeline
from realtime.domain.connections import Channel
from realtime.ports import Ports, Sharing, Tables
from realtime.usecases.publish import event_of_pusher, publish
from realtime.usecases.share import deliver_share
from realtime.usecases.sharing import share_of

_CHANNEL = Channel("1", "large")


def simulate(readers: int, assumptions: Assumptions) -> Outcome:
    """Publish to a channel of so many readers."""
    world = _World(readers, assumptions)
    for number in range(assumptions.publishes):
        world.functions.publish(number / assumptions.publish_rate, world.publish)
    world.timeline.run()
    return world.outcome(readers)


# What is around the data in a frame of this channel, about.
_ENVELOPE_BYTES = 60


class _Telemetry:
    """Counts, of all runs."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, metric: str, value: int = 1) -> None:
        self.counts[metric] += value

    def error(self, code: str) -> None:
        pass

    def log(self, level: str, message: str, **fields: object) -> None:
        pass


class _Clock:
    """Ms since the first publish."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def now(self) -> int:
        return int(self._timeline.now * 1000)

    def sleep(self, seconds: float) -> None:
        self._timeline.advance(seconds)


class _Invoker:
    """Starts `deliver`."""

    def __init__(self, world: _World) -> None:
        self._world = world

    def welcome(self, connection_id: str) -> None:
        """Nobody connects."""

    def start(self, jobs: Sequence[Job]) -> None:
        world = self._world
        world.database.calls["lambda:Invoke"] += len(jobs)
        world.timeline.advance(world.assumptions.invoke_ms / 1000)
        for job in jobs:
            world.functions.start(job)


class _World:
    """One channel, and all that it takes to publish to it."""

    def __init__(self, readers: int, assumptions: Assumptions) -> None:
        self.assumptions = assumptions
        self.timeline = Timeline()
        self.telemetry = _Telemetry()
        dice = random.Random(assumptions.seed)  # noqa: S311 - dice, not keys
        self.gateway = Gateway(assumptions, dice)
        self.database = tables.Database(assumptions, ids.draw(readers, assumptions.ids, assumptions.seed), dice)
        self.functions = Functions(assumptions, self.timeline, self._deliver)
        self._new_id = tables.numbers()
        self._answered: list[float] = []
        data = "x" * max(0, assumptions.frame_bytes - _ENVELOPE_BYTES)
        self._event = event_of_pusher(_CHANNEL, "simulated", data)

    def publish(self, run: FunctionRun) -> None:
        """What the publishing function does."""
        publish(self._event, self._ports(run))
        self._answered.append(self.timeline.now - run.published_at)

    def _deliver(self, job: Job, run: FunctionRun) -> None:
        deliver_share(share_of(job), self._ports(run), lambda: int((run.ends_at - self.timeline.now) * 1000))

    def _ports(self, run: FunctionRun) -> Ports:
        client = tables.Client(self.database, self.timeline, run)
        sharing = Sharing(
            invoker=_Invoker(self),
            shares=tables.SimulatedShares(client),
            quota=tables.SimulatedQuota(client),
            buffers=cast(Any, None),
            new_id=self._new_id,
        )
        # What is None is not used: nobody is gone, and nobody lets events wait.
        nothing = cast(Any, None)
        connections = cast(Any, tables.SimulatedConnections(client, _CHANNEL))
        subscriptions = cast(Any, tables.SimulatedSubscriptions(client))
        return Ports(
            tables=Tables(connections, subscriptions, nothing, nothing, nothing),
            outbox=SimulatedOutbox(self.gateway, self.assumptions, self.timeline, run),
            apps=nothing,
            tasks=nothing,
            clock=_Clock(self.timeline),
            telemetry=self.telemetry,
            sharing=lambda: sharing,
            limits=self.assumptions.limits(),
        )

    def outcome(self, readers: int) -> Outcome:
        """What came of it."""
        return gather(
            readers,
            self.assumptions,
            (self.functions, self.gateway, self.database),
            self.telemetry.counts,
            max(self._answered),
        )
