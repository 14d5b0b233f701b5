"""One client's connection to the counting sink: requests come out of it, answers go into it, nothing ever waits."""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
from typing import NamedTuple

_READ_BYTES = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)


class Received(NamedTuple):
    """A request; `target` is percent-encoded."""

    method: bytes
    target: bytes
    body: bytes


class Wire:
    """`read` when it is ready, then `take` until it returns None.

    `busy` is for the owner: a request is being answered, and the next has to wait. `interest` is what the owner waits
    for, `waits_for` what it is to wait for from now on.
    """

    __slots__ = ("_buffer", "_out", "_secured", "_socket", "_tls", "busy", "interest", "waits_for")

    def __init__(self, raw: socket.socket, tls: ssl.SSLContext | None) -> None:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = tls
        self._secured = tls is None
        self._socket = raw
        if tls is not None:
            self._socket = tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self._buffer = b""
        self._out = b""
        self.busy = False
        self.interest = self.waits_for = selectors.EVENT_READ

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> bool:
        """Do what can be done without waiting. False if nothing new can have come; raises OSError at the end."""
        self.waits_for = selectors.EVENT_READ
        try:
            if not self._secured:
                assert isinstance(self._socket, ssl.SSLSocket)
                self._socket.do_handshake()
                self._secured = True
            if self._out:
                self.write(b"")
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except ssl.SSLWantWriteError:
            self.waits_for |= selectors.EVENT_WRITE
            return False
        if not data:
            raise ConnectionResetError
        self._buffer = self._buffer + data if self._buffer else data
        return True

    def take(self) -> Received | None:
        """The next request, if it is here as a whole. Raises ValueError for what is no request."""
        data = self._buffer
        if not data:
            return None
        head = data.find(b"\r\n\r\n") + 4
        if head < 4:
            return None
        end = head + _length(data, head)
        if len(data) < end:
            return None
        self._buffer = data[end:]
        space = data.index(b" ")
        target = data[space + 1 : data.index(b" ", space + 1)]
        return Received(data[:space], target, data[head:end])

    def write(self, data: bytes) -> None:
        """Send as much as goes; the rest follows when the connection is ready. Raises OSError."""
        data = self._out + data
        try:
            self._out = data[self._socket.send(data) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self._out = data
        if self._out:
            self.waits_for |= selectors.EVENT_WRITE

    def reset(self) -> None:
        """Close at once: the client is told that the connection is reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._socket.close()

    def close(self) -> None:
        self._socket.close()


def _length(data: bytes, head: int) -> int:
    """The size of the body of the request whose body begins at `head`. Raises ValueError."""
    start = data.find(b"content-length:", 0, head)
    if start < 0:
        start = data.find(b"Content-Length:", 0, head)
    if start < 0:
        start = data[:head].lower().find(b"content-length:")
    if start < 0:
        if b"chunked" in data[:head].lower():
            raise ValueError("a body without a length")
        return 0
    return int(data[start + 15 : data.index(b"\r\n", start)])
