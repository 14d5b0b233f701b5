"""`$connect`: let a client in, or answer the handshake with 401."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from realtime.aws.dynamodb import DynamoConnections
from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Invocation, build_door, dynamodb, lambda_handler
from realtime.domain.errors import ErrorCode, ServiceError, Unauthorized
from realtime.settings import Environ
from realtime.usecases.connect import Door, Handshake, connect


class _App(NamedTuple):
    door: Door
    connections: DynamoConnections
    telemetry: Telemetry


def _build(reader: Environ, account: Account, telemetry: Telemetry) -> _App:
    table = reader.text("CONNECTIONS_TABLE")
    return _App(build_door(reader, account), DynamoConnections(dynamodb(account), table), telemetry)


def _handle(invocation: Invocation, app: _App) -> Mapping[str, Any]:
    try:
        connect(_handshake(invocation), app.door, app.connections, app.telemetry)
    except Unauthorized as refusal:
        app.telemetry.log("INFO", "unauthorized", reason=str(refusal))
        app.telemetry.error("unauthorized")
        return {"statusCode": 401}
    except ServiceError as failure:
        app.telemetry.log("ERROR", "service failed", operation=failure.operation, reason=failure.reason)
        app.telemetry.error(ErrorCode.INTERNAL_ERROR)
        return {"statusCode": 500}
    return {"statusCode": 200}


def _handshake(invocation: Invocation) -> Handshake:
    context = invocation.event["requestContext"]
    identity = context.get("identity") or {}
    query = invocation.event.get("queryStringParameters") or {}
    return Handshake(
        connection_id=invocation.connection_id,
        connected_at=context["connectedAt"],
        token=query.get("token"),
        source_ip=identity.get("sourceIp"),
        user_agent=identity.get("userAgent"),
    )


handler = lambda_handler(_build, _handle)
