"""One client's WebSocket connection: frames in and out, limits, timers, the way it ends.

The wire protocol is the `websockets` library's sans-I/O one, which answers pings and checks the
size of each frame before it is put together. Limits and close codes: API Gateway developer guide,
"Quotas" (32 KB a frame, 128 KB a message: 1009; idle 10 minutes; 2 hours) and "Working with binary
media types" (binary: 1003).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from ops.local.events import Session

MAX_FRAME = 32 * 1024
MAX_MESSAGE = 128 * 1024
MAX_UNSENT = 1024 * 1024
"""Bytes that may wait for a slow reader before it is told that the buffer is full."""

NO_STATUS = (1005, "Client-side close frame status not set")
DELETED = (1000, "Connection Closed Normally")
GOING_AWAY = (1001, "Going away")
# No event of a lost network connection was ever published: RFC 6455's code for it, no reason.
LOST = (1006, "")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: without data in either direction, in all, and for the peer to close its side."""

    idle: float = 600.0
    duration: float = 7200.0
    closing: float = 5.0


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a connection tells: each text message, and once the code and reason of its end."""

    message: Callable[[str], None]
    ended: Callable[[int, str], None]


class ClientConnection:
    """A connection after its upgrade; it fits aiohttp's `set_parser`."""

    def __init__(self, session: Session, transport: asyncio.Transport, limits: Limits, listener: Listener) -> None:
        self.session = session
        self.last_active = time.time()
        self.closed = asyncio.Event()
        self._transport = transport
        self._limits = limits
        self._listener = listener
        self._protocol = Protocol(Side.SERVER, max_size=(MAX_MESSAGE, MAX_FRAME))
        self._fragments: list[bytes] = []
        self._ended = self._failed = False
        loop = self._loop = asyncio.get_running_loop()
        self._last_data = loop.time()
        self._abort_timer: asyncio.TimerHandle | None = None
        self._idle_timer = loop.call_later(limits.idle, self._check_idle)
        self._duration_timer = loop.call_later(limits.duration, self.close, *GOING_AWAY)

    @property
    def is_open(self) -> bool:
        """Whether a frame can still be sent."""
        return self._protocol.state is State.OPEN and not self._transport.is_closing()

    @property
    def is_congested(self) -> bool:
        """Whether the client reads so slowly that no more should be queued for it."""
        return self._transport.get_write_buffer_size() > MAX_UNSENT

    def send(self, payload: bytes) -> None:
        """Write a text frame; nothing happens if the connection is closing."""
        if self.is_open:
            self._touch()
            self._protocol.send_text(payload)
            self._flush()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and end; a client that does not answer is cut soon after."""
        if self._protocol.state is State.OPEN:
            # A close reason of ours is not seen on AWS apart from the one of the timers.
            self._protocol.send_close(code, reason if (code, reason) == GOING_AWAY else "")
            self._flush()
        self._end(code, reason)

    def leave(self, code: int, reason: str) -> None:
        """Send a close frame and let the connection go without telling the listener."""
        self._ended = True
        self._cancel_timers()
        self.close(code, reason)
        self._transport.close()
        self.closed.set()

    def cut(self) -> None:
        """Drop the TCP connection without a close frame, as a failing network does."""
        self._end(*LOST)
        self._transport.abort()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes from aiohttp; never the end of the payload, never a tail."""
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            if self._ended or self._failed:
                break
            assert isinstance(frame, Frame)
            self._receive(frame)
        self._flush()
        if self._protocol.state is not State.OPEN:
            self._end(*self._outcome())
        return False, b""

    def feed_eof(self) -> None:
        """Take the end of the TCP connection from aiohttp."""
        self._protocol.receive_eof()
        self._end(*LOST)
        self._cancel_timers()
        if self._abort_timer:
            self._abort_timer.cancel()
        self.closed.set()

    def _receive(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self._fail(1003)
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._touch()
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._deliver()

    def _deliver(self) -> None:
        payload = b"".join(self._fragments)
        self._fragments.clear()
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self._fail(1007)
            return
        self._listener.message(text)

    def _fail(self, code: int) -> None:
        self._failed = True
        self._protocol.fail(code)

    def _outcome(self) -> tuple[int, str]:
        """Say how the client, or its breach of the protocol, ended the connection."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        first = received or sent
        if first is None:
            return LOST
        return NO_STATUS if first.code == NO_STATUS[0] else (first.code, first.reason)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof() and not self._transport.is_closing():
                # Half-closed, so that a close frame is not lost to a reset while the
                # client still sends.
                self._transport.write_eof()

    def _touch(self) -> None:
        self.last_active = time.time()
        self._last_data = self._loop.time()

    def _check_idle(self) -> None:
        """Close when idle; otherwise look again when the last data will have been long enough."""
        due = self._last_data + self._limits.idle
        if due <= self._loop.time():
            self.close(*GOING_AWAY)
        else:
            self._idle_timer = self._loop.call_at(due, self._check_idle)

    def _cancel_timers(self) -> None:
        self._idle_timer.cancel()
        self._duration_timer.cancel()

    def _end(self, code: int, reason: str) -> None:
        """Tell the listener once, and leave the peer a moment to close."""
        if self._ended:
            return
        self._ended = True
        self._cancel_timers()
        self._abort_timer = self._loop.call_later(self._limits.closing, self._transport.abort)
        self._listener.ended(code, reason)
