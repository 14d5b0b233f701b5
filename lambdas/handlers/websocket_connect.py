"""`$connect`: let a client in, or answer the handshake with 401 (plain) or in the first frame (Pusher)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Invocation, lambda_handler
from realtime.domain.errors import ErrorCode, ServiceError, Unauthorized
from realtime.domain.origins import ORIGIN_HEADER, is_from_edge
from realtime.settings import Environ
from realtime.usecases.connect import Door, Handshake, connect
from realtime.wiring import build_door

# Swift's library asks for it. Whoever asks is to hear it back, and nobody else.
_SUBPROTOCOL = "pusher-channels-protocol-7"


class _App(NamedTuple):
    door: Door
    origin_sha256: str | None
    telemetry: Telemetry


def _build(reader: Environ, account: Account, telemetry: Telemetry) -> _App:
    origin_sha256 = reader.optional("ORIGIN_HEADER_SHA256")
    return _App(build_door(reader, account, telemetry), origin_sha256, telemetry)


def _handle(invocation: Invocation, app: _App) -> Mapping[str, Any]:
    headers = {name.lower(): value for name, value in (invocation.event.get("headers") or {}).items()}
    try:
        if not is_from_edge(headers.get(ORIGIN_HEADER), app.origin_sha256):
            raise Unauthorized("not through the edge")
        connect(_handshake(invocation, headers), app.door)
    except Unauthorized as refusal:
        app.telemetry.log("INFO", "unauthorized", reason=str(refusal))
        app.telemetry.error("unauthorized")
        return {"statusCode": 401}
    except ServiceError as failure:
        app.telemetry.log("ERROR", "service failed", operation=failure.operation, reason=failure.reason)
        app.telemetry.error(ErrorCode.INTERNAL_ERROR)
        return {"statusCode": 500}
    return {"statusCode": 200, **_subprotocol(headers)}


def _subprotocol(headers: Mapping[str, str]) -> Mapping[str, Any]:
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    return {"headers": {"Sec-WebSocket-Protocol": _SUBPROTOCOL}} if _SUBPROTOCOL in offered else {}


def _handshake(invocation: Invocation, headers: Mapping[str, str]) -> Handshake:
    context = invocation.event["requestContext"]
    identity = context.get("identity") or {}
    query = invocation.event.get("queryStringParameters") or {}
    return Handshake(
        connection_id=invocation.connection_id,
        connected_at=context["connectedAt"],
        token=query.get("token"),
        source_ip=identity.get("sourceIp"),
        user_agent=identity.get("userAgent"),
        key=query.get("key"),
        protocol=query.get("protocol"),
        version=query.get("version"),
        origin=headers.get("origin"),
        coalesce=query.get("coalesce"),
    )


handler = lambda_handler(_build, _handle)
