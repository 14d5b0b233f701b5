"""The counting sink's server: every connection in one thread, with a selector.

It must never be what limits the engine beside it, so it does as little as it can for each request: no asyncio, whose
TLS costs several times as much, and answers that are built beforehand.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from bench.sinks.plan import Plan, Reader, Report, Step
from bench.sinks.wire import Received, Wire

# How often what is asked of the sink itself lets the clients go first: what they did before is then in the report.
_AFTER_YOU = 200
_ERRORS = {
    400: "BadRequestException",
    403: "ForbiddenException",
    410: "GoneException",
    413: "PayloadTooLargeException",
    429: "LimitExceededException",
    503: "ServiceUnavailableException",
}


@cache
def answer(status: int) -> bytes:
    """A whole answer, of about the size that API Gateway's have."""
    body = b"" if status < 300 else b'{"message":null}'
    error = f"x-amzn-ErrorType: {_ERRORS.get(status, 'InternalServerErrorException')}\r\n" if body else ""
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Answer'}\r\n"
        "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-amzn-RequestId: 7b1c9b0e-0f4e-4a2f-8f0c-6f6b7a1d2e3f\r\n{error}x-amz-apigw-id: Qyi3UG41tjMFlUg=\r\n\r\n"
    )
    return head.encode() + body


class _Play(NamedTuple):
    """A step made ready: `at_once` is the answer where that is all that the step asks for."""

    step: Step
    takes: bool
    at_once: bytes | None


@cache
def _play(step: Step) -> _Play:
    return _Play(step, step.takes, answer(step.status) if step.how == "whole" and not step.delay else None)


class _Counts:
    """What happened to one connection id so far."""

    __slots__ = ("asked", "closed", "frames", "plays", "taken", "tries")

    def __init__(self, steps: Sequence[Step]) -> None:
        self.plays = [_play(step) for step in steps]
        self.tries = self.asked = self.taken = self.closed = 0
        self.frames: list[bytes] = []

    def next_play(self) -> _Play:
        self.tries += 1
        return self.plays[min(self.tries, len(self.plays)) - 1]


class Sink:
    """Serves what comes to a listening socket, as the plan says, until `end`."""

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listener = listener
        self._tls = tls
        self._selector = selectors.DefaultSelector()
        self._wires: set[Wire] = set()
        self._timers: list[tuple[float, int, Wire, Callable[[], None]]] = []
        self._numbers = count()
        self._ended = False
        self._in_flight = 0
        self.follow(Plan())
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, None)

    def follow(self, plan: Plan) -> None:
        """From now on, do what this plan says, and forget what was counted."""
        self._plan = plan
        self._readers: dict[bytes, _Counts] = {}
        self._accepted = 0
        self._most_open = len(self._wires)
        self._most_in_flight = self._in_flight

    def report(self) -> Report:
        """What was counted."""
        readers = {
            _connection_id(target): Reader(
                counts.asked, counts.taken, counts.closed, [frame.decode("utf-8", "replace") for frame in counts.frames]
            )
            for target, counts in self._readers.items()
        }
        return Report(readers, self._accepted, len(self._wires), self._most_open, self._in_flight, self._most_in_flight)

    def end(self) -> None:
        """Stop serving."""
        self._ended = True

    def serve(self, control: int, asked: Callable[[], None]) -> None:
        """Until it is ended. `asked` is called when this file descriptor can be read."""
        self._selector.register(control, selectors.EVENT_READ, asked)
        put_off = 0
        while not self._ended:
            ready = self._selector.select(self._left())
            for key, _ in ready:
                if type(key.data) is Wire:
                    self._serve(key.data)
                elif key.data is None:
                    self._accept()
                elif len(ready) == 1 or put_off >= _AFTER_YOU:
                    put_off = 0
                    asked()
                else:
                    put_off += 1
            self._wake()

    def _left(self) -> float | None:
        """The seconds until something is to be done unasked."""
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _wake(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            _, _, wire, act = heapq.heappop(self._timers)
            if wire in self._wires:
                self._guarded(wire, act)

    def _later(self, seconds: float, wire: Wire, act: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), wire, act))

    def _accept(self) -> None:
        try:
            raw, _ = self._listener.accept()
        except OSError:
            return
        wire = Wire(raw, self._tls)
        self._wires.add(wire)
        self._accepted += 1
        self._most_open = max(self._most_open, len(self._wires))
        self._selector.register(wire, wire.interest, wire)

    def _serve(self, wire: Wire) -> None:
        try:
            if wire.read() and not wire.busy:
                self._answer(wire)
            elif wire.waits_for != wire.interest:
                self._wait(wire)
        except (OSError, ValueError):
            self._drop(wire)

    def _guarded(self, wire: Wire, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, ValueError):
            self._drop(wire)

    def _wait(self, wire: Wire) -> None:
        wire.interest = wire.waits_for
        self._selector.modify(wire, wire.interest, wire)

    def _answer(self, wire: Wire) -> None:
        """Answer the requests that are here, up to one that takes longer."""
        while not wire.busy and (received := wire.take()) is not None:
            play = self._count(received)
            if play.at_once is None:
                self._begin(wire, play.step)
            else:
                wire.write(play.at_once)
        if wire in self._wires and wire.waits_for != wire.interest:
            self._wait(wire)

    def _count(self, received: Received) -> _Play:
        """Note a request and say what becomes of it."""
        counts = self._readers.get(received.target)
        if counts is None:
            counts = _Counts(self._plan.steps(_connection_id(received.target)))
            self._readers[received.target] = counts
        play = counts.next_play()
        if received.method == b"POST":
            counts.asked += 1
            if play.takes:
                counts.taken += 1
                if self._plan.keep_frames:
                    counts.frames.append(received.body)
        elif received.method == b"DELETE" and play.takes:
            counts.closed += 1
        return play

    def _begin(self, wire: Wire, step: Step) -> None:
        """An answer that takes its time, or none."""
        wire.busy = True
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        if step.how == "trickle":
            self._trickle(wire, step, 0)
        elif step.how != "hang":
            self._later(step.delay, wire, lambda: self._finish(wire, step))

    def _trickle(self, wire: Wire, step: Step, sent: int) -> None:
        whole = answer(step.status)
        wire.write(whole[sent : sent + 1])
        if sent + 1 < len(whole):
            self._later(step.delay, wire, lambda: self._trickle(wire, step, sent + 1))
        else:
            self._next(wire)

    def _finish(self, wire: Wire, step: Step) -> None:
        whole = answer(step.status)
        if step.how == "cut":
            wire.write(whole[: len(whole) // 2])
        elif step.how in ("whole", "last"):
            wire.write(whole)
        elif step.how == "reset":
            wire.reset()
        if step.how == "whole":
            self._next(wire)
        else:
            self._drop(wire)

    def _next(self, wire: Wire) -> None:
        wire.busy = False
        self._in_flight -= 1
        self._answer(wire)

    def _drop(self, wire: Wire) -> None:
        self._wires.discard(wire)
        self._in_flight -= wire.busy
        self._selector.unregister(wire)
        wire.close()


def _connection_id(target: bytes) -> str:
    return unquote_to_bytes(target.rpartition(b"/")[2]).decode("utf-8", "replace")
