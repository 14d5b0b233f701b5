"""A frame arrives that no route took: a Pusher client's, or a plain one that is wrong."""

from __future__ import annotations

from realtime.domain.connections import SEEN_RESOLUTION_MS, TOLD, Connection
from realtime.domain.errors import ErrorCode, ServiceError
from realtime.ports import Ports
from realtime.protocols import plain, pusher

from . import later, messages
from .actions import Call, unknown
from .disconnect import disconnect
from .receive import act, answer
from .settling import PAUSES, once

# In seconds: `deliver` may have to start first.
_UNTIL_WELCOME = (*PAUSES, 0.5, 1.0, 1.5, 2.0)


def receive_any(body: str, call: Call, ports: Ports) -> None:
    """Handle one frame that no route took: a Pusher client's, or a plain one's that is wrong."""
    ports.telemetry.count("Messages")
    try:
        connection = ports.connections.find(call.connection_id)
        if connection is None:
            _send_away(call, ports)
        elif connection.protocol == plain.NAME:
            answer(call, act(body, unknown, call, ports), ports)
        elif connection.refusal is None:
            answer(call, _hear(body, connection, call, ports), ports)
    except ServiceError as failure:
        later.tell_failure(failure, ports, connectionId=call.connection_id)
        answer(call, pusher.error(None, "It failed on our side: try again."), ports)


def _hear(body: str, connection: Connection, call: Call, ports: Ports) -> str | None:
    # Who speaks before it is spoken to waits for its welcome: that is the first frame, always.
    welcomed = once(connection, lambda row: row.welcome == TOLD, ports, _UNTIL_WELCOME)
    if welcomed is None or welcomed.welcome != TOLD:
        _send_away(call, ports)
        return None
    if call.now - welcomed.last_seen_at >= SEEN_RESOLUTION_MS:
        ports.connections.seen(call.connection_id, call.now)
    return messages.hear(body, welcomed, call, ports)


def _send_away(call: Call, ports: Ports) -> None:
    """A client whose row is gone, or does not say that it was welcomed, hears nothing. Closed, it connects again."""
    ports.telemetry.log("INFO", "connection unknown", connectionId=call.connection_id)
    ports.telemetry.error(ErrorCode.CONNECTION_UNKNOWN)
    ports.outbox.close([call.connection_id])
    disconnect([call.connection_id], ports)
