"""HTTP APIs, without I/O: which route takes a request, the event of payload format 2.0, what its answer means.

Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Create routes for HTTP
APIs". The fixture tests/fixtures/events/http.json shows an event.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from ops.local.deployed import ACCOUNT, Api
from ops.local.events import Moment, Pairs

DEFAULT = "$default"

_TEXT = ("application/json", "application/javascript", "application/xml")
_HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_EXACT, _VARIABLE, _GREEDY = range(3)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came: the raw path and query, headers in order, the whole body."""

    method: str
    path: str
    query: str
    headers: Pairs
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"

    @property
    def decoded_path(self) -> str:
        """The path as an HTTP API hands it on.

        Percent-decoded although it is called rawPath, and cut where that uncovers a question mark: not documented,
        but captured on AWS more than once.
        """
        return unquote(self.path).partition("?")[0]


@dataclass(frozen=True, slots=True)
class Matched:
    """The route that takes a request, and its path variables."""

    key: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the client gets."""

    status: int
    headers: Pairs
    body: bytes


def select_route(method: str, path: str, keys: Iterable[str]) -> Matched | None:
    """Return the most specific route for a method and a path below the stage, or None where AWS answers 404.

    Segment by segment an exact one comes before {variable}, and that before {greedy+}; then a method before ANY.
    $default takes what is left.
    """
    best: tuple[list[int], bool] | None = None
    found: Matched | None = None
    for key in keys:
        verb, _, pattern = key.partition(" ")
        match = _match(pattern, path) if pattern and verb in (method, "ANY") else None
        if match is not None and (best is None or (match[0], verb == "ANY") < best):
            best, found = (match[0], verb == "ANY"), Matched(key, match[1])
    return found or (Matched(DEFAULT) if DEFAULT in keys else None)


def _match(pattern: str, path: str) -> tuple[list[int], dict[str, str]] | None:
    """Return how exactly each segment matches, and the variables; None where one does not."""
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    kinds: list[int] = []
    variables: dict[str, str] = {}
    for position, segment in enumerate(wanted):
        rest = given[position:]
        if segment.startswith("{") and segment.endswith("+}") and rest and rest[0]:
            variables[segment[1:-2]] = "/".join(rest)
            return [*kinds, _GREEDY], variables
        if not rest:
            return None
        if segment.startswith("{") and segment.endswith("}") and rest[0]:
            variables[segment[1:-1]] = rest[0]
            kinds.append(_VARIABLE)
        elif segment == rest[0]:
            kinds.append(_EXACT)
        else:
            return None
    return (kinds, variables) if len(wanted) == len(given) else None


def http_event(api: Api, stage: str, route: Matched, moment: Moment, arrival: Arrival) -> dict[str, object]:
    """Build the event of payload format 2.0; what a request does not have is left out of it."""
    headers = _combined((name, value) for name, value in arrival.headers if name.lower() not in _HOP_BY_HOP)
    cookies = headers.pop("cookie", "")
    query = _combined_query(arrival.query)
    text = _is_text(headers.get("content-type", ""))
    event: dict[str, object] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": arrival.decoded_path,
        "rawQueryString": arrival.query,
    }
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    event["headers"] = headers
    if query:
        event["queryStringParameters"] = query
    event["requestContext"] = _context(api, stage, route, moment, arrival)
    if route.variables:
        event["pathParameters"] = dict(route.variables)
    if api.stages[stage]:
        event["stageVariables"] = dict(api.stages[stage])
    if arrival.body:
        event["body"] = arrival.body.decode(errors="replace") if text else base64.b64encode(arrival.body).decode()
    event["isBase64Encoded"] = bool(arrival.body) and not text
    return event


def _context(api: Api, stage: str, route: Matched, moment: Moment, arrival: Arrival) -> dict[str, object]:
    agent = next((value for name, value in arrival.headers if name.lower() == "user-agent"), "")
    return {
        "accountId": ACCOUNT,
        "apiId": api.api_id,
        "domainName": api.domain_name,
        "domainPrefix": api.api_id,
        "http": {
            "method": arrival.method,
            "path": arrival.decoded_path,
            "protocol": arrival.protocol,
            "sourceIp": arrival.source_ip,
            "userAgent": agent,
        },
        "requestId": moment.request_id,
        "routeKey": route.key,
        "stage": stage,
        "time": moment.clf,
        "timeEpoch": moment.epoch_ms,
    }


def read_answer(payload: bytes) -> HttpAnswer | None:
    """Read what the function returned; None where API Gateway answers 500 instead.

    JSON without a statusCode is the body itself, with 200: the inferred form of format 2.0.
    """
    try:
        value = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(value, dict) or "statusCode" not in value:
        return HttpAnswer(200, [("content-type", "application/json")], payload)
    status, body, headers = _status(value["statusCode"]), _body(value), _headers(value)
    if status is None or body is None or headers is None:
        return None
    return HttpAnswer(status, headers, body)


def _status(value: object) -> int | None:
    text = "" if isinstance(value, bool) else str(value)
    return int(text) if text.isascii() and text.isdigit() and 200 <= int(text) <= 599 else None


def _body(value: dict[str, Any]) -> bytes | None:
    body = value.get("body")
    if not isinstance(body, str | None):
        return None
    if not value.get("isBase64Encoded"):
        return (body or "").encode(errors="replace")
    try:
        return base64.b64decode(body or "", validate=True)
    except (binascii.Error, ValueError):
        return None


def _headers(value: dict[str, Any]) -> list[tuple[str, str]] | None:
    headers, cookies = value.get("headers") or {}, value.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        return None
    pairs = [(str(name).lower(), _text(one)) for name, one in headers.items() if one is not None]
    # API Gateway writes the length itself, and does not let a function speak of the connection.
    pairs = [pair for pair in pairs if pair[0] not in _HOP_BY_HOP and pair[0] != "content-length"]
    if not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain;charset=utf-8"))
    pairs += [("set-cookie", str(cookie)) for cookie in cookies]
    return None if any(set("\r\n\0") & {*name, *text} for name, text in pairs) else pairs


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT


def _combined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower-case the names and join the values of repeated ones with commas, those of cookies with semicolons."""
    combined: dict[str, str] = {}
    for name, value in pairs:
        lower = name.lower()
        joint = "; " if lower == "cookie" else ","
        combined[lower] = f"{combined[lower]}{joint}{value}" if lower in combined else value
    return combined


def _combined_query(query: str) -> dict[str, str]:
    combined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        combined[name] = f"{combined[name]},{value}" if name in combined else value
    return combined
