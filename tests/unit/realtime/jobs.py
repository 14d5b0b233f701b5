"""Jobs for a transport, and a clock with a poller that moves it instead of waiting."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from realtime.aws.connection import Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.job import Outcome
from realtime.aws.poller import Poller, new_poller


class Asking:
    """A job that asks for a target. `settled` are its outcomes; `answers` are what it says to them, then None."""

    def __init__(self, target: str, *answers: float, ask: Callable[[], object] = lambda: None) -> None:
        self.target = target
        self.settled: list[Outcome] = []
        self._answers = list(answers)
        self._ask = ask

    def data(self) -> bytes:
        self._ask()
        return Request("POST", self.target, {"host": "peer"}).encode()

    def settle(self, outcome: Outcome) -> float | None:
        self.settled.append(outcome)
        return self._answers.pop(0) if self._answers else None

    @property
    def end(self) -> str:
        """The body or the reason that it ended with."""
        outcome = self.settled[-1]
        return outcome.body.decode() if isinstance(outcome, Response) else outcome.reason


class Time:
    """A clock that goes on only when a poller of its own would wait, by as long as that would. `waits` are these."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def poller(self) -> Poller:
        return _TimedPoller(self, new_poller())


class _TimedPoller:
    def __init__(self, time: Time, poller: Poller) -> None:
        self._time = time
        self._poller = poller
        self.register = poller.register
        self.modify = poller.modify
        self.unregister = poller.unregister
        self.close = poller.close

    def poll(self, timeout: float) -> Sequence[tuple[int, int]]:
        events = self._poller.poll(0.0)
        if not events:
            self._time.waits.append(timeout)
            self._time.now += timeout
        return events


@contextmanager
def deaf() -> Iterator[Origin]:
    """An origin that lets clients connect and then does nothing at all."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        yield Origin("127.0.0.1", listener.getsockname()[1], tls=False, authority="deaf")


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/dev/fd").iterdir())
