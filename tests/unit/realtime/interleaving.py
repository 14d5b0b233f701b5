"""Runs concurrent tasks in every order that their port calls can take, without threads.

A task advances by one port call at a time: it is run again from its start, the calls that it has made before are
answered from a record, one more is made for real, and at the next it stops.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from realtime.domain.errors import ClientError
from realtime.ports import Ports
from tests.fakes import FakeTelemetry, World

Task = Callable[[Ports], object]
_Record = tuple[object, ...]


class _Stop(BaseException):
    """Ends a task before its next port call."""


class _Tape:
    def __init__(self, record: _Record) -> None:
        self.record = list(record)
        self._position = 0
        self._made = False

    def call(self, method: Callable[..., Any], *args: Any) -> Any:
        if self._position == len(self.record):
            if self._made:
                raise _Stop
            self._made = True
            result = method(*args)
            self.record.append(list(result) if isinstance(result, Iterator) else result)
        self._position += 1
        return self.record[self._position - 1]


class _Gate:
    """Stands before a port."""

    def __init__(self, port: object, tape: _Tape) -> None:
        self._port = port
        self._tape = tape

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args: self._tape.call(method, *args)


def explore(world: World, tasks: Sequence[Task]) -> Iterator[World]:
    """The worlds that all interleavings of `tasks` end in, one for each interleaving. A client error ends a task."""
    yield from _explore(world, dict.fromkeys(tasks, ()))


def _explore(world: World, under_way: dict[Task, _Record]) -> Iterator[World]:
    if not under_way:
        yield world
    for task, record in under_way.items():
        after = copy.deepcopy(world)
        ended, longer = _advance(task, record, after)
        rest = {other: theirs for other, theirs in under_way.items() if other is not task}
        yield from _explore(after, rest if ended else {**rest, task: longer})


def _advance(task: Task, record: _Record, world: World) -> tuple[bool, _Record]:
    tape = _Tape(record)
    ports = Ports(
        connections=cast(Any, _Gate(world.connections, tape)),
        subscriptions=cast(Any, _Gate(world.subscriptions, tape)),
        telemetry=FakeTelemetry(),
        outbox=cast(Any, _Gate(world.outbox, tape)),
    )
    try:
        task(ports)
    except _Stop:
        return False, tuple(tape.record)
    except ClientError:
        pass
    return True, tuple(tape.record)
