"""The upgrade: finds the API, asks $connect while the client waits, answers with its status."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_request import BaseRequest
from websockets.utils import accept_key

from ops.local.connections import Outcome
from ops.local.deployed import Api, Route
from ops.local.events import Handshake, Moment, Session, connect_event, encode
from ops.local.gateway.address import Address, headers
from ops.local.gateway.authorization import Refusal, authorize
from ops.local.gateway.integration import Answer, call
from ops.local.gateway.lifecycle import Lifecycle
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import json_response
from ops.local.websocket import ClientConnection


def is_upgrade(request: BaseRequest) -> bool:
    """Tell whether a request asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def upgrade(parts: Parts, request: BaseRequest, address: Address) -> web.StreamResponse:
    """Serve one WebSocket client from its handshake to its end.

    Any path but /{stage} and /{stage}/ gets 403 before a handler is asked; so does a stage that
    no API, or more than one, serves for this host.
    """
    stage = address.path.removeprefix("/").removesuffix("/")
    api = parts.deployed.find(address.host, stage)
    if api is None:
        return json_response(403, {"message": "Forbidden"})
    if not _is_valid(request):
        return json_response(400, {"message": "Bad Request"})
    moment = parts.moment()
    session = _session(parts, request, (api, stage))
    handshake = Handshake(headers=headers(request, address, moment), query=address.query)
    parts.connections.pending += 1
    try:
        decision = await _decide(parts, api, (session, moment, handshake))
    finally:
        parts.connections.pending -= 1
    if isinstance(decision, web.Response):
        return decision
    session, answer = decision
    return await _serve(parts, request, (session, answer))


async def _decide(
    parts: Parts, api: Api, arrival: tuple[Session, Moment, Handshake]
) -> tuple[Session, Answer] | web.Response:
    """Ask the authorizer and $connect; the refusal, or the session with what $connect said."""
    session, moment, handshake = arrival
    route = api.routes.get("$connect")
    if route is None:  # "The $connect route is optional", developer guide
        return session, Answer(status=200)
    authorized = await authorize(parts, route, arrival)
    if isinstance(authorized, Refusal):
        parts.access_log.write(session, moment, Outcome("CONNECT", "$connect", authorized.status))
        return _refuse(authorized.status, session, moment)
    answer = await _connect(parts, route, (authorized, moment, handshake))
    if answer.status is None or not 200 <= answer.status <= 299:
        return _refuse(answer.logged_status or 502, authorized, moment)
    return authorized, answer


async def _connect(parts: Parts, route: Route, arrival: tuple[Session, Moment, Handshake]) -> Answer:
    session, moment, handshake = arrival
    event = connect_event(session, moment, handshake)
    answer = await call(parts, route.integration, encode(event))
    status = answer.logged_status or 502  # null is no answer to a handshake
    parts.access_log.write(session, moment, Outcome("CONNECT", "$connect", status, answer.latency))
    return answer


def _refuse(status: int, session: Session, moment: Moment) -> web.Response:
    """Answer with the handler's status; its body and headers are not passed on."""
    phrase = "Internal server error" if status >= 500 else _phrase(status)
    ids = {"connectionId": session.connection_id, "requestId": moment.request_id}
    return json_response(status, {"message": phrase, **ids})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


async def _serve(parts: Parts, request: BaseRequest, accepted: tuple[Session, Answer]) -> web.StreamResponse:
    """Answer 101 and stay until the connection has ended."""
    session, answer = accepted
    lifecycle = Lifecycle(parts, session)
    transport = request.transport
    if transport is None or transport.is_closing():  # the client did not wait for $connect
        lifecycle.abandon()
        return web.Response(status=499)
    response = _Upgraded(_upgrade_headers(request, answer))
    await response.prepare(request)
    connection = ClientConnection(session, transport, parts.options.limits, lifecycle.listener)
    lifecycle.begin(connection)
    request.protocol.keep_alive(False)
    request.protocol.set_parser(connection)  # type: ignore[arg-type]  # it calls feed_data and feed_eof
    await connection.closed.wait()
    return response


class _Upgraded(web.StreamResponse):
    """The 101, after which aiohttp must not write anything of its own."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(status=101, headers=headers)
        self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the end of an upgraded connection is not the end of an HTTP body."""


def _upgrade_headers(request: BaseRequest, answer: Answer) -> dict[str, str]:
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_key(request.headers["Sec-WebSocket-Key"]),
    }
    for name, value in answer.headers.items():
        if name.lower() == "sec-websocket-protocol":  # the only header that passes
            fields["Sec-WebSocket-Protocol"] = value
    return fields


def _is_valid(request: BaseRequest) -> bool:
    """Check what RFC 6455, section 4.2.1, asks of a handshake."""
    try:
        key = base64.b64decode(request.headers.get("Sec-WebSocket-Key", ""), validate=True)
    except binascii.Error:
        return False
    version = request.headers.get("Sec-WebSocket-Version")
    return request.method == "GET" and len(key) == 16 and version == "13"


def _session(parts: Parts, request: BaseRequest, target: tuple[Api, str]) -> Session:
    api, stage = target
    return Session(
        api_id=api.api_id,
        stage=stage,
        domain_name=api.domain_name,
        connection_id=parts.new_id(),
        connected_at=int(parts.now() * 1000),
        source_ip=request.remote or "127.0.0.1",
        user_agent=_user_agent(request),
        stage_variables=api.stages[stage],
    )


def _user_agent(request: BaseRequest) -> str | None:
    found = (value for name, value in request.raw_headers if name.lower() == b"user-agent")
    value = next(found, None)
    return None if value is None else value.decode("utf-8", "replace")
