"""A frame arrives: decode it, act, answer. Whatever goes wrong, the client hears of it and the connection stays."""

from __future__ import annotations

from collections.abc import Callable

from realtime.domain.errors import ClientError, ErrorCode, ServiceError
from realtime.ports import Ports
from realtime.protocols import plain

from .actions import Call
from .disconnect import forget

Action = Callable[[plain.Message, Call, Ports], str | None]


def receive(body: str, action: Action, call: Call, ports: Ports) -> None:
    """Handle one frame. An exception that is not ours passes through: it is a bug, and must be seen as one."""
    ports.telemetry.count("Messages")
    answer = _answer(body, action, call, ports)
    if answer is None:
        return
    result = ports.outbox.post([call.connection_id], answer)
    if result.gone:
        forget(result.gone, ports)
    elif not result.delivered:
        ports.telemetry.log("ERROR", "answer not delivered", connectionId=call.connection_id)
        ports.telemetry.count("DeliveriesFailed")


def _answer(body: str, action: Action, call: Call, ports: Ports) -> str | None:
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
        ports.telemetry.log(
            "ERROR",
            "service failed",
            operation=failure.operation,
            reason=failure.reason,
            connectionId=call.connection_id,
        )
        ports.telemetry.error(ErrorCode.INTERNAL_ERROR)
        return plain.error(ClientError(ErrorCode.INTERNAL_ERROR, "It failed on our side: try again."), request_id)
