"""The control paths under /_local/, for `ops local` and for tests.

GET    /_local/health        {"status": "ok"}
GET    /_local/status        connections, APIs, functions, faults, uptime, options
GET    /_local/faults        {"on": {name: settings}, "names": {name: what it does}}
PUT    /_local/faults        {"name": …, "rate": …, "times": …, "seconds": …, "match": …}
DELETE /_local/faults?name=  one fault off, or all of them without a name
POST   /_local/faults/cut    {"match": …}: cuts those connections; {"cut": how many}
POST   /_local/functions/cool  ends idle workers: the next invocations start cold; {"ended": how many}
POST   /_local/functions/kill  {"match": …}: kills the workers of those functions that are at work; {"killed": how many}
POST   /_local/functions/retry {"match": …}: events of those functions that wait to be tried again are tried now;
                               {"retried": how many}
POST   /_local/shutdown      ends the process
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local.faults import NAMES
from ops.local.gateway.parts import Parts
from ops.local.gateway.responses import json_response

PREFIX = "/_local/"


class Control:
    """Answers the control paths; `shutdown` is called when the process is to end."""

    def __init__(self, parts: Parts, shutdown: Callable[[], None]) -> None:
        self._parts = parts
        self._shutdown = shutdown
        self._started = time.monotonic()

    async def answer(self, request: BaseRequest) -> web.Response:
        """Answer a request below PREFIX; 403 for anything that is not this machine's own."""
        if not is_local(request):
            return json_response(403, {"message": "Only for clients on this machine"})
        path, _, query = request.raw_path.removeprefix(PREFIX).partition("?")
        try:
            body = json.loads(await request.content.read() or b"{}")
            return self._route(request.method, path, parse_qs(query), body)
        except (ValueError, TypeError) as error:
            return json_response(400, {"message": str(error)})

    def _route(self, method: str, path: str, query: dict[str, list[str]], body: object) -> web.Response:
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        match method, path:
            case "GET", "health":
                return json_response(200, {"status": "ok"})
            case "GET", "status":
                return json_response(200, self._status())
            case (("GET" | "PUT" | "DELETE"), "faults"):
                return self._faults(method, query.get("name", [None])[0], body)
            case "POST", "faults/cut":
                return json_response(200, {"cut": self._cut(_match(body))})
            case "POST", "functions/cool":
                return json_response(200, {"ended": self._parts.functions.cool()})
            case "POST", "functions/kill":
                return json_response(200, {"killed": self._parts.functions.kill(_match(body))})
            case "POST", "functions/retry":
                return json_response(200, {"retried": self._parts.functions.hurry(_match(body))})
            case "POST", "shutdown":
                self._shutdown()
                return json_response(202, {"status": "stopping"})
        return json_response(404, {"message": f"There is no {method} {PREFIX}{path}"})

    def _faults(self, method: str, name: str | None, body: dict[str, object]) -> web.Response:
        faults = self._parts.faults
        if method == "PUT":
            faults.set(**_settings(body))  # type: ignore[arg-type]  # checked by _settings
        elif method == "DELETE":
            faults.clear(name)
        return json_response(200, {"on": faults.as_dict(), "names": NAMES})

    def _cut(self, match: str) -> int:
        doomed = self._parts.connections.matching(match)
        for connection in doomed:
            connection.cut()
        return len(doomed)

    def _status(self) -> dict[str, object]:
        parts = self._parts
        return {
            "connections": {"live": len(parts.connections), "pending": parts.connections.pending},
            "apis": [
                {"id": api.api_id, "name": api.name, "protocol": api.protocol, "stages": sorted(api.stages)}
                for api in parts.deployed.apis()
            ],
            "functions": parts.functions.status(),
            "faults": parts.faults.as_dict(),
            "uptime": round(time.monotonic() - self._started, 3),
            "options": asdict(parts.options),
        }


def is_local(request: BaseRequest) -> bool:
    """Tell whether a program on this machine asks, and not a web page in its browser."""
    try:
        peer = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    return peer.is_loopback and "Origin" not in request.headers


def _match(body: dict[str, object]) -> str:
    return str(body.get("match") or "")


_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "rate": (int, float),
    "times": (int, type(None)),
    "seconds": (int, float),
    "match": (str, type(None)),
}


def _settings(body: dict[str, object]) -> dict[str, object]:
    """Return the settings of a fault; ValueError that names what is unknown or of a wrong type."""
    for name, value in body.items():
        if name not in _TYPES:
            raise ValueError(f"unknown setting {name!r}; a fault has: {', '.join(_TYPES)}")
        if isinstance(value, bool) or not isinstance(value, _TYPES[name]):
            raise ValueError(f"{name} cannot be {value!r}")
    if "name" not in body:
        raise ValueError(f"name is missing; choose one of: {', '.join(NAMES)}")
    return body
