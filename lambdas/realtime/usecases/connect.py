"""A client opens a connection, of either protocol."""

from __future__ import annotations

import re
from typing import NamedTuple

from realtime.domain.apps import App, allows_origin
from realtime.domain.connections import PLAIN, PUSHER, SHORTEST_WAIT_MS, Connection, Identity, expires_at
from realtime.domain.errors import ServiceError, Unauthorized
from realtime.ports import Apps, Connections, Invoker, State, Telemetry, Tokens

# Protocols of Pusher's that clients in use speak: Java's 5, all others 7. 1 to 3 ended long ago.
_OLDEST, _NEWEST = 4, 7
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")

# Pusher's codes; a client does not try again after any of these.
APP_UNKNOWN = 4001
APP_DISABLED = 4003
OVER_QUOTA = 4004
BAD_VERSION = 4006
BAD_PROTOCOL = 4007
UNAUTHORIZED = 4009

REFUSALS = {
    APP_UNKNOWN: "There is no app with this key.",
    APP_DISABLED: "This app is disabled.",
    OVER_QUOTA: "This app has as many connections as it may have.",
    BAD_VERSION: "The version is not one.",
    BAD_PROTOCOL: f"Protocols {_OLDEST} to {_NEWEST} are spoken here.",
    UNAUTHORIZED: "This origin may not connect to this app.",
}


class Handshake(NamedTuple):
    """What `$connect` tells of the client. `connected_at` is in ms. With a `key` it speaks Pusher's protocol.

    `coalesce` is how long (ms) a plain client lets events wait for each other; what is no number asks for nothing.
    """

    connection_id: str
    connected_at: int
    token: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    key: str | None = None
    protocol: str | None = None
    version: str | None = None
    origin: str | None = None
    coalesce: str | None = None


class Door(NamedTuple):
    """Who is let in, and what that takes. Plain clients are the default app's: bearers of a token and, if
    `allow_anonymous`, those without one, to public channels only.
    """

    app_id: str
    allow_anonymous: bool
    tokens: Tokens
    apps: Apps
    connections: Connections
    state: State
    invoker: Invoker
    telemetry: Telemetry
    coalesce_max_ms: int = 0


def connect(handshake: Handshake, door: Door) -> None:
    """Write the connection's row. Raises Unauthorized for a plain client, and then there is none.

    A Pusher client is always let in: it is welcomed, or told why not and sent away, once its handshake is over.
    """
    if handshake.key is None:
        row = _row(handshake, door.app_id, PLAIN, _identify(handshake, door))
        door.connections.add(row._replace(coalesce=_coalesce(handshake.coalesce, door)))
    else:
        _connect_pusher(handshake, handshake.key, door)
    door.telemetry.count("Connects")


def _connect_pusher(handshake: Handshake, key: str, door: Door) -> None:
    app = door.apps.by_key(key)
    refusal = _refusal(handshake, key, app)
    counted = False
    if app is not None and refusal is None and app.settings.max_connections is not None:
        counted = door.state.enter(f"connections:{app.app_id}", app.settings.max_connections)
        refusal = None if counted else OVER_QUOTA
    app_id = door.app_id if app is None else app.app_id
    row = _row(handshake, app_id, PUSHER, Identity(key=None if app is None else key))
    try:
        door.connections.add(row._replace(refusal=refusal, counted=counted))
    except ServiceError:
        if counted:
            door.state.exit(f"connections:{app_id}")
        raise
    if refusal is not None:
        door.telemetry.log("INFO", "refused", code=refusal)
        door.telemetry.error(str(refusal))
    door.invoker.welcome(handshake.connection_id)


def _refusal(handshake: Handshake, key: str, app: App | None) -> int | None:
    """The code with which the client is to be sent away, or None."""
    version = handshake.version
    if not _is_spoken(handshake.protocol):
        return BAD_PROTOCOL
    if version is not None and not _VERSION.fullmatch(version):
        return BAD_VERSION
    if app is None or app.secret_of(key) is None:
        return APP_UNKNOWN
    if not app.enabled:
        return APP_DISABLED
    return None if allows_origin(app.settings, handshake.origin) else UNAUTHORIZED


def _is_spoken(protocol: str | None) -> bool:
    """Without one, Pusher takes the newest."""
    if protocol is None:
        return True
    return protocol.isascii() and protocol.isdigit() and len(protocol) < 3 and _OLDEST <= int(protocol) <= _NEWEST


def _row(handshake: Handshake, app_id: str, protocol: str, identity: Identity) -> Connection:
    return Connection(
        connection_id=handshake.connection_id,
        identity=identity,
        protocol=protocol,
        app_id=app_id,
        connected_at=handshake.connected_at,
        last_seen_at=handshake.connected_at,
        expires_at=expires_at(handshake.connected_at),
        source_ip=handshake.source_ip,
        user_agent=handshake.user_agent,
    )


def _coalesce(asked: str | None, door: Door) -> int:
    """How long events may wait (ms): as asked, within what is allowed and makes sense."""
    # So few digits that it is a number of any int's size.
    if asked is None or not (asked.isascii() and asked.isdigit() and len(asked) < 9) or int(asked) == 0:
        return 0
    return min(max(int(asked), SHORTEST_WAIT_MS), door.coalesce_max_ms)


def _identify(handshake: Handshake, door: Door) -> Identity:
    if handshake.token:
        return door.tokens.verify(handshake.token)
    if door.allow_anonymous:
        return Identity()
    raise Unauthorized("no token")
