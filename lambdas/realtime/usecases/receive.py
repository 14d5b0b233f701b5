"""A plain frame arrives: decode it, act, answer. Whatever goes wrong, the client hears of it and the connection stays.

`frames` takes what no route took. It is a module of its own because the routes need nothing of what it loads.
"""

from __future__ import annotations

from collections.abc import Callable

from realtime.domain.errors import ClientError, ErrorCode, ServiceError
from realtime.ports import Ports
from realtime.protocols import plain

from . import later
from .actions import Call
from .disconnect import forget

Action = Callable[[plain.Message, Call, Ports], str | None]


def receive(body: str, action: Action, call: Call, ports: Ports) -> None:
    """Handle one frame of a plain route. An exception that is not ours passes through: it is a bug."""
    ports.telemetry.count("Messages")
    answer(call, act(body, action, call, ports), ports)


def answer(call: Call, frame: str | None, ports: Ports) -> None:
    """Post the answer, if there is one. Who is gone is forgotten."""
    if frame is None:
        return
    result = ports.outbox.post([call.connection_id], frame)
    if result.gone:
        forget(result.gone, ports)
    elif not result.delivered:
        ports.telemetry.log("ERROR", "answer not delivered", connectionId=call.connection_id)
        ports.telemetry.count("DeliveriesFailed")


def act(body: str, action: Action, call: Call, ports: Ports) -> str | None:
    """Decode a plain frame and act on it; return the frame to answer with, or None."""
    request_id: plain.RequestId = None
    try:
        message = plain.decode(body)
        request_id = message.request_id
        return action(message, call, ports)
    except ClientError as failure:
        ports.telemetry.log("INFO", "refused", code=failure.code, connectionId=call.connection_id)
        ports.telemetry.error(failure.code)
        return plain.error(failure, request_id)
    except ServiceError as failure:
        later.tell_failure(failure, ports, connectionId=call.connection_id)
        return plain.error(ClientError(ErrorCode.INTERNAL_ERROR, "It failed on our side: try again."), request_id)
