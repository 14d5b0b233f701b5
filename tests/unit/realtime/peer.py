"""The other end of a transport: a server on a loopback port whose every connection plays a script."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

PATIENCE = 30.0


class Wire:
    """One accepted connection. `number` counts connections from 0."""

    def __init__(self, peer: Peer, raw: socket.socket, number: int) -> None:
        self.number = number
        self.closed = threading.Event()
        self._peer = peer
        self._socket = raw
        self._file = raw.makefile("rb")

    @property
    def resumed(self) -> bool:
        """Whether the client resumed the session of an earlier connection."""
        return isinstance(self._socket, ssl.SSLSocket) and bool(self._socket.session_reused)

    def request(self) -> str | None:
        """Read a whole request; return its target, or None when the client has closed."""
        lines = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            lines.append(line.decode().strip())
        if not lines:
            return None
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        self._peer.bodies.append(self._file.read(length))
        target = lines[0].split(" ")[1]
        self._peer.targets.append(target)
        return target

    def answer(self, body: str = "", *, head: str = "") -> None:
        """Answer 200."""
        data = body.encode()
        self.send(f"HTTP/1.1 200 OK\r\n{head}content-length: {len(data)}\r\n\r\n".encode() + data)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def reset(self) -> None:
        """Close as a machine does that has crashed: without an end of stream."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self._socket.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()
        self.closed.set()


Script = Callable[[Wire], None]


def echo(wire: Wire) -> None:
    """Answer each request with its target."""
    while (target := wire.request()) is not None:
        wire.answer(target)


class Peer:
    """Listens while it is entered. `wires` are the connections that were accepted.

    `ended` is set when that ends: what a script may wait for to hang.
    """

    def __init__(self, script: Script = echo, tls: ssl.SSLContext | None = None) -> None:
        self.ended = threading.Event()
        self.targets: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._threads: list[threading.Thread] = []
        self.wires: list[Wire] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Peer:
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)
        self._listener.close()
        for wire in self.wires:
            wire.close()
        for thread in self._threads[1:]:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._threads.append(threading.Thread(target=self._serve, args=(raw, number)))
            self._threads[-1].start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        try:
            stream = self._tls.wrap_socket(raw, server_side=True) if self._tls else raw
        except OSError:
            raw.close()
            return
        wire = Wire(self, stream, number)
        self.wires.append(wire)
        with contextlib.suppress(OSError, ValueError):
            self._script(wire)
        wire.close()
