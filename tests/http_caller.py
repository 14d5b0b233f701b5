"""Calls the `http-api` function as API Gateway does, over fakes, signed as Pusher's libraries sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from handlers.http_api import App, handle
from realtime.bootstrap import Invocation
from realtime.usecases.http_api import Limits
from tests.fakes import NOW, World

KEY, SECRET = "key-1", "secret-1"
MAX_DATA_BYTES = 1000
Pairs = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """What came back, with the body read."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Sender(NamedTuple):
    """Who signs, at which time (s)."""

    key: str = KEY
    secret: str = SECRET
    timestamp: int = NOW // 1000


APP = Sender()


def signed(method: str, path: str, pairs: Pairs, body: bytes, sender: Sender) -> str:
    """The query string of a signed request."""
    auth = [("auth_key", sender.key), ("auth_timestamp", str(sender.timestamp)), ("auth_version", "1.0")]
    held = [*pairs, *auth]
    if body:
        held.append(("body_md5", hashlib.md5(body).hexdigest()))
    lowered = sorted(((name.lower(), value) for name, value in held), key=lambda pair: pair[0])
    text = f"{method}\n{path}\n{'&'.join(f'{name}={value}' for name, value in lowered)}"
    signature = hmac.new(sender.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return escaped([*held, ("auth_signature", signature)])


def escaped(pairs: Pairs) -> str:
    """A query string."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)


def event(method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """A request as an event of payload format 2.0; a body that is no text is in base64."""
    try:
        text, encoded = body.decode(), False
    except ValueError:
        text, encoded = base64.b64encode(body).decode(), True
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers),
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        **({"body": text} if text else {}),
        "isBase64Encoded": encoded,
    }


class Caller:
    """Sends requests to the function, all fakes behind it."""

    def __init__(self, world: World, origin_sha256: str | None = None, *, remaining_ms: int = 29_000) -> None:
        """`remaining_ms` is what the function has left when it begins."""
        self.world = world
        self._remaining_ms = remaining_ms
        self._app = App(world.ports, Limits(MAX_DATA_BYTES, origin_sha256))

    def get(self, path: str, **params: str) -> Answer:
        """A signed GET."""
        return self.send("GET", path, list(params.items()))

    def post(self, path: str, fields: object) -> Answer:
        """A signed POST of JSON."""
        return self.send("POST", path, body=json.dumps(fields).encode())

    def send(
        self,
        method: str,
        path: str,
        pairs: Pairs = (),
        body: bytes = b"",
        sender: Sender = APP,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """A signed request."""
        return self.handle(event(method, path, signed(method, path, pairs, body, sender), body, headers))

    def handle(self, event: Mapping[str, Any]) -> Answer:
        """Any event. What comes back has the form that API Gateway wants, whatever it was."""
        payload = handle(Invocation(event, self.world.ports.clock.now(), lambda: self._remaining_ms), self._app)
        assert set(payload) == {"statusCode", "headers", "body"}
        assert payload["headers"]["content-type"] == "application/json"
        body = json.loads(payload["body"])
        assert isinstance(body, dict)
        return Answer(payload["statusCode"], body, payload["headers"])
