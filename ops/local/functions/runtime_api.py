"""The Lambda runtime API (2018-06-01) of one sandbox: next, response, error, init/error.

Source: "Using the Lambda runtime API" in the Lambda developer guide. One sandbox has one server
on a loopback port of its own, for the client takes a host and a port and no more.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Protocol

from ops.local.functions.http import MalformedRequest, Request, render, take_request
from ops.local.functions.invocation import MAX_RESPONSE_BYTES, Answered, Call

_ROOT = "/2018-06-01/runtime/"
_OK = json.dumps({"status": "OK"}).encode()


class Listener(Protocol):
    """Who learns what the runtime client reports."""

    def polled(self) -> None:
        """The client asked for an invocation: the first time means that it is initialised."""

    def delivered(self, request_id: str) -> None:
        """The client is about to get the invocation that was offered."""

    def answered(self, answer: Answered) -> None:
        """The client reported how the invocation in progress went."""

    def init_failed(self, error: bytes) -> None:
        """The client could not load the function; `error` is Lambda's error object."""


class RuntimeApi:
    """Serves one runtime client, one invocation at a time."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._parked: _Connection | None = None
        self._offered: tuple[Call, float] | None = None
        self._current: str | None = None

    async def start(self) -> str:
        """Listen on a free loopback port; return "host:port"."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def offer(self, call: Call, seconds: float) -> None:
        """Hand `call` to the client as soon as it asks; it has `seconds` to answer."""
        assert self._offered is None and self._current is None
        self._offered = (call, seconds)
        self._deliver()

    def close(self) -> None:
        """Stop listening and cut the connections. A client that waits for work is told nothing."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cut()

    def opened(self, connection: _Connection) -> None:
        """Keep a new connection."""
        self._connections.add(connection)

    def lost(self, connection: _Connection) -> None:
        """Forget a connection. One that waited for work must not get the next."""
        self._connections.discard(connection)
        if self._parked is connection:
            self._parked = None

    def serve(self, request: Request, connection: _Connection) -> None:
        """Answer `request`, or let it wait for an invocation."""
        path = request.path.removeprefix(_ROOT)
        match request.method, path.split("/"):
            case "GET", ["invocation", "next"]:
                self._parked = connection
                self._listener.polled()
                self._deliver()
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                self._report(request_id, Answered(request.body, kind == "error"), connection)
            case "POST", ["init", "error"]:
                connection.send(202, _OK)
                self._listener.init_failed(request.body)
            case _:
                connection.send(404, _error("InvalidPath", f"no such API: {path}"))

    def _deliver(self) -> None:
        if self._parked is None or self._offered is None:
            return
        (call, seconds), connection = self._offered, self._parked
        self._offered = self._parked = None
        self._current = call.request_id
        fields = {
            "Lambda-Runtime-Aws-Request-Id": call.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": call.arn,
            "Lambda-Runtime-Trace-Id": _trace_id(),
        }
        self._listener.delivered(call.request_id)
        connection.send(200, call.payload, fields)

    def _report(self, request_id: str, answer: Answered, connection: _Connection) -> None:
        if request_id != self._current:
            connection.send(400, _error("InvalidRequestID", f"not in progress: {request_id}"))
            return
        self._current = None
        size = len(answer.payload)
        if size > MAX_RESPONSE_BYTES and not answer.failed:
            kind = "Function.ResponseSizeTooLarge"
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            connection.send(413, _error(kind, message))
            answer = Answered(_error(kind, message), failed=True)
        else:
            connection.send(202, _OK)
        self._listener.answered(answer)


class _Connection(asyncio.Protocol):
    """One connection of the runtime client."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._api.opened(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while request := take_request(self._buffer):
                self._api.serve(request, self)
        except MalformedRequest as error:
            self.send(400, _error("InvalidRequest", str(error)))
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        self._api.lost(self)

    def send(self, status: int, body: bytes, fields: dict[str, str] | None = None) -> None:
        assert self._transport is not None
        self._transport.write(render(status, fields or {}, body))

    def cut(self) -> None:
        if self._transport:
            self._transport.abort()


def _error(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _trace_id() -> str:
    """A new trace that is not sampled, in the form of the X-Ray header."""
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    return f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=0"
