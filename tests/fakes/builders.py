"""What the fakes hold: one app, its connections, and what they read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from realtime.domain.apps import App, Key, Settings
from realtime.domain.connections import Channel, Connection, Identity, Presence, Reader, Subscription, expires_at
from realtime.protocols import plain
from realtime.usecases.actions import Call

NOW = 1_700_000_000_000


def app(app_id: str = "1", *, enabled: bool = True, keys: Iterable[Key] | None = None, **settings: Any) -> App:
    """An app with the active key `key-1` whose secret is `secret-1`, and these settings (the names of `Settings`)."""
    held = (Key("key-1", "secret-1", True, "2026-01-01T00:00:00Z"),) if keys is None else tuple(keys)
    return App(app_id, "default", enabled, held, Settings(**settings))


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
    **others: Any,
) -> Connection:
    """A plain connection of user u1 of team 123, opened NOW. `others` are fields of `Connection`."""
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
    )._replace(**others)


def subscription(
    channel: str = "team-123",
    connection_id: str = "c1",
    *,
    user: str | None = "u1",
    connected_at: int = NOW,
    since: int | None = None,
    app_id: str = "1",
    protocol: str = plain.NAME,
    coalesce: int = 0,
) -> Subscription:
    """A subscription of a connection opened NOW, which came in right away."""
    came = connected_at if since is None else since
    expiry = expires_at(connected_at)
    return Subscription(Channel(app_id, channel), connection_id, protocol, user, came, expiry, coalesce)


def presence(
    channel: Channel, user: str, *connections: tuple[str, str], joined_at: int | None = NOW, **others: Any
) -> Presence:
    """A user that came into a channel NOW with these (protocol, connection id). `others` are fields of `Presence`."""
    touched_at: int = others.pop("touched_at", NOW if joined_at is None else joined_at)
    readers = tuple(Reader(connection_id, protocol, touched_at, user) for protocol, connection_id in connections)
    member = None if joined_at is None else json.dumps({"user_id": user}, separators=(",", ":"))
    return Presence(channel, user, readers, member, joined_at, touched_at)._replace(**others)


def call(
    connection_id: str = "c1", *, now: int = NOW, received_at: int | None = None, max_data_bytes: int = 10_240
) -> Call:
    """A message of connection c1, received and handled NOW."""
    return Call(connection_id, now, now if received_at is None else received_at, max_data_bytes)


def message(**fields: Any) -> plain.Message:
    """A frame with these fields, decoded."""
    return plain.decode(json.dumps(fields))
