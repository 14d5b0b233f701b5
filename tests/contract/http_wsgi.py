"""The `http-api` function as a WSGI application, over fakes: what tools that speak HTTP can be let loose on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from ops.paths import ROOT
from tests.fakes import World
from tests.http_caller import APP, Answer, Caller, event, signed

DESCRIPTION = "/openapi.yaml"
_AUTH = frozenset({"auth_key", "auth_timestamp", "auth_version", "auth_signature", "body_md5"})

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Application:
    """Answers requests from a world that is new each time. `signing` puts a good signature in the place of theirs."""

    def __init__(self, make_world: Callable[[], World], *, signing: bool) -> None:
        self._make_world = make_world
        self._signing = signing

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        if path == DESCRIPTION:
            start_response("200 OK", [("content-type", "application/yaml")])
            return [(ROOT / "docs" / "openapi.yaml").read_bytes()]
        answer = self._answer(environ, path)
        reason = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(reason, list(answer.headers.items()))
        return [json.dumps(answer.body).encode()]

    def _answer(self, environ: dict[str, Any], path: str) -> Answer:
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if self._signing:
            pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
            query = signed(method, path, [pair for pair in pairs if pair[0].lower() not in _AUTH], body, APP)
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        return Caller(self._make_world()).handle(event(method, path, query, body, headers))
