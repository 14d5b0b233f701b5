"""Speak first to a Pusher client, as its protocol wants it: a welcome, or why it is sent away.

Nothing can be posted until `$connect` has returned, so this runs in an invocation of its own and begins with a race
that it may lose a few times. It is cold as often as `$connect` is, and a client waits for both: what only the rarer
ways need is imported there.
"""

from __future__ import annotations

from realtime.domain.connections import Connection
from realtime.domain.errors import ServiceError
from realtime.domain.sockets import socket_id
from realtime.ports import Ports
from realtime.protocols import pusher

# Until the handshake is over, @connections answers 410: first soon, then ever later, eight seconds in all. In seconds.
_PAUSES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 2.5, 2.5)
# pusher-js closes by itself when it hears the code; Java's client waits to be closed.
_REFUSED_SECONDS = 1.0


def welcome(connection_id: str, ports: Ports) -> None:
    """Welcome or refuse a client, once, however often this is called. Who cannot be reached is forgotten."""
    connection = ports.connections.claim_welcome(connection_id, ports.clock.now())
    if connection is None:
        return
    if connection.refusal is not None:
        _refuse(connection, connection.refusal, ports)
        return
    if not _post(connection_id, pusher.connection_established(socket_id(connection_id)), ports):
        ports.telemetry.log("INFO", "not welcomed", connectionId=connection_id)
        _end(connection_id, ports)
        return
    try:
        ports.connections.welcomed(connection_id)
    except ServiceError:
        # Its frames would wait for that for ever. Closed, it connects again.
        ports.outbox.close([connection_id])
        raise
    app = ports.apps.by_id(connection.app_id)
    if app is not None and app.settings.authorized_timeout_seconds is not None:
        from . import later

        later.send([later.authorize(app.app_id, connection_id, app.settings.authorized_timeout_seconds)], ports)


def _refuse(connection: Connection, code: int, ports: Ports) -> None:
    from .connect import REFUSALS

    if _post(connection.connection_id, pusher.error(code, REFUSALS[code]), ports):
        ports.clock.sleep(_REFUSED_SECONDS)
    _end(connection.connection_id, ports)


def _end(connection_id: str, ports: Ports) -> None:
    from .disconnect import disconnect

    ports.outbox.close([connection_id])
    disconnect([connection_id], ports)


def _post(connection_id: str, frame: str, ports: Ports) -> bool:
    for pause in (0.0, *_PAUSES):
        if pause:
            ports.clock.sleep(pause)
        result = ports.outbox.post([connection_id], frame)
        if not result.gone:
            return bool(result.delivered)
    return False
