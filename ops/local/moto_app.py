"""moto in this process: its WSGI application, called in threads, without a port of its own."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import web
from aiohttp.web_request import BaseRequest
from multidict import CIMultiDict

from ops.local import moto_speed
from ops.local.faults import Faults
from ops.local.gateway.responses import json_response
from ops.local.queues import store, waiting

logger = logging.getLogger(__name__)

T = TypeVar("T")

Environ = dict[str, Any]

_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "expect"})
_PRESERVED = "moto.preserved_header_names"


class MotoApp:
    """Answers with moto what nobody else answers."""

    def __init__(self, faults: Faults) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        moto_speed.install()
        store.install()
        self._app = DomainDispatcherApplication(create_backend_app)
        self._faults = faults
        # moto builds its routing tables at the first call of each service, and two threads that do so at once
        # fail each other. One thread is not slower: moto computes, and Python computes one thing at a time.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="moto")
        # moto's tables have no locks: UpdateItem reads, checks its condition, then writes, and a
        # query fails if a table grows meanwhile. One thread makes every call atomic.
        self._dynamodb = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dynamodb")

    async def answer(self, request: BaseRequest) -> web.Response:
        """Pass a request on, or let a fault of DynamoDB strike."""
        body = await request.content.read()
        target = request.headers.get("X-Amz-Target", "")
        if target.startswith("DynamoDB"):
            failed = self._strike(target, body)
            if failed is not None:
                return failed
            return await self._in(self._dynamodb, self._call, _environ(request, body))
        if target == waiting.TARGET:
            return await waiting.receive(lambda given: self.run(self._call, _environ(request, given)), body)
        return await self.run(self._call, _environ(request, body))

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call `function`, which uses moto, in the thread in which moto is called for all but DynamoDB."""
        return await self._in(self._threads, function, *arguments)

    async def _in(self, threads: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)

    def close(self) -> None:
        """Let go of the threads; calls still running are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._dynamodb.shutdown(wait=False, cancel_futures=True)

    def _strike(self, target: str, body: bytes) -> web.Response | None:
        subject = f"{target.partition('.')[2]} {' '.join(_tables(body))}"
        fault = self._faults.strike("dynamodb-error", subject)
        if fault is None:
            return None
        if fault.struck % 2:
            return _dynamodb_error(500, "InternalServerError", "Internal server error")
        name, text = "ProvisionedThroughputExceededException", "Throughput exceeded"
        return _dynamodb_error(400, name, text)

    def _call(self, environ: Environ) -> web.Response:
        reply = _Reply()
        try:
            chunks: Iterable[bytes] = self._app(environ, reply.start)
            body = b"".join(chunks)
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        except NotImplementedError as error:
            # Not 500, which Terraform's AWS provider would repeat for minutes.
            return _failure(501, "NotImplementedException", str(error) or "moto has no such action")
        except Exception as error:  # whatever moto stumbles over is an answer, not our end
            logger.exception("moto failed", extra={"path": environ["PATH_INFO"]})
            return _failure(500, "InternalFailure", f"{type(error).__name__}: {error}")
        return reply.response(body, is_head=environ["REQUEST_METHOD"] == "HEAD")


@dataclass(slots=True)
class _Reply:
    """Receives what a WSGI application answers."""

    status: int = 500
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        """Be the `start_response` of PEP 3333."""
        self.status = int(status.partition(" ")[0])
        self.headers = CIMultiDict(headers)

    def response(self, body: bytes, *, is_head: bool) -> web.Response:
        """Turn the answer into aiohttp's; a HEAD keeps the length of the body it leaves out."""
        for name in _HOP_BY_HOP:
            self.headers.popall(name, None)
        if not is_head:
            self.headers.popall("Content-Length", None)
        return web.Response(status=self.status, headers=self.headers, body=body)


def _environ(request: BaseRequest, body: bytes) -> Environ:
    """Build the environment of PEP 3333, and RAW_URI, by which moto sees encoded S3 keys."""
    raw_path = request.raw_path
    path, _, query = raw_path.partition("?")
    host, _, port = request.headers.get("Host", "127.0.0.1").partition(":")
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": raw_path,
        "REQUEST_URI": raw_path,
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.remote or "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return environ | _header_variables(request)


def _header_variables(request: BaseRequest) -> Environ:
    """Return HTTP_* variables; names with an underscore only where S3 metadata may have them."""
    variables: Environ = {}
    preserved: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower in _HOP_BY_HOP or lower == "content-length":
            continue
        key = name.upper().replace("-", "_")
        if "_" in name:
            if not lower.startswith("x-amz-meta-"):
                continue
            preserved[f"HTTP_{key}"] = name
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        variables[key] = f"{variables[key]},{value}" if key in variables else value
    return variables | {_PRESERVED: preserved}


def _tables(body: bytes) -> list[str]:
    """Return the tables that a DynamoDB request names."""
    try:
        call = json.loads(body)
    except ValueError:
        return []
    if not isinstance(call, dict):
        return []
    steps = [step for item in call.get("TransactItems", []) for step in item.values()]
    named = [call.get("TableName"), *call.get("RequestItems", {})]
    return [str(name) for name in [*named, *(step.get("TableName") for step in steps)] if name]


def _dynamodb_error(status: int, kind: str, message: str) -> web.Response:
    return json_response(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": message})


def _failure(status: int, kind: str, message: str) -> web.Response:
    body = {"__type": kind, "message": message}
    return json_response(status, body, {"x-amzn-ErrorType": kind})
