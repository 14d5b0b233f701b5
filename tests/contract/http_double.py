"""A tiny HTTP server on a loopback port that a test tells what to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Received:
    """A request. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Reply = tuple[int, bytes]
Answer = Callable[[Received], Reply | None]


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False
    answer: Answer
    received: list[Received]
    ended: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, self.rfile.read(length))
        self.server.received.append(received)
        reply = self.server.answer(received)
        if reply is None:
            self.server.ended.wait()
            return
        status, body = reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class HttpDouble:
    """Serves while it is entered. An `answer` of None hangs until that ends."""

    def __init__(self, answer: Answer) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answer = answer
        self._server.received = []
        self._server.ended = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def received(self) -> list[Received]:
        return self._server.received

    def __enter__(self) -> HttpDouble:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
