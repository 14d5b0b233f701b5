"""The @connections API: the only way from a Lambda to a client.

Statuses and error types: the service model of apigatewaymanagementapi, and for 400 and 403, which
it leaves out, what users report.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local.connections import is_well_formed
from ops.local.deployed import WEBSOCKET
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import aws_error, json_response
from ops.local.websocket import DELETED, ClientConnection

MAX_DATA = 131_072
"""Bytes of one post; the SDKs do not check it, the service answers 413."""


def parse_path(raw_path: str) -> tuple[str, str] | None:
    """Split /{stage}/@connections/{id}, percent-encoded or not, into stage and id."""
    path = raw_path.partition("?")[0]
    stage, _, rest = path.removeprefix("/").partition("/")
    folder, slash, connection_id = rest.partition("/")
    if not stage or not slash or unquote(folder) != "@connections":
        return None
    return unquote(stage), unquote(connection_id)


async def manage(parts: Parts, request: BaseRequest, target: tuple[str, str]) -> web.Response:
    """Answer one call for the connection that `target`, stage and id, names."""
    stage, connection_id = target
    body = await request.content.read()
    if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
        return _forbidden("Missing Authentication Token")
    if not any(stage in api.stages for api in parts.deployed.apis(WEBSOCKET)):
        return _forbidden("Forbidden")
    if request.method not in ("POST", "GET", "DELETE"):
        return _forbidden("Missing Authentication Token")
    if not is_well_formed(connection_id):
        return aws_error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
    if len(body) > MAX_DATA:
        return aws_error(413, "PayloadTooLargeException", "Message too long")
    return await _answer(parts, request.method, (stage, connection_id, body))


async def _answer(parts: Parts, method: str, call: tuple[str, str, bytes]) -> web.Response:
    stage, connection_id, body = call
    if parts.faults.strike("throttled", connection_id):
        return aws_error(429, "LimitExceededException", "Too Many Requests")
    slow = parts.faults.strike("slow-post", connection_id)
    if slow:
        await asyncio.sleep(slow.seconds)
    connection = parts.connections.get(connection_id)
    if connection is None or connection.session.stage != stage or not connection.is_open:
        return _gone()
    if parts.faults.strike("gone", connection_id):
        return _gone()
    if method == "GET":
        return json_response(200, _describe(connection))
    if method == "DELETE":
        connection.close(*DELETED)
        return web.Response(status=204)
    return _post(parts, connection, body)


def _post(parts: Parts, connection: ClientConnection, body: bytes) -> web.Response:
    """Write the frame before the answer: 200 says that it was written, not that it was read."""
    connection_id = connection.session.connection_id
    if connection.is_congested or parts.faults.strike("slow-reader", connection_id):
        return aws_error(429, "LimitExceededException", "The client side buffer is full")
    if parts.faults.strike("dead-socket", connection_id):
        return web.Response(status=200)
    try:
        body.decode()
    except UnicodeDecodeError:
        # What AWS does with it is not known; a client would fail the connection with 1007.
        return aws_error(400, "BadRequestException", "Data is not UTF-8 text")
    connection.send(body)
    if parts.faults.strike("gone-but-delivered", connection_id):
        return _gone()
    return web.Response(status=200)


def _describe(connection: ClientConnection) -> dict[str, object]:
    session = connection.session
    identity = {"sourceIp": session.source_ip}
    if session.user_agent is not None:
        identity["userAgent"] = session.user_agent
    return {
        "connectedAt": _iso(session.connected_at / 1000),
        "identity": identity,
        "lastActiveAt": _iso(connection.last_active),
    }


def _iso(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _gone() -> web.Response:
    return aws_error(410, "GoneException", "The connection is gone")


def _forbidden(message: str) -> web.Response:
    return json_response(403, {"message": message}, {"x-amzn-ErrorType": "ForbiddenException"})
