"""The one door: looks at a request and hands it to whom it concerns."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.web_request import BaseRequest

from ops.local import management
from ops.local.gateway import distribution, http_api, invoke
from ops.local.gateway.address import Address
from ops.local.gateway.control import PREFIX, Control
from ops.local.gateway.handshake import is_upgrade, upgrade
from ops.local.gateway.parts import Parts
from ops.local.moto_app import MotoApp
from ops.local.websocket import GOING_AWAY


class Gateway:
    """Serves everything on one socket. Start it, and close it when done."""

    def __init__(self, parts: Parts, moto: MotoApp, shutdown: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._moto = moto
        self._control = Control(parts, shutdown)
        # auto_decompress off: moto is to see the body as the client signed it.
        self._server = web.Server(self._answer, auto_decompress=False, max_field_size=16_384, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.5)
        self.port = 0

    async def start(self, listener: socket.socket) -> None:
        """Serve on a bound socket."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener, backlog=1024).start()
        self.port = listener.getsockname()[1]

    async def close(self) -> None:
        """Close the clients with 1001 and stop; handlers still running are left behind.

        $disconnect is not run: there is nothing left to run it.
        """
        for connection in self._parts.connections:
            connection.leave(*GOING_AWAY)
        for task in list(self._parts.tasks):
            task.cancel()
        await asyncio.gather(*self._parts.tasks, return_exceptions=True)
        await self._runner.cleanup()
        self._moto.close()
        self._parts.access_log.close()

    async def _answer(self, request: BaseRequest) -> web.StreamResponse:
        if is_upgrade(request):
            through_edge = await distribution.answer(self._parts, request)
            return through_edge or await upgrade(self._parts, request, Address.of(request))
        _continue(request)
        if request.raw_path.startswith(PREFIX):
            return await self._control.answer(request)
        return await self._api(request) or await self._aws(request)

    async def _api(self, request: BaseRequest) -> web.StreamResponse | None:
        """Answer for an HTTP API: under its own host name, or through the edge."""
        address = Address.of(request)
        api = http_api.find(self._parts, address)
        if api is not None:
            return await http_api.answer(self._parts, request, api, address)
        return await distribution.answer(self._parts, request)

    async def _aws(self, request: BaseRequest) -> web.Response:
        """Answer for AWS's own APIs."""
        target = management.parse_path(request.raw_path)
        if target is not None:
            return await management.manage(self._parts, request, target)
        function = invoke.parse_path(request.raw_path)
        if function is not None and request.method == "POST":
            return await invoke.invoke(self._parts, request, function)
        return await self._moto.answer(request)


def _continue(request: BaseRequest) -> None:
    """Ask for the body of a client that waits to be asked, as boto3 does when it uploads to S3."""
    transport = request.transport
    if transport is not None and request.headers.get("Expect", "").lower() == "100-continue":
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
