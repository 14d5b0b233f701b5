"""A task's way to the ports: what it has called before is answered from a record, and one call more is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from realtime.domain.errors import RealtimeError
from realtime.ports import Deliveries, Ports, Tables
from tests.fakes import FakeTelemetry, World


class Stop(BaseException):
    """Ends a task before its next port call."""


class _Raised(NamedTuple):
    """What a call did instead of answering."""

    failure: RealtimeError


class Tape:
    """What a task has been answered so far, and one call more. `sleeps` (s) if it went to sleep then."""

    def __init__(self, record: Sequence[object], now: int) -> None:
        self.record = list(record)
        self.sleeps = 0.0
        self._now = now
        self._position = 0
        self._made = False

    def call(self, method: Callable[..., Any], *args: Any) -> Any:
        """Make a call, once, and then be stopped at the next."""
        if self._position == len(self.record):
            if self._made:
                raise Stop
            self._made = True
            self.record.append(_outcome(method, *args))
        self._position += 1
        outcome = self.record[self._position - 1]
        if isinstance(outcome, _Raised):
            raise outcome.failure
        return outcome

    def now(self) -> int:
        """Costs nothing: it is read along with the call before."""
        if self._position == len(self.record):
            self.record.append(self._now)
        self._position += 1
        return cast(int, self.record[self._position - 1])

    def sleep(self, seconds: float) -> None:
        if self._position == len(self.record):
            self.record.append(None)
            self.sleeps = seconds
            raise Stop
        self._position += 1


def _outcome(method: Callable[..., Any], *args: Any) -> object:
    try:
        result = method(*args)
    except RealtimeError as failure:
        return _Raised(failure)
    return list(result) if isinstance(result, Iterator) else result


class _Gate:
    """Stands before a port."""

    def __init__(self, port: object, tape: Tape) -> None:
        self._port = port
        self._tape = tape

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args, **options: self._tape.call(lambda: method(*args, **options))


class _Outbox(_Gate):
    """What is posted at once reaches each client at a time of its own."""

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        return self.post_each([(name, frame) for name in connection_ids])

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        lanes: dict[str, list[tuple[str, str]]] = {}
        for pair in frames:
            lanes.setdefault(pair[0], []).append(pair)
        outbox = cast(Any, self._port)
        results = [self._tape.call(outbox.post_each, lane, timeout) for lane in lanes.values()]
        delivered, gone, throttled, failed = ([name for result in results for name in result[n]] for n in range(4))
        reasons = Counter(reason for result in results for reason in Counter(result.reasons).elements())
        return Deliveries(delivered, gone, throttled, failed, reasons)


class _Clock(NamedTuple):
    tape: Tape

    def now(self) -> int:
        return self.tape.now()

    def sleep(self, seconds: float) -> None:
        self.tape.sleep(seconds)


def ports_of(world: World, tape: Tape) -> Ports:
    """The world's ports, behind the tape."""
    return Ports(
        tables=Tables(*(cast(Any, _Gate(table, tape)) for table in world.tables)),
        outbox=_Outbox(world.outbox, tape),
        apps=world.apps,
        tasks=cast(Any, _Gate(world.tasks, tape)),
        clock=_Clock(tape),
        telemetry=FakeTelemetry(),
        sharing=lambda: world.sharing,
    )
