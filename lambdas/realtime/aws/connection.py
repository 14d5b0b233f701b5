"""One non-blocking connection to an HTTP server: connect, TLS handshake, write, read, again."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .http1 import ProtocolError, Response, ResponseParser
from .poller import READ, WRITE, readable
from .untaken import untaken

# A record of TLS has no more, so nothing is left in the socket's own buffer, where no poller would see it. Four times
# that took 1 µs longer per read, for memory that is given back at once.
_READ_BYTES = 16_384


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


class Tls:
    """How connections to one host are encrypted. The later ones resume the session of an earlier one: that saves a
    third of a handshake's CPU here, more where the peer's certificates are longer.
    """

    def __init__(self, host: str) -> None:
        self._context = ssl.create_default_context()
        self._host = host
        self._session: ssl.SSLSession | None = None

    def wrap(self, raw: socket.socket) -> ssl.SSLSocket:
        """The same socket, encrypted once its handshake is done."""
        return self._context.wrap_socket(
            raw, server_hostname=self._host, do_handshake_on_connect=False, session=self._session
        )

    def remember(self, stream: ssl.SSLSocket) -> None:
        """Learn from a connection that has been answered: with TLS 1.3 a session comes after the handshake."""
        if self._session is None:
            self._session = stream.session
        elif not stream.session_reused:
            # The peer does not know it any more; the next one that is answered brings another.
            self._session = None


class Connection:
    """`begin` a request, then `advance` whenever the socket is ready for `interest`, and hand what that returns to
    `answer`, until this has the response.
    """

    __slots__ = (
        *("_out", "_socket", "_tls", "_send", "_fresh", "_receive"),
        *("fd", "interest", "kept_at", "parser", "ready", "rested", "sent", "watched"),
    )

    def __init__(self, address: Address, tls: Tls | None) -> None:
        """Begin to connect to an address. Raises OSError when no route leads there."""
        raw = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            error = raw.connect_ex(address.name)
            if error not in (0, errno.EINPROGRESS):
                raise OSError(error, os.strerror(error))
        except BaseException:
            raw.close()
            raise
        self._socket: socket.socket = raw
        self._send: Callable[[bytes | memoryview], int] = raw.send
        self._receive: Callable[[int], bytes] = raw.recv
        self._tls = tls
        self.parser = ResponseParser()
        self._out: bytes | memoryview = b""
        # Whether it has not served yet.
        self._fresh = True
        self.fd = raw.fileno()
        # What to wait for, READ or WRITE.
        self.interest = WRITE
        # What is being waited for.
        self.watched = 0
        # Whether it is connected, and encrypted if it is to be.
        self.ready = False
        # When it was laid aside, in seconds of the transport's clock, and whether that was long before it was taken up.
        self.kept_at = 0.0
        self.rested = False
        # Whether a part of the current request has gone out.
        self.sent = False

    def looks_alive(self) -> bool:
        """Whether an idle connection still stands: anything to read, an end of stream above all, means it does not."""
        return not self.parser.started and not readable(self.fd)

    @property
    def stale(self) -> bool:
        """Whether it broke in a way that shows that the peer did not act on the request: that may go out once more.

        Only for a connection that served before and broke before a byte of the answer: the peer may have closed it,
        as peers do with idle ones, while the request was under way. That is taken for granted if
        - nothing had been written,
        - or the peer ended the stream before its machine had taken the whole request in,
        - or the connection had rested: then the peer, or a router in between, most likely forgot it long before.
        Else the peer may well have read the request and fallen over it, and the client may have heard the frame.
        """
        if self._fresh or self.parser.started:
            return False
        return not self.sent or self.rested or untaken(self._socket)

    def begin(self, request: bytes) -> None:
        """Take a request to send, and send what can be sent without waiting. Breaks, if it does, in `advance`."""
        self._out = request
        self.sent = False
        self.interest = WRITE
        if self.ready:
            try:
                self._write()
            except OSError:
                # It shows again in `advance`, which deals with it.
                return

    def advance(self) -> bytes | None:
        """Do what can be done without waiting; return what has come of the answer, for `answer`. Raises Broken."""
        try:
            if self._out or not self.ready:
                self._move()
                # The answer is not there yet: to try and read it would cost a system call and an exception.
                return None
            data = self._receive(_READ_BYTES)
        except BlockingIOError:
            self.interest = WRITE if self._out else READ
            return None
        except ssl.SSLWantReadError:
            self.interest = READ
            return None
        except ssl.SSLWantWriteError:
            self.interest = WRITE
            return None
        except OSError as failure:
            raise Broken(failure.strerror or str(failure) or type(failure).__name__) from failure
        if not data:
            raise Broken("closed by the peer")
        return data

    def answer(self, data: bytes) -> Response | None:
        """Take what has come of the answer; return it once it is whole. Raises Broken."""
        try:
            response = self.parser.feed(data)
        except ProtocolError as failure:
            raise Broken(str(failure)) from failure
        if response is not None:
            if self._fresh:
                self._answered()
            self.rested = False
        return response

    @property
    def reusable(self) -> bool:
        """Whether it can serve again after a whole answer. Not with more than that answer in it: it would be taken for
        the next one.
        """
        return not self.parser.closes and not self.parser.started

    def close(self) -> None:
        self._socket.close()

    def _move(self) -> None:
        if not self.ready:
            self._establish()
        while self._out:
            self._write()

    def _write(self) -> None:
        out = self._out
        count = self._send(out)
        self.sent = True
        if count == len(out):
            # Most often all of it went out at once.
            self._out = b""
            self.interest = READ
        else:
            self._out = memoryview(out)[count:]

    def _establish(self) -> None:
        if not isinstance(self._socket, ssl.SSLSocket):
            self._connect()
            if self._tls is not None:
                self._socket = self._tls.wrap(self._socket)
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.do_handshake()
        self._send, self._receive = self._socket.send, self._socket.recv
        self.ready = True

    def _connect(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        try:
            self._socket.getpeername()
        except OSError:
            raise ssl.SSLWantWriteError from None

    def _answered(self) -> None:
        self._fresh = False
        if self._tls is not None and isinstance(self._socket, ssl.SSLSocket):
            self._tls.remember(self._socket)
