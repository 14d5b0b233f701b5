"""A channel with many readers, and Lambda: invocations that fail, die, run out of time or come twice."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

from realtime.domain.connections import Channel, Connection, Reader
from realtime.domain.errors import ServiceError
from realtime.domain.ranges import EVERY, Range
from realtime.ports import Limits, Posted
from realtime.usecases.coalescing import flush
from realtime.usecases.parcel import Event, Parcel
from realtime.usecases.share import deliver_share
from realtime.usecases.sharing import Share, share_of
from tests.fakes import NOW, FakeOutbox, FakeSubscriptions, World, connection
from tests.fakes.sharing import FakeQuota

from .scenes import pusher

HALL = Channel("1", "hall")
EVENT = Event(HALL, "e", "1")
FAILURE = ServiceError("Query", "down")
# What a Lambda has at its beginning, in ms, and when Lambda tries again an event that failed: after so many ms each.
MINUTES = 300_000
RETRIES = (60_000, 120_000)


class Died(BaseException):
    """The end of an invocation in which none of its code runs."""


class Steps(list[str]):
    """Port calls as they are made. At the call of this number, from 1 on, something happens before its effect."""

    def __init__(self, at: int, happens: Callable[[], object]) -> None:
        super().__init__()
        self.has_come = False
        self._at = at
        self._happens = happens

    def append(self, name: str) -> None:
        super().append(name)
        if len(self) == self._at:
            self.has_come = True
            self._happens()


class Paged(FakeSubscriptions):
    """Reads each page when it is asked for, and says so."""

    def readers(
        self, channel: Channel, now: int, within: Range | None = None, page: int | None = None
    ) -> Iterator[list[Reader]]:
        journal, self._journal = self._journal, type(self._journal)()
        try:
            found = super().readers(channel, now, within, page)
        finally:
            self._journal = journal
        for readers in found:
            journal.enter("subscriptions.readers")
            yield readers
        journal.enter("subscriptions.readers")


class LateOutbox(FakeOutbox):
    """What it takes goes out only when it settles: who is in flight when a run dies has not got it."""

    def _stream(self, frames: Iterable[tuple[str, str] | float]) -> Iterator[Posted]:
        in_flight: list[tuple[str, str]] = []
        for item in frames:
            if isinstance(item, tuple):
                in_flight.append(item)
                most = self.window - 1
            else:
                self.pauses.append(item)
                self._clock.advance(round(item * 1000))
                most = 0
            while len(in_flight) > most:
                yield self._send(in_flight.pop(0))
        for pair in in_flight:
            yield self._send(pair)

    def _send(self, pair: tuple[str, str]) -> Posted:
        return self._posted(pair[0], self._post(*pair))


class Grudging(FakeQuota):
    """Takes nothing back."""

    def reserve(self, requests: int, rate: int, now: int) -> int:
        if requests < 0:
            raise ServiceError("UpdateItem", "down")
        return super().reserve(requests, rate, now)


def ids(count: int, seed: int = 1, prefix: bytes = b"") -> list[str]:
    """Ids as API Gateway's, in order."""
    random = Random(seed)
    return sorted(base64.urlsafe_b64encode(prefix + random.randbytes(11 - len(prefix))).decode() for _ in range(count))


def crowd(names: Iterable[str], *, make: Callable[..., Connection] = pusher, page: int = 1_000, **others: Any) -> World:
    """A world in which these read the hall since long ago."""
    world = World()
    world.subscriptions = Paged(world.journal, page_size=page)
    for name in names:
        world.open(make(name, "hall", **others))
    return world


def copied(world: World, page: int = 1_000) -> World:
    """A new world with the rows of this one, which is faster than to make them again."""
    twin = World()
    twin.subscriptions = Paged(twin.journal, page_size=page)
    twin.subscriptions.rows.update(world.subscriptions.rows)
    twin.connections.rows.update(world.connections.rows)
    twin.channels.rows.update(world.channels.rows)
    return twin


def plain(connection_id: str, *channels: str, **others: Any) -> Connection:
    """A plain client that is in these channels."""
    return connection(connection_id, channels=channels, **others)


def joining(world: World, *names: str) -> None:
    """Clients whose rows in the hall are there, and who have yet to be told."""
    for name in names:
        world.connections.rows[name] = pusher(name)
        world.subscribe("hall", world.connections.rows[name], since=world.clock.time)


def told(world: World, name: str) -> None:
    """A client has been told that it is in the hall."""
    row = world.connections.rows[name]
    world.connections.rows[name] = row._replace(channels=row.channels | {"hall"})


def told_after(world: World, name: str, milliseconds: int) -> None:
    world.clock.at(world.clock.time + milliseconds, lambda: told(world, name))


def paced(world: World, **limits: int) -> World:
    world.limits = Limits(**limits)
    return world


def busy(world: World, seconds: int) -> World:
    """The quota is booked for so long, with five thousand requests a second."""
    world.quota.reserve(seconds * 5_000, 5_000, NOW)
    world.quota.booked.clear()
    world.journal.calls.clear()
    return world


def counted(world: World, *names: str) -> list[int]:
    return [world.telemetry.counts[name] for name in names]


def share(within: Range = EVERY, event: Event = EVENT, name: str = "s", at: int = NOW) -> Share:
    return Share(name, Parcel(event.channel, [event]), within, at)


def heard(world: World) -> Counter[str]:
    """How often each was reached."""
    return Counter(name for name, _ in world.outbox.arrived)


def run(world: World, one: Share, remaining_ms: Callable[[], int] = lambda: MINUTES) -> bool:
    """One invocation. False if it failed or died."""
    try:
        deliver_share(one, world.ports, remaining_ms)
    except (ServiceError, Died):
        return False
    return True


def lambda_does(world: World) -> None:
    """Do all that was started as Lambda does: what fails or dies is tried again twice, later."""
    while world.invoker.started:
        job = world.invoker.started.pop(0)
        for pause in (0, *RETRIES):
            world.clock.advance(pause)
            if _invoke(world, job):
                break


def _invoke(world: World, job: dict[str, Any]) -> bool:
    ends_at = world.clock.time + MINUTES
    if job["kind"] == "share":
        return run(world, share_of(job), lambda: ends_at - world.clock.time)
    try:
        flush(job, world.ports)
    except (ServiceError, Died):
        return False
    return True


def dying() -> None:
    raise Died


def failing() -> None:
    raise FAILURE
