"""What is on its way to one connection: its frames in order, what became of them, and whether to try again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, Protocol

from realtime.ports import Fate, Posted

from .http1 import Response
from .job import Outcome

_DONE = (200, 204)
_GONE = (400, 410)
# An endpoint that is down or throttles is not to get three times as much: of all requests so many may be repeats, and
# so many in any case.
_REPEATED_SHARE = 0.1
_REPEATED_ANYWAY = 10


class Rules(NamedTuple):
    """How often a frame is tried, and when the tries end (seconds of `clock`)."""

    attempts: int
    ends_at: float
    clock: Callable[[], float]
    # Seconds to wait before trying again for the n-th time, from 1.
    pause: Callable[[int], float]


class Sender(Protocol):
    """Makes the requests of one call."""

    def request(self, connection_id: str, frame: str) -> bytes:
        """A signed request."""

    def reserve(self) -> float:
        """Seconds until one more request may be made."""


class Budget:
    """How many tries may be repeats. Not for use by two calls."""

    def __init__(self) -> None:
        self.lanes = 0
        self._repeats = 0

    def take(self) -> bool:
        """Take one, if there is one left."""
        allowed = self._repeats < max(_REPEATED_ANYWAY, self.lanes * _REPEATED_SHARE)
        self._repeats += allowed
        return allowed


class Call(NamedTuple):
    """What the lanes of one call share."""

    sender: Sender
    rules: Rules
    budget: Budget


class Lane:
    """A job of the transport."""

    __slots__ = ("_call", "_frames", "_sent", "_tries", "connection_id", "fate", "reason")

    def __init__(self, call: Call, connection_id: str, frame: str) -> None:
        self._call = call
        call.budget.lanes += 1
        # In a list, as there are seldom more than two.
        self._frames = [frame]
        self._tries = 0
        self._sent = False
        self.connection_id = connection_id
        self.fate: Fate = "failed"
        self.reason: str | None = None

    def add(self, frame: str) -> None:
        """One more frame, to be sent when those before have arrived."""
        self._frames.append(frame)

    def posted(self) -> Posted:
        """What became of it, once it is finished."""
        return Posted(self.connection_id, self.fate, self.reason, self._sent)

    def data(self) -> bytes:
        return self._call.sender.request(self.connection_id, self._frames[0])

    def settle(self, outcome: Outcome) -> float | None:
        if outcome[0] in _DONE:
            self._sent = True
            if len(self._frames) == 1:
                self.fate, self.reason = "delivered", None
                return None
            return self._next()
        self._note(outcome)
        self._tries += 1
        rules = self._call.rules
        if self._tries >= rules.attempts or not _may_repeat(outcome):
            return None
        pause = rules.pause(self._tries)
        if rules.clock() + pause >= rules.ends_at or not self._call.budget.take():
            return None
        return max(pause, self._call.sender.reserve())

    def _next(self) -> float:
        self._tries = 0
        del self._frames[0]
        return self._call.sender.reserve()

    def _note(self, outcome: Outcome) -> None:
        if isinstance(outcome, Response):
            self._sent = True
            self.fate = _fate(outcome.status)
            self.reason = f"HTTP {outcome.status}"
        elif outcome.sent or self.reason is None:
            self._sent |= outcome.sent
            self.fate, self.reason = "failed", outcome.reason
        # Else the time was over before it could be tried again, or no connection was to be had: what the try before
        # met says more.


def _chance() -> float:
    return int.from_bytes(os.urandom(2)) / 0xFFFF


def jittered(number: int, chance: Callable[[], float] = _chance) -> float:
    """Seconds to wait before trying again for the n-th time (from 1): up to 100 ms, doubling, the half of it by chance.

    Never all at once: those whom a full endpoint turned away at the same moment would meet there again. `chance` gives
    any number from 0 to 1.
    """
    return float(0.05 * 2 ** (number - 1) * (1 + chance()))


def _fate(status: int) -> Fate:
    if status in _GONE:
        return "gone"
    return "throttled" if status == 429 else "failed"


def _may_repeat(outcome: Outcome) -> bool:
    """Whether trying again may help. After a 5xx the client may hear the frame twice: nobody knows its fate."""
    if isinstance(outcome, Response):
        return outcome.status == 429 or outcome.status >= 500
    return not outcome.sent
