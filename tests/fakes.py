"""In-memory fakes of every port in `realtime/ports.py`, and builders of what they hold.

tests/contract runs one suite over these and over the adapters: a fake that drifts from its adapter fails there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, Connection, Identity, Subscription, expires_at
from realtime.domain.errors import ServiceError, Unauthorized
from realtime.ports import Deliveries, Ports, Removed, Rows
from realtime.protocols import plain
from realtime.usecases.actions import Call

T = TypeVar("T")

NOW = 1_700_000_000_000
Fate = Literal["delivered", "gone", "throttled", "failed"]


def connection(
    connection_id: str = "c1",
    *,
    user: str | None = "u1",
    team: str | None = "123",
    patterns: Iterable[str] = (),
    channels: Iterable[str] = (),
    connected_at: int = NOW,
    last_seen_at: int | None = None,
    user_agent: str | None = "agent/1.0",
) -> Connection:
    """A connection of user u1 of team 123, opened NOW."""
    return Connection(
        connection_id=connection_id,
        identity=Identity(user, team, frozenset(patterns), "key-1" if user else None),
        protocol=plain.NAME,
        app_id="1",
        connected_at=connected_at,
        last_seen_at=connected_at if last_seen_at is None else last_seen_at,
        expires_at=expires_at(connected_at),
        channels=frozenset(channels),
        source_ip="192.0.2.1",
        user_agent=user_agent,
    )


def subscription(
    channel: str = "team-123", connection_id: str = "c1", *, user: str | None = "u1", connected_at: int = NOW
) -> Subscription:
    """A subscription of a connection opened NOW."""
    return Subscription(channel, connection_id, user, expires_at(connected_at))


def call(connection_id: str = "c1", *, now: int = NOW, max_data_bytes: int = 10_240) -> Call:
    """A message of connection c1, received NOW."""
    return Call(connection_id, now, max_data_bytes)


def message(**fields: Any) -> plain.Message:
    """A frame with these fields, decoded."""
    return plain.decode(json.dumps(fields))


@dataclass
class Journal:
    """The port calls in the order they were made, and those that are to fail, by "port.method"."""

    calls: list[str] = field(default_factory=list)
    failures: dict[str, ServiceError] = field(default_factory=dict)

    def enter(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failures:
            raise self.failures[name]


class FakeConnections:
    """The Connections port. `stuck` are ids whose row cannot be removed."""

    def __init__(self, journal: Journal | None = None, *, page_size: int = 2) -> None:
        self.rows: dict[str, Connection] = {}
        self.stuck: dict[str, ServiceError] = {}
        self._journal = journal or Journal()
        self._page_size = page_size

    def add(self, connection: Connection) -> None:
        self._journal.enter("connections.add")
        self.rows[connection.connection_id] = connection

    def find(self, connection_id: str) -> Connection | None:
        self._journal.enter("connections.find")
        return self.rows.get(connection_id)

    def join(self, connection_id: str, channel: str, now: int) -> bool:
        self._journal.enter("connections.join")
        row = self.rows.get(connection_id)
        if row is None:
            return False
        channels = row.channels | {channel}
        if len(channels) > max(len(row.channels), MAX_CHANNELS_PER_CONNECTION):
            raise too_many_channels()
        self.rows[connection_id] = row._replace(channels=channels, last_seen_at=now)
        return True

    def leave(self, connection_id: str, channel: str) -> bool:
        self._journal.enter("connections.leave")
        row = self.rows.get(connection_id)
        if row is not None:
            self.rows[connection_id] = row._replace(channels=row.channels - {channel})
        return row is not None

    def seen(self, connection_id: str, now: int) -> None:
        self._journal.enter("connections.seen")
        row = self.rows.get(connection_id)
        if row is not None and row.last_seen_at <= now - SEEN_RESOLUTION_MS:
            self.rows[connection_id] = row._replace(last_seen_at=now)

    def remove(self, connection_ids: Collection[str]) -> Removed:
        self._journal.enter("connections.remove")
        stuck = [self.stuck[name] for name in connection_ids if name in self.stuck]
        removable = [name for name in connection_ids if name in self.rows and name not in self.stuck]
        channels = {name: self.rows.pop(name).channels for name in removable}
        return Removed(channels, stuck[-1] if stuck else None)

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        self._journal.enter("connections.existing")
        return {name for name in connection_ids if name in self.rows}

    def pages(self) -> Iterator[list[Connection]]:
        self._journal.enter("connections.pages")
        return _pages(list(self.rows.values()), self._page_size)


class FakeSubscriptions:
    """The Subscriptions port."""

    def __init__(self, journal: Journal | None = None, *, page_size: int = 2) -> None:
        self.rows: dict[tuple[str, str], Subscription] = {}
        self._journal = journal or Journal()
        self._page_size = page_size

    def add(self, subscription: Subscription) -> None:
        self._journal.enter("subscriptions.add")
        self.rows[subscription.channel, subscription.connection_id] = subscription

    def remove(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._journal.enter("subscriptions.remove")
        for pair in pairs:
            self.rows.pop(pair, None)

    def readers(self, channel: str, now: int) -> Iterator[list[Subscription]]:
        self._journal.enter("subscriptions.readers")
        rows = [row for row in self.rows.values() if row.channel == channel and row.expires_at > now // 1000]
        return _pages(sorted(rows, key=lambda row: row.connection_id), self._page_size)

    def pages(self) -> Iterator[list[Subscription]]:
        self._journal.enter("subscriptions.pages")
        return _pages(list(self.rows.values()), self._page_size)


class FakeOutbox:
    """The Outbox port. `fates` says what becomes of a post to an id, "delivered" if nothing; `posts` are all tries."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.fates: dict[str, Fate] = {}
        self.posts: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self._journal = journal or Journal()

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        self._journal.enter("outbox.post")
        self.posts += [(name, frame) for name in connection_ids]
        by_fate: dict[Fate, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
        for name in connection_ids:
            by_fate[self.fates.get(name, "delivered")].append(name)
        return Deliveries(**by_fate)

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        self._journal.enter("outbox.gone")
        self.asked += connection_ids
        return {name for name in connection_ids if self.fates.get(name) == "gone"}

    def frames(self, connection_id: str) -> list[str]:
        """What reached a client."""
        return [
            frame
            for name, frame in self.posts
            if name == connection_id and self.fates.get(name, "delivered") == "delivered"
        ]


class FakeTokens:
    """The Tokens port: knows the tokens that it is given."""

    def __init__(self, identities: Mapping[str, Identity]) -> None:
        self._identities = identities

    def verify(self, token: str) -> Identity:
        if token not in self._identities:
            raise Unauthorized("unknown to the fake")
        return self._identities[token]


class FakeTelemetry:
    """The Telemetry port: records."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def count(self, metric: str, value: int = 1) -> None:
        self.counts[metric] += value

    def error(self, code: str) -> None:
        self.errors[code] += 1

    def log(self, level: str, message: str, **fields: object) -> None:
        self.lines.append((level, message, fields))


class World:
    """All fakes together; `ports` and `rows` are what a use case is given."""

    def __init__(self, *connections: Connection) -> None:
        """Each connection with the subscriptions to its channels."""
        self.journal = Journal()
        self.connections = FakeConnections(self.journal)
        self.subscriptions = FakeSubscriptions(self.journal)
        self.outbox = FakeOutbox(self.journal)
        self.telemetry = FakeTelemetry()
        for row in connections:
            self.connections.rows[row.connection_id] = row
            for channel in row.channels:
                self.subscribe(channel, row)

    @property
    def ports(self) -> Ports:
        return Ports(self.connections, self.subscriptions, self.telemetry, self.outbox)

    @property
    def rows(self) -> Rows:
        return self.ports

    @property
    def writes(self) -> list[str]:
        """The port calls that change rows, in order."""
        reads = ("connections.find", "connections.existing", "connections.pages", "subscriptions.readers")
        return [name for name in self.journal.calls if name not in reads and not name.startswith("outbox.")]

    def subscribe(self, channel: str, row: Connection) -> None:
        """Write a subscription's row, and nothing else."""
        self.subscriptions.rows[channel, row.connection_id] = Subscription(
            channel, row.connection_id, row.identity.user_id, row.expires_at
        )


def _pages(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))
