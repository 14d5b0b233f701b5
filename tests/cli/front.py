"""What `ops publish` talks to: @connections as the test wants it, Lambda, and moto behind the same port."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from tests.contract.http_double import HttpDouble, Received, Reply

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Front:
    """`statuses`: connection id → how a post to it is answered, by default 200. `frames`: what was posted.

    `started`: (function, payload) of what was invoked.
    """

    def __init__(self, moto_url: str, statuses: Mapping[str, int] | None = None) -> None:
        self.frames: list[tuple[str, str]] = []
        self.started: list[tuple[str, Any]] = []
        self._moto_url = moto_url
        self._statuses = statuses or {}
        self.double = HttpDouble(self._answer)

    def _answer(self, received: Received) -> Reply:
        if received.target.startswith("/2015-03-31/functions/"):
            self.started.append((received.target.split("/")[3], json.loads(received.body)))
            return 202, b""
        stage, separator, connection_id = received.target.partition("/@connections/")
        if not separator:
            return self._forward(received)
        assert stage == "/production"
        self.frames.append((connection_id, received.body.decode()))
        return self._statuses.get(connection_id, 200), b""

    def _forward(self, received: Received) -> Reply:
        kept = {name: value for name, value in received.headers.items() if name not in ("host", "content-length")}
        request = urllib.request.Request(self._moto_url + received.target, received.body, kept, method=received.method)
        try:
            with _opener.open(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()
