"""Events as API Gateway hands them to a Lambda, frames as it writes them: pure, no clock, no dice.

Shapes follow events captured on AWS and the developer guide's "WebSocket mapping template
reference"; the fixtures in tests/fixtures/events show one of each.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

ID_BYTES = 11
"""Entropy of a connection, request or message id: 16 characters of base64url, padded."""

# Not strftime's %b, which obeys the locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

NOT_FOR_INTEGRATIONS = frozenset({"connection", "upgrade", "content-length"})
"""Headers of the handshake that only an authorizer sees."""

Pairs = Sequence[tuple[str, str]]
"""Names and values in the order they came, repeated names included."""


@dataclass(frozen=True, slots=True)
class Session:
    """What stays the same for the life of one connection; `connected_at` in ms since 1970.

    `authorizer` is the context that an authorizer left, already stringified, or None.
    """

    api_id: str
    stage: str
    domain_name: str
    connection_id: str
    connected_at: int
    source_ip: str
    user_agent: str | None = None
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One request to a handler: its id and when it came, in ms since 1970."""

    request_id: str
    epoch_ms: int

    @property
    def clf(self) -> str:
        """The time in the common log format, UTC: 11/Nov/2024:11:35:24 +0000."""
        when = datetime.fromtimestamp(self.epoch_ms // 1000, UTC)
        return f"{when:%d}/{_MONTHS[when.month - 1]}/{when:%Y:%H:%M:%S} +0000"


@dataclass(frozen=True, slots=True)
class Handshake:
    """The client's upgrade request: headers in its own case and order, the raw query string."""

    headers: Pairs
    query: str = ""


def format_id(entropy: bytes) -> str:
    """Turn 11 random bytes into an id such as BFaT_fALIAMCKug=."""
    assert len(entropy) == ID_BYTES, len(entropy)
    return base64.urlsafe_b64encode(entropy).decode()


def connect_event(session: Session, moment: Moment, handshake: Handshake) -> dict[str, object]:
    """Build the $connect event: headers and, only if the URL had one, the query."""
    kept = [pair for pair in handshake.headers if pair[0].lower() not in NOT_FOR_INTEGRATIONS]
    event = _header_maps(kept)
    event |= _query_maps(handshake.query)
    event["requestContext"] = _context(session, moment, "$connect", "CONNECT")
    return _finish(event, session)


def message_event(session: Session, moment: Moment, route_key: str, message_id: str, body: str) -> dict[str, object]:
    """Build the event of a text message: nothing from the handshake but `identity`."""
    context = _context(session, moment, route_key, "MESSAGE") | {"messageId": message_id}
    return _finish({"requestContext": context, "body": body}, session)


def disconnect_event(session: Session, moment: Moment, code: int, reason: str) -> dict[str, object]:
    """Build the $disconnect event; `code` and `reason` say how the connection ended."""
    blank = [("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    event = _header_maps([("Host", session.domain_name), *blank])
    event["requestContext"] = _context(session, moment, "$disconnect", "DISCONNECT") | {
        "disconnectStatusCode": code,
        "disconnectReason": reason,
    }
    return _finish(event, session)


def authorizer_event(session: Session, moment: Moment, handshake: Handshake, method_arn: str) -> dict[str, object]:
    """Build the event of a REQUEST authorizer: all headers, and maps even where empty.

    Source: API Gateway developer guide, "Control access with AWS Lambda REQUEST authorizers".
    """
    empty: dict[str, object] = {"queryStringParameters": {}, "multiValueQueryStringParameters": {}}
    return (
        {
            "type": "REQUEST",
            "methodArn": method_arn,
            "stageVariables": dict(session.stage_variables),
        }
        | _header_maps(handshake.headers)
        | (_query_maps(handshake.query) or empty)
        | {"requestContext": _context(session, moment, "$connect", "CONNECT")}
    )


def error_frame(message: str, connection_id: str, request_id: str) -> str:
    """Return the text frame by which API Gateway reports its own errors, byte for byte."""
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def encode(event: Mapping[str, object]) -> bytes:
    """Return the event as the JSON text that the function receives."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _context(session: Session, moment: Moment, route_key: str, kind: str) -> dict[str, object]:
    identity = {"sourceIp": session.source_ip}
    if session.user_agent is not None:
        identity["userAgent"] = session.user_agent
    context: dict[str, object] = {
        "routeKey": route_key,
        "eventType": kind,
        "extendedRequestId": moment.request_id,
        "requestTime": moment.clf,
        "messageDirection": "IN",
        "stage": session.stage,
        "connectedAt": session.connected_at,
        "requestTimeEpoch": moment.epoch_ms,
        "identity": identity,
        "requestId": moment.request_id,
        "domainName": session.domain_name,
        "connectionId": session.connection_id,
        "apiId": session.api_id,
    }
    if session.authorizer is not None:
        context["authorizer"] = dict(session.authorizer)
    return context


def _finish(event: dict[str, object], session: Session) -> dict[str, object]:
    if session.stage_variables:
        event["stageVariables"] = dict(session.stage_variables)
    event["isBase64Encoded"] = False
    return event


def _header_maps(headers: Pairs) -> dict[str, object]:
    return {"headers": dict(headers), "multiValueHeaders": _collect(headers)}


def _query_maps(query: str) -> dict[str, object]:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs:
        return {}
    return {
        "queryStringParameters": dict(pairs),
        "multiValueQueryStringParameters": _collect(pairs),
    }


def _collect(pairs: Pairs) -> dict[str, list[str]]:
    """Gather the values of repeated names; the single-value maps hold the last of them."""
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered
