"""What a CloudFront distribution in front of both APIs would do with a request: choose the API, run its function.

moto has distributions, but publishes no CloudFront function and serves no request. The table below says for the local
AWS what the distribution's behaviours say on AWS; the function is the very file that is deployed there.

Source: CloudFront developer guide, "CloudFront Functions event structure". A function's changes to headers and cookies
are not carried out here.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ops import paths
from ops.local.deployed import HTTP, WEBSOCKET
from ops.local.events import Pairs

FUNCTION = paths.TERRAFORM / "modules" / "edge" / "rewrite.js"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to the paths of a pattern: the API that is asked, and whether the function runs before."""

    pattern: str
    origin: str
    rewritten: bool = False


BEHAVIOURS = (
    Behaviour("/app/*", WEBSOCKET, rewritten=True),
    Behaviour("/apps/*", HTTP),
    Behaviour("/config", HTTP),
    Behaviour("/users/*", HTTP),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request at the edge; `target` is its path and query as the client wrote them."""

    method: str
    target: str
    headers: Pairs
    ip: str


@dataclass(frozen=True, slots=True)
class Forward:
    """What the origin is asked: an API of the protocol `origin`, for a path with its query."""

    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the function answers itself."""

    status: int
    headers: Pairs
    body: bytes


class FunctionFailed(Exception):
    """The function could not be read, raised, or returned neither a request nor a response; CloudFront answers 503."""


class Edge:
    """The behaviours, and the function in its own file. For the tasks of one event loop, not for several threads."""

    def __init__(self, behaviours: tuple[Behaviour, ...] = BEHAVIOURS, function: Path = FUNCTION) -> None:
        self._behaviours = behaviours
        self._function = function
        self._loaded: tuple[float, Any] | None = None

    def decide(self, visit: Visit) -> Forward | Reply | None:
        """Say where a request goes, or None for one that is not the edge's: signed for AWS, or at no known path.

        Raises FunctionFailed.
        """
        path, _, query = visit.target.partition("?")
        found = next((one for one in self._behaviours if _matches(one.pattern, path)), None)
        if found is None or _is_signed(visit.headers, query):
            return None
        if not found.rewritten:
            return Forward(found.origin, visit.target)
        returned = self._run(_event(visit))
        return _reply(returned) if "statusCode" in returned else Forward(found.origin, _target(returned))

    def prepare(self) -> None:
        """Load the function now, so that no first client waits for the engine. Raises FunctionFailed."""
        self._interpreter()

    def _run(self, event: dict[str, object]) -> dict[str, Any]:
        """Call the function; a fraction of a millisecond, hence not in a thread."""
        interpreter = self._interpreter()
        try:
            returned = interpreter.evaljs("handler(dukpy['event'])", event=event)
        except Exception as error:  # the engine's own exception is not public
            raise FunctionFailed(str(error)) from error
        if not isinstance(returned, dict):
            raise FunctionFailed(f"handler returned {returned!r}, neither a request nor a response")
        return returned

    def _interpreter(self) -> Any:
        """Return the engine with the function in it, loaded anew when the file has changed."""
        try:
            changed = self._function.stat().st_mtime
            if self._loaded is None or self._loaded[0] != changed:
                self._loaded = (changed, _load(self._function.read_text(encoding="utf-8")))
        except OSError as error:
            raise FunctionFailed(str(error)) from error
        return self._loaded[1]


def _load(source: str) -> Any:
    # Imported late: it costs as much as a dozen of our own modules, and only clients of the edge need it.
    from dukpy import JSInterpreter

    interpreter = JSInterpreter()
    try:
        interpreter.evaljs(f"{source}\n;null")
    except Exception as error:  # the engine's own exception is not public
        raise FunctionFailed(str(error)) from error
    return interpreter


def _matches(pattern: str, path: str) -> bool:
    """Compare as CloudFront does: * and ? are wildcards, brackets are not, case counts."""
    return fnmatchcase(path, pattern.replace("[", "[[]"))


def _is_signed(headers: Pairs, query: str) -> bool:
    signed = any(name.lower() == "authorization" and value.startswith("AWS4-") for name, value in headers)
    return signed or any(pair.startswith("X-Amz-Signature=") for pair in query.split("&"))


def _event(visit: Visit) -> dict[str, object]:
    """Build the function's event. Names and values of the query stay encoded, as CloudFront leaves them."""
    path, _, query = visit.target.partition("?")
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    headers = [(name.lower(), value) for name, value in visit.headers]
    cookies = "; ".join(value for name, value in headers if name == "cookie").split(";")
    crumbs = [(name, value) for name, _, value in (cookie.strip().partition("=") for cookie in cookies if cookie)]
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": visit.ip},
        "request": {
            "method": visit.method,
            "uri": path,
            "querystring": _fields(pairs),
            "headers": _fields([pair for pair in headers if pair[0] != "cookie"]),
            "cookies": _fields(crumbs),
        },
    }


def _fields(pairs: Pairs) -> dict[str, dict[str, object]]:
    """Collapse repeated names: `value` is the first, `multiValue` holds all where there are several."""
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return {
        name: {"value": values[0]} | ({"multiValue": [{"value": one} for one in values]} if len(values) > 1 else {})
        for name, values in gathered.items()
    }


def _target(request: Mapping[str, Any]) -> str:
    """Write a returned request's path and query; FunctionFailed if they are none."""
    try:
        uri, fields = request["uri"], request.get("querystring") or {}
        pairs = [
            f"{name}={one['value']}" for name, field in fields.items() for one in field.get("multiValue") or [field]
        ]
    except (LookupError, TypeError, AttributeError) as error:
        raise FunctionFailed(f"handler returned no request: {json.dumps(request)[:200]}") from error
    if not isinstance(uri, str) or not uri.startswith("/"):
        raise FunctionFailed(f"handler returned the uri {uri!r}, which does not begin with a slash")
    return f"{uri}?{'&'.join(pairs)}" if pairs else uri


def _reply(response: Mapping[str, Any]) -> Reply:
    try:
        headers = [(name, str(field["value"])) for name, field in (response.get("headers") or {}).items()]
        body = response.get("body") or ""
        text, encoding = (body["data"], body.get("encoding", "text")) if isinstance(body, dict) else (body, "text")
        data = base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
        return Reply(int(response["statusCode"]), headers, data)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise FunctionFailed(f"handler returned no response: {json.dumps(response)[:200]}") from error
