"""Starts the gateway on a free port with functions that the test scripts, and clients for it.

The clients are not the server's own library: `websocket-client` for sockets, boto3 for the APIs.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import inspect
import io
import json
import socket
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import websocket
from botocore.config import Config

from ops.local.connections import AccessLog
from ops.local.deployed import HTTP, Api, Deployed, Integration, Route
from ops.local.edge import Edge
from ops.local.faults import Faults
from ops.local.functions import FunctionNotFound, Invocation
from ops.local.gateway.front import Gateway
from ops.local.gateway.parts import Options, Parts
from ops.local.moto_app import MotoApp

STAGE = "production"
API = "abcdefghij"
ROUTES = ("$connect", "$disconnect", "$default", "echo", "subscribe")
PATIENCE = 20.0
SESSION: Any = boto3.session.Session("key", "secret", region_name="us-east-1")

Handler = Callable[[dict[str, Any]], object]


class Crash(Exception):
    """Raised by a scripted handler to be reported as Lambda reports an exception."""


def _succeed(event: dict[str, Any]) -> object:
    return {"statusCode": 200}


class ScriptedFunctions:
    """Functions named like their routes; each answers 200 unless the test says otherwise."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.queues: dict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self.counts: dict[str, int] = defaultdict(int)

    def on(self, name: str, handler: Handler | dict[str, Any] | None) -> None:
        self.handlers[name] = handler if callable(handler) else lambda _: handler

    async def invoke(self, name: str, payload: bytes) -> Invocation:
        event = json.loads(payload)
        self.counts[name] += 1
        self.queues[name].put_nowait(event)
        try:
            result = self.handlers.get(name, _succeed)(event)
            answer = await result if inspect.isawaitable(result) else result
        except Crash as error:
            body = {"errorMessage": str(error), "errorType": "Crash"}
            return Invocation("request", json.dumps(body).encode(), "Unhandled")
        return Invocation("request", json.dumps(answer).encode(), None)

    def invoke_event(self, name: str, payload: bytes) -> str:
        if name not in self.handlers:
            raise FunctionNotFound(name)
        self.queues[name].put_nowait(json.loads(payload))
        return "queued"

    def status(self) -> dict[str, object]:
        return {"functions": sorted(self.handlers)}

    def cool(self) -> int:
        return len(self.handlers)

    def kill(self, match: str) -> int:
        return len([name for name in self.handlers if match in name])

    def hurry(self, match: str) -> int:
        return len([name for name in self.handlers if match in name])

    async def next(self, name: str) -> dict[str, Any]:
        """Wait for the next event that the function gets."""
        async with asyncio.timeout(PATIENCE):
            return await self.queues[name].get()


def api(**changes: Any) -> Api:
    """Return an API whose routes are served by functions of the same names."""
    keys = changes.pop("keys", ROUTES)
    two_way = changes.pop("two_way", ())
    timeout = changes.pop("timeout", 29.0)
    routes = {key: Route(key, Integration("AWS_PROXY", key, timeout), two_way=key in two_way) for key in keys}
    return Api(API, "us-east-1", stages={STAGE: {}}, routes=routes | changes.pop("routes", {}))


def http_api(*keys: str, api_id: str = "hijklmnopq", stage: str = "$default", **integration: Any) -> Api:
    """Return an HTTP API whose routes, $default alone if none is named, are served by functions of the same names."""
    settings: dict[str, Any] = {"timeout": 30.0, "payload": "2.0"} | integration
    routes = {key: Route(key, Integration("AWS_PROXY", key, **settings)) for key in keys or ("$default",)}
    return Api(api_id, "us-east-1", protocol=HTTP, stages={stage: {}}, routes=routes)


def create_http(client: Any, uri: str, **integration: Any) -> str:
    """Create an HTTP API in moto as the stack does, for the function `uri`; return its id."""
    api_id: str = client.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
    made = client.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=uri, IntegrationMethod="POST", **integration
    )
    client.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{made['IntegrationId']}")
    client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return api_id


@dataclass
class Client:
    """A websocket-client connection, used from a thread."""

    ws: websocket.WebSocket

    @property
    def tcp(self) -> socket.socket:
        """The connection below the WebSocket."""
        assert self.ws.sock is not None
        return self.ws.sock

    async def send(self, text: str) -> None:
        await asyncio.to_thread(self.ws.send, text)

    async def receive(self) -> str:
        return str(await asyncio.to_thread(self.ws.recv))

    async def receive_close(self) -> tuple[int, str]:
        """Wait for a close frame, answer it, and return its code and reason."""
        opcode, data = await asyncio.to_thread(self.ws.recv_data, True)
        assert opcode == websocket.ABNF.OPCODE_CLOSE, (opcode, data)
        await self.close()
        return struct.unpack("!H", data[:2])[0], data[2:].decode()

    async def round_trip(self) -> None:
        """Wait until the server has read everything that was sent before."""
        await asyncio.to_thread(self.ws.ping, "here")
        opcode, _ = await asyncio.to_thread(self.ws.recv_data, True)
        assert opcode == websocket.ABNF.OPCODE_PONG

    async def close(self, **how: Any) -> None:
        await asyncio.to_thread(self.ws.close, timeout=5, **how)


@dataclass
class Stack:
    """A gateway that serves."""

    parts: Parts
    functions: ScriptedFunctions
    gateway: Gateway
    moto: MotoApp
    log: io.StringIO
    clients: list[Client] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}"

    async def connect(self, path: str = f"/{STAGE}", **options: Any) -> Client:
        """Open a WebSocket; websocket.WebSocketBadStatusException if refused."""
        options = {"timeout": PATIENCE, "redirect_limit": 1} | options
        url = f"ws://127.0.0.1:{self.gateway.port}{path}"
        client = Client(await asyncio.to_thread(websocket.create_connection, url, **options))
        self.clients.append(client)
        return client

    async def join(self) -> tuple[Client, str]:
        """Open a WebSocket and return it with its connection id."""
        client = await self.connect()
        event = await self.functions.next("$connect")
        return client, event["requestContext"]["connectionId"]

    async def refused(self, path: str = f"/{STAGE}", **options: Any) -> tuple[int, Any]:
        """Return the status and the JSON body with which a handshake was refused."""
        try:
            await self.connect(path, **options)
        except websocket.WebSocketBadStatusException as error:
            assert isinstance(error.resp_body, bytes)
            return error.status_code, json.loads(error.resp_body)
        raise AssertionError("the handshake was accepted")

    def aws(self, service: str) -> Any:
        """Return a boto3 client without retries."""
        path = f"/{STAGE}" if service == "apigatewaymanagementapi" else ""
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return SESSION.client(service, endpoint_url=self.url + path, config=config)

    async def post(self, connection_id: str, data: bytes = b"hello") -> None:
        client = self.aws("apigatewaymanagementapi")
        await asyncio.to_thread(client.post_to_connection, ConnectionId=connection_id, Data=data)
        client.close()

    async def control(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call a control path and return its status and JSON."""
        return await asyncio.to_thread(self._control, method, path, body)

    def _control(self, method: str, path: str, body: object) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/_local/{path}", data, self.headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    async def request(
        self, method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Make an HTTP request and return status, headers and body."""

        def run() -> tuple[int, http.client.HTTPMessage, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
            with contextlib.closing(connection):
                connection.request(method, path, body, headers or {})
                response = connection.getresponse()
                return response.status, response.headers, response.read()

        return await asyncio.to_thread(run)

    async def disconnected(self) -> tuple[int, str]:
        """Wait for $disconnect and return its code and reason."""
        context = (await self.functions.next("$disconnect"))["requestContext"]
        return context["disconnectStatusCode"], context["disconnectReason"]


@asynccontextmanager
async def serving(*deployed: Api, edge: Edge | None = None, **options: Any) -> AsyncIterator[Stack]:
    """Serve these APIs, or one WebSocket API, on a free port, and close it and every client at the end."""
    functions, log, faults = ScriptedFunctions(), io.StringIO(), Faults()
    apis = deployed or [api()]
    parts = Parts(
        functions=functions,
        deployed=Deployed(lambda: apis),
        faults=faults,
        access_log=AccessLog(log),
        options=Options(**options),
        edge=edge or Edge(),
    )
    moto = MotoApp(faults)
    gateway = Gateway(parts, moto)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await gateway.start(listener)
    stack = Stack(parts, functions, gateway, moto, log)
    try:
        yield stack
    finally:
        for client in stack.clients:
            await asyncio.to_thread(client.ws.shutdown)
        await gateway.close()


async def raises(kind: str, work: Awaitable[object]) -> Any:
    """Await `work`, expect boto3's modelled exception of that name, return its response."""
    try:
        await work
    except Exception as error:
        assert type(error).__name__ == kind, repr(error)
        return error.response  # type: ignore[attr-defined]
    raise AssertionError(f"{kind} was not raised")
