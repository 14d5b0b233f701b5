"""The way to the apps' endpoints: somebody else's servers, at addresses that are checked before anything is sent.

Each request has a thread and a connection of its own. The transport that serves AWS trusts its peer: it looks names up
while others wait, and keeps whatever an answer holds.
"""

from __future__ import annotations

import functools
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from realtime.domain.urls import address_allowed, check_webhook_url
from realtime.ports import WebhookAnswer, WebhookRequest

from .connection import Address, Origin, resolve
from .http1 import Request

# Pusher's. It holds for all phases together, from the look-up of the name to the answer's head.
TIMEOUT_SECONDS = 4.0
# A batch of the queue has ten messages and so ten requests at most.
_MAX_THREADS = 16
_READ_BYTES = 4096
_MAX_HEAD_BYTES = 16_384
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")

Resolve = Callable[[Origin], Sequence[Address]]
Connect = Callable[[Address, float], socket.socket]


class _Failure(Exception):
    """Why there is no answer. The text quotes neither the URL nor what the peer sent."""


def connect(address: Address, timeout: float) -> socket.socket:
    """A connection to an address, within so many seconds. Raises OSError."""
    raw = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        raw.settimeout(timeout)
        raw.connect(address.name)
    except BaseException:
        raw.close()
        raise
    return raw


class _Ways(NamedTuple):
    """How deliveries go out."""

    insecure: bool
    timeout: float
    resolve: Resolve
    connect: Connect
    clock: Callable[[], float]
    tls: Callable[[], ssl.SSLContext]


class HttpWebhookSender:
    """The WebhookSender port. With `insecure` http and any address will do: for the local AWS only."""

    def __init__(
        self,
        *,
        insecure: bool,
        timeout: float = TIMEOUT_SECONDS,
        resolve: Resolve = resolve,
        connect: Connect = connect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Once for all: to read the certificates that are trusted takes a while.
        self._ways = _Ways(insecure, timeout, resolve, connect, clock, functools.cache(ssl.create_default_context))

    def post_all(self, requests: Sequence[WebhookRequest]) -> list[WebhookAnswer]:
        answers = []
        for start in range(0, len(requests), _MAX_THREADS):
            under_way = [_Delivery(request, self._ways) for request in requests[start : start + _MAX_THREADS]]
            answers += [delivery.finish() for delivery in under_way]
        return answers


class _Delivery:
    """One request under way."""

    def __init__(self, request: WebhookRequest, ways: _Ways) -> None:
        self._request = request
        self._ways = ways
        self._deadline = ways.clock() + ways.timeout
        self._given_up = False
        self._answer = WebhookAnswer(None, "timed out")
        # A look-up cannot be interrupted: the thread that waits for one must not keep the process.
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def finish(self) -> WebhookAnswer:
        """Wait for the answer, until the time is over."""
        self._thread.join(max(0.0, self._deadline - self._ways.clock()))
        self._given_up = True
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = WebhookAnswer(self._exchange())
        except TimeoutError:
            pass
        except _Failure as failure:
            self._answer = WebhookAnswer(None, str(failure))
        except ssl.SSLCertVerificationError as failure:
            self._answer = WebhookAnswer(None, f"certificate refused: {failure.verify_message}")
        except OSError as failure:
            self._answer = WebhookAnswer(None, failure.strerror or type(failure).__name__)
        except Exception as bug:
            # A thread's traceback would go to the log, and may quote the URL.
            self._answer = WebhookAnswer(None, type(bug).__name__)

    def _exchange(self) -> int:
        origin, target = self._where()
        addresses = self._addresses(origin)
        headers = {"Host": origin.authority, "Connection": "close", **self._request.headers}
        data = Request("POST", target, headers, self._request.body).encode()
        with self._connected(addresses) as raw:
            stream = self._secured(raw, origin) if origin.tls else raw
            with stream:
                self._write(stream, data)
                return self._read_status(stream)

    def _where(self) -> tuple[Origin, str]:
        try:
            check_webhook_url(self._request.url, insecure=self._ways.insecure)
        except ValueError as problem:
            raise _Failure(f"refused: {problem}") from None
        parts = urlsplit(self._request.url)
        return Origin.parse(self._request.url), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _addresses(self, origin: Origin) -> Sequence[Address]:
        """Where the name leads, looked up once: a second look-up may find another address than was checked."""
        addresses = self._ways.resolve(origin)
        if not self._ways.insecure and not all(address_allowed(address.name[0]) for address in addresses):
            raise _Failure("refused: its host leads to an address that is not public")
        return addresses

    def _connected(self, addresses: Sequence[Address]) -> socket.socket:
        failure: OSError = OSError("no address")
        for index, address in enumerate(addresses):
            try:
                # A share each: one that does not answer leaves time for the others.
                return self._ways.connect(address, self._left() / (len(addresses) - index))
            except OSError as error:
                failure = error
        raise failure

    def _secured(self, raw: socket.socket, origin: Origin) -> ssl.SSLSocket:
        tls = self._ways.tls()
        raw.settimeout(self._left())
        return tls.wrap_socket(raw, server_hostname=origin.host.removesuffix("."))

    def _write(self, stream: socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            stream.settimeout(self._left())
            rest = rest[stream.send(rest) :]

    def _read_status(self, stream: socket.socket) -> int:
        """The status of the answer, once its head has come; informational ones before it are passed over."""
        head = bytearray()
        while True:
            end = head.find(b"\r\n\r\n")
            if end >= 0:
                status = _status_in(head)
                if status >= 200:
                    return status
                del head[: end + 4]
                continue
            if len(head) > _MAX_HEAD_BYTES:
                raise _Failure("answer's head too long")
            stream.settimeout(self._left())
            data = stream.recv(_READ_BYTES)
            if not data:
                raise _Failure("closed by the peer")
            head += data

    def _left(self) -> float:
        """Seconds until the time is over. Raises TimeoutError."""
        left = self._deadline - self._ways.clock()
        # Lambda stops the clock between invocations; nobody waits any more for what goes on then.
        if left <= 0 or self._given_up:
            raise TimeoutError
        return left


def _status_in(head: bytes | bytearray) -> int:
    line = _STATUS_LINE.match(head)
    if line is None:
        raise _Failure("no answer of HTTP/1.1")
    return int(line[1])
