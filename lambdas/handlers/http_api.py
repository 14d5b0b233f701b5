"""Pusher's HTTP API, behind an API Gateway HTTP API: events of payload format 2.0."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Event, Invocation, lambda_handler
from realtime.ports import Ports
from realtime.protocols.http_messages import HttpError, Request, Response
from realtime.settings import Environ
from realtime.usecases.http_api import Limits, answer, refuse
from realtime.wiring import build_ports

# What is left to end a publish under way, AWS services that hang included (wiring.py), and to answer.
_RESERVE_MS = 12_000


class App(NamedTuple):
    """What the function holds."""

    ports: Ports
    limits: Limits


def handle(invocation: Invocation, app: App) -> Mapping[str, Any]:
    """Answer one request."""
    try:
        request = _request(invocation.event)
    except HttpError as refusal:
        return _payload(refuse(refusal, app.ports))
    deadline = invocation.now + max(0, invocation.remaining_ms() - _RESERVE_MS)
    return _payload(answer(request, app.ports, app.limits, deadline))


def _build(reader: Environ, account: Account, telemetry: Telemetry) -> App:
    limits = Limits(reader.integer("MAX_DATA_BYTES", 10_240), reader.optional("ORIGIN_HEADER_SHA256"))
    return App(build_ports(reader, account, telemetry), limits)


def _request(event: Event) -> Request:
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        query=event.get("rawQueryString") or "",
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=_body(event),
    )


def _body(event: Event) -> bytes:
    body: str = event.get("body") or ""
    try:
        return b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        raise HttpError(400, "The body can not be read.") from None


def _payload(response: Response) -> Mapping[str, Any]:
    # A cookies or isBase64Encoded key is not needed: absent, they are none and false.
    headers = {"content-type": "application/json", **response.headers}
    return {"statusCode": response.status, "headers": headers, "body": response.body}


handler = lambda_handler(_build, handle)
