"""One non-blocking connection to an HTTP server: connect, TLS handshake, write, read, again."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .http1 import ProtocolError, Response, ResponseParser

_READ_BYTES = 65_536


class Broken(Exception):
    """The connection cannot be used any more."""


class Origin(NamedTuple):
    """Where to connect. `authority` is what the Host header says."""

    host: str
    port: int
    tls: bool
    authority: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        """The origin of an http or https URL; its path is ignored. Raises ValueError for any other URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https URL")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, parts.netloc)


class Address(NamedTuple):
    """Where a socket connects to."""

    family: socket.AddressFamily
    name: Any


def resolve(origin: Origin) -> list[Address]:
    """The addresses of an origin. Blocks. Raises OSError when its name does not resolve."""
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    return [Address(family, name) for family, _, _, _, name in found]


class Connection:
    """`begin` a request, then `advance` whenever the socket is ready for `interest`, until it returns the response."""

    def __init__(self, origin: Origin, address: Address, tls: ssl.SSLContext | None) -> None:
        """Begin to connect to one of the origin's addresses. Raises OSError when no route leads there."""
        raw = socket.socket(address.family, socket.SOCK_STREAM)
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = raw.connect_ex(address.name)
        if error not in (0, errno.EINPROGRESS):
            raw.close()
            raise OSError(error, os.strerror(error))
        self._socket: socket.socket = raw
        self._tls = tls
        self._server_name = origin.host
        self._connected = False
        self._secured = tls is None
        self._parser = ResponseParser()
        self._out = memoryview(b"")
        self._interest = selectors.EVENT_WRITE
        self._used = False
        self.sent = False

    @property
    def stale(self) -> bool:
        """Whether an earlier exchange used this connection and no byte of the current one's answer has come."""
        return self._used and not self._parser.started

    def fileno(self) -> int:
        return self._socket.fileno()

    def interest(self) -> int:
        """What to wait for: selectors.EVENT_READ or EVENT_WRITE."""
        return self._interest

    def looks_alive(self) -> bool:
        """Whether an idle connection still stands: anything to read, an end of stream above all, means it does not."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return not self._parser.started and not selector.select(0)

    def begin(self, request: bytes) -> None:
        """Take a request to send."""
        self._out = memoryview(request)
        self._interest = selectors.EVENT_WRITE
        self.sent = False

    def advance(self) -> Response | None:
        """Do what can be done without waiting. Raises Broken."""
        try:
            return self._advance()
        except (BlockingIOError, ssl.SSLWantReadError):
            self._interest = selectors.EVENT_READ if self._connected else selectors.EVENT_WRITE
        except ssl.SSLWantWriteError:
            self._interest = selectors.EVENT_WRITE
        except (OSError, ProtocolError) as failure:
            raise Broken(getattr(failure, "strerror", None) or str(failure) or type(failure).__name__) from failure
        return None

    def close(self) -> None:
        self._socket.close()

    def _advance(self) -> Response | None:
        if not self._connected:
            self._connect()
        if not self._secured:
            self._secure()
        if self._out:
            self._write()
        return self._read()

    def _connect(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        try:
            self._socket.getpeername()
        except OSError:
            raise BlockingIOError from None
        self._connected = True

    def _secure(self) -> None:
        assert self._tls is not None
        if not isinstance(self._socket, ssl.SSLSocket):
            self._socket = self._tls.wrap_socket(
                self._socket, server_hostname=self._server_name, do_handshake_on_connect=False
            )
        self._socket.do_handshake()
        self._secured = True

    def _write(self) -> None:
        while self._out:
            try:
                count = self._socket.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError):
                raise ssl.SSLWantWriteError from None
            self.sent = True
            self._out = self._out[count:]

    def _read(self) -> Response | None:
        while True:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise Broken("closed by the peer")
            response = self._parser.feed(data)
            if response is not None:
                self._used = True
                return response
