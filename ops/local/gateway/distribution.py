"""The edge, in front of both APIs: passes a request on as the only API of its protocol sees it through CloudFront."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local.deployed import HTTP
from ops.local.edge import Forward, FunctionFailed, Reply, Visit
from ops.local.gateway import http_api
from ops.local.gateway.address import Address
from ops.local.gateway.handshake import is_upgrade, upgrade
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import json_response
from ops.local.http_events import DEFAULT

logger = logging.getLogger(__name__)


async def answer(parts: Parts, request: BaseRequest) -> web.StreamResponse | None:
    """Answer a request that is the edge's, a WebSocket's handshake included; None for any other."""
    headers = [(name, value) for name, value in request.headers.items()]
    visit = Visit(request.method, request.raw_path, headers, request.remote or "127.0.0.1")
    try:
        decision = parts.edge.decide(visit)
    except FunctionFailed as error:
        logger.warning("the edge's function failed: %s", error)
        return json_response(503, {"message": "The edge's function failed; the daemon's log says why"})
    if decision is None:
        return None
    if isinstance(decision, Reply):
        return _write(decision)
    return await _forward(parts, request, decision)


def _write(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body)
    response.headers.popall("Content-Type", None)
    for name, value in reply.headers:
        response.headers.add(name, value)
    return response


async def _forward(parts: Parts, request: BaseRequest, forward: Forward) -> web.StreamResponse:
    """Ask the only API of that protocol, under its own host and behind its stage, CloudFront's origin path."""
    found = parts.deployed.only(forward.origin)
    if found is None:
        return json_response(
            502, {"message": f"The edge needs one {forward.origin} API with one stage, and there is not exactly one"}
        )
    api, stage = found
    address = Address(api.domain_name, forward.target if stage == DEFAULT else f"/{stage}{forward.target}")
    if forward.origin == HTTP:
        return await http_api.answer(parts, request, api, address)
    if is_upgrade(request):
        return await upgrade(parts, request, address)
    return json_response(403, {"message": "Forbidden"})
