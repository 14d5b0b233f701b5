"""Where webhooks arrive: an HTTP server on loopback that keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple

from tests.integration.pusher_driver import PATIENCE_SECONDS

Event = dict[str, Any]


class Delivery(NamedTuple):
    """One request. The names of `headers` are in lower case; `status` is what it was answered."""

    path: str
    headers: dict[str, str]
    body: str
    status: int

    @property
    def events(self) -> list[Event]:
        events: list[Event] = json.loads(self.body)["events"]
        return events


class Hooks:
    """The server. It answers 200, but the statuses of `fail` first."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._failures: dict[str, list[int]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hooks:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, path: str, statuses: list[int]) -> None:
        """Answer the next requests for `path` with these."""
        with self._news:
            self._failures[path] = statuses

    def deliveries(self, path: str, channel: str, status: int = 200) -> list[Delivery]:
        """The requests so far that told of a channel."""
        with self._news:
            return self._matching(path, channel, status)

    def events(self, path: str, channel: str) -> list[Event]:
        """What was told of a channel so far, in the order in which it came."""
        told = (event for delivery in self.deliveries(path, channel) for event in delivery.events)
        return [event for event in told if event["channel"] == channel]

    def wait(self, path: str, channel: str, *names: str) -> list[Event]:
        """What was told of a channel, once it holds an event of each name, as often as it is named."""
        wanted = Counter(names)
        self._until(
            lambda: wanted <= Counter(event["name"] for event in self.events(path, channel)),
            lambda: f"{names} of {channel} at {path}; so far {self.events(path, channel)}",
        )
        return self.events(path, channel)

    def wait_for(self, path: str, channel: str, status: int) -> Delivery:
        """The first request about a channel that was answered so."""
        self._until(lambda: bool(self._matching(path, channel, status)), lambda: f"{status} for {channel} at {path}")
        return self.deliveries(path, channel, status)[0]

    def _matching(self, path: str, channel: str, status: int) -> list[Delivery]:
        return [
            delivery
            for delivery in self._deliveries
            if (delivery.path, delivery.status) == (path, status)
            and any(event["channel"] == channel for event in delivery.events)
        ]

    def _until(self, holds: Callable[[], bool], what: Callable[[], str]) -> None:
        with self._news:
            done = self._news.wait_for(holds, PATIENCE_SECONDS)
        assert done, f"not in time: {what()}"

    def take(self, path: str, headers: dict[str, str], body: str) -> int:
        """Keep a request; the status to answer it with."""
        with self._news:
            failures = self._failures.get(path)
            status = failures.pop(0) if failures else 200
            self._deliveries.append(Delivery(path, headers, body, status))
            self._news.notify_all()
            return status


def _handler_of(hooks: Hooks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = hooks.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
