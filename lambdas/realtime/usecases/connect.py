"""A client opens a connection."""

from __future__ import annotations

from typing import NamedTuple

from realtime.domain.connections import Connection, Identity, expires_at
from realtime.domain.errors import Unauthorized
from realtime.ports import Connections, Telemetry, Tokens
from realtime.protocols import plain


class Handshake(NamedTuple):
    """What `$connect` tells of the client. `connected_at` is in ms."""

    connection_id: str
    connected_at: int
    token: str | None
    source_ip: str | None
    user_agent: str | None


class Door(NamedTuple):
    """Who is let in: bearers of a token and, if `allow_anonymous`, those without one (to public channels only)."""

    app_id: str
    allow_anonymous: bool
    tokens: Tokens


def connect(handshake: Handshake, door: Door, connections: Connections, telemetry: Telemetry) -> None:
    """Write the connection's row. Raises Unauthorized, and then there is none."""
    identity = _identify(handshake, door)
    connections.add(
        Connection(
            connection_id=handshake.connection_id,
            identity=identity,
            protocol=plain.NAME,
            app_id=door.app_id,
            connected_at=handshake.connected_at,
            last_seen_at=handshake.connected_at,
            expires_at=expires_at(handshake.connected_at),
            source_ip=handshake.source_ip,
            user_agent=handshake.user_agent,
        )
    )
    telemetry.count("Connects")


def _identify(handshake: Handshake, door: Door) -> Identity:
    if handshake.token:
        return door.tokens.verify(handshake.token)
    if door.allow_anonymous:
        return Identity()
    raise Unauthorized("no token")
