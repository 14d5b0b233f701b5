"""An HTTP API: finds the route, asks its function, answers as API Gateway does.

Statuses and bodies of its own errors: API Gateway developer guide, "Quotas" (10 MB of request), and what users report
of functions that fail (500), are late (503) or have no route (404).
"""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local.deployed import HTTP, Api, Route
from ops.local.events import Moment, encode
from ops.local.gateway.address import Address, headers
from ops.local.gateway.integration import TIMEOUT, Failure, run
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import json_response
from ops.local.http_events import DEFAULT, Arrival, HttpAnswer, Matched, http_event, read_answer, select_route

MAX_BODY = 10 * 1024 * 1024

logger = logging.getLogger(__name__)


def find(parts: Parts, address: Address) -> Api | None:
    """Return the HTTP API that the host names, or None."""
    return parts.deployed.named(address.host, HTTP)


async def answer(parts: Parts, request: BaseRequest, api: Api, address: Address) -> web.Response:
    """Answer one request for `api`."""
    body = await _read(request)
    if body is None:
        return json_response(413, {"message": "Request Entity Too Large"})
    moment = parts.moment()
    arrival = Arrival(
        method=request.method,
        path=address.path,
        query=address.query,
        headers=headers(request, address, moment),
        body=body,
        source_ip=request.remote or "127.0.0.1",
    )
    stage, path = _stage(api, arrival.decoded_path)
    route = select_route(request.method, path, api.routes) if stage is not None else None
    if stage is None or route is None:
        response, latency = json_response(404, {"message": "Not Found"}), 0
    else:
        event = http_event(api, stage, route, moment, arrival)
        response, latency = await _ask(parts, api.routes[route.key], encode(event))
    response.headers["apigw-requestid"] = moment.request_id
    _log(parts, moment, {"apiId": api.api_id, "stage": stage}, (request, route, response, latency))
    return response


async def _read(request: BaseRequest) -> bytes | None:
    """Return the body, or None as soon as there is too much of it."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _stage(api: Api, path: str) -> tuple[str | None, str]:
    """Return the stage and the path below it: the first segment where it names one, otherwise $default."""
    name, slash, rest = path.removeprefix("/").partition("/")
    if name in api.stages and name != DEFAULT:
        return name, slash + rest or "/"
    return (DEFAULT if DEFAULT in api.stages else None), path


async def _ask(parts: Parts, route: Route, event: bytes) -> tuple[web.Response, int]:
    if not _is_served(route):
        return _error(500), 0
    outcome, latency = await run(parts, route.integration, event)
    if isinstance(outcome, Failure):
        return _error(503 if outcome is TIMEOUT else 500), latency
    answer = read_answer(outcome)
    return (_error(500) if answer is None else _response(answer)), latency


def _is_served(route: Route) -> bool:
    """Say in the log what of an HTTP API is not imitated here."""
    if route.authorization != "NONE":
        logger.warning("route %s: authorization %s is not served here", route.key, route.authorization)
        return False
    if route.integration is not None and route.integration.payload != "2.0":
        logger.warning("route %s: payload format %s is not served here", route.key, route.integration.payload)
        return False
    return True


def _response(answer: HttpAnswer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    response.headers.popall("Content-Type", None)
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


def _error(status: int) -> web.Response:
    message = "Service Unavailable" if status == 503 else "Internal Server Error"
    return json_response(status, {"message": message})


def _log(
    parts: Parts,
    moment: Moment,
    place: dict[str, object],
    served: tuple[BaseRequest, Matched | None, web.Response, int],
) -> None:
    request, route, response, latency = served
    parts.access_log.note(
        moment,
        {
            **place,
            "routeKey": route.key if route else None,
            "httpMethod": request.method,
            "protocol": "HTTP/1.1",
            "sourceIp": request.remote,
            "status": response.status,
            "integrationLatency": latency,
        },
    )
