"""Lambda's Invoke API, which moto answers only with Docker at hand.

Source: AWS Lambda API reference, "Invoke".
"""

from __future__ import annotations

import re
import uuid
from urllib.parse import parse_qs, unquote

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local.functions import FunctionNotFound, TooManyRequests
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import aws_error

MAX_PAYLOAD = 6 * 1024 * 1024
MAX_EVENT_PAYLOAD = 1024 * 1024
"""Bytes of a request; an asynchronous one may hold less (Lambda quotas, 2025)."""

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")


def parse_path(raw_path: str) -> str | None:
    """Return the function that an Invoke path and its Qualifier name, or None."""
    path, _, query = raw_path.partition("?")
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    qualifier = parse_qs(query).get("Qualifier")
    return unquote(match[1]) + (f":{qualifier[0]}" if qualifier else "")


async def invoke(parts: Parts, request: BaseRequest, name: str) -> web.Response:
    """Run the function now, queue it, or only say that it could be run."""
    kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    payload = await request.content.read()
    limit = MAX_EVENT_PAYLOAD if kind == "Event" else MAX_PAYLOAD
    if len(payload) > limit:
        text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        return aws_error(413, "RequestTooLargeException", text)
    try:
        return await _run(parts, kind, (name, payload or b"{}"))
    except FunctionNotFound:
        return aws_error(404, "ResourceNotFoundException", f"Function not found: {name}")
    except TooManyRequests:
        return aws_error(429, "TooManyRequestsException", "Rate Exceeded.")


async def _run(parts: Parts, kind: str, call: tuple[str, bytes]) -> web.Response:
    name, payload = call
    if kind == "DryRun":
        return web.Response(status=204, headers={"x-amzn-RequestId": str(uuid.uuid4())})
    if kind == "Event":
        request_id = parts.functions.invoke_event(name, payload)
        return web.Response(status=202, headers={"x-amzn-RequestId": request_id})
    if kind != "RequestResponse":
        return aws_error(400, "InvalidParameterValueException", f"Unknown invocation type {kind}")
    invocation = await parts.functions.invoke(name, payload)
    headers = {
        "x-amzn-RequestId": invocation.request_id,
        "X-Amz-Executed-Version": invocation.executed_version,
    }
    if invocation.error is not None:
        headers["X-Amz-Function-Error"] = invocation.error
    return web.Response(body=invocation.payload, headers=headers, content_type="application/json")
