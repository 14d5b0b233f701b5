"""Fakes of what is no table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from realtime.domain.apps import App
from realtime.domain.connections import Identity
from realtime.domain.errors import ServiceError, Unauthorized
from realtime.ports import Deliveries, Fate, Posted, Task

from .builders import NOW, app
from .journal import Journal

_PAYLOAD_BYTES = 256 * 1024
# Why a frame did not reach somebody, unless `FakeOutbox.reasons` says otherwise.
_REASONS: dict[Fate, str] = {"gone": "HTTP 410", "throttled": "HTTP 429", "failed": "HTTP 500"}


class FakeOutbox:
    """The Outbox port. `fates` says what becomes of a post to an id, "delivered" if nothing; `posts` are all tries.

    `reasons` says why, by id, and `unsent` holds the ids whose failed frames never leave.
    `on_post` is called with the id and the frame of each post, as it is made: what happens in between.

    A stream has `window` frames in flight before one of them settles, the last one first if it is `newest_first`.
    `pauses` are the numbers that came among its frames: what is in flight settles, and the clock goes on by so much.
    """

    def __init__(self, journal: Journal | None = None, clock: FakeClock | None = None) -> None:
        self.fates: dict[str, Fate] = {}
        self.posts: list[tuple[str, str]] = []
        self.arrived: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.timeouts: list[float | None] = []
        self.reasons: dict[str, str] = {}
        self.unsent: set[str] = set()
        self.pauses: list[float] = []
        self.window = 1
        self.newest_first = False
        self.on_post: Callable[[str, str], object] | None = None
        self._journal = journal or Journal()
        self._clock = clock or FakeClock()

    def stream(self, frames: Iterable[tuple[str, str] | float], timeout: float | None = None) -> Iterator[Posted]:
        self._journal.enter("outbox.stream")
        self.timeouts.append(timeout)
        return self._stream(frames)

    def _stream(self, frames: Iterable[tuple[str, str] | float]) -> Iterator[Posted]:
        in_flight: list[Posted] = []
        for item in frames:
            if isinstance(item, tuple):
                in_flight.append(self._posted(item[0], self._post(*item)))
                most = self.window - 1
            else:
                self.pauses.append(item)
                self._clock.advance(round(item * 1000))
                most = 0
            while len(in_flight) > most:
                yield in_flight.pop(-1 if self.newest_first else 0)
        yield from reversed(in_flight) if self.newest_first else in_flight

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        self._journal.enter("outbox.post")
        return _deliveries([self._posted(name, self._post(name, frame)) for name in connection_ids])

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        self._journal.enter("outbox.post_each")
        self.timeouts.append(timeout)
        outcomes: dict[str, Fate] = {}
        for name, frame in frames:
            if outcomes.get(name, "delivered") == "delivered":
                outcomes[name] = self._post(name, frame)
        return _deliveries([self._posted(name, fate) for name, fate in outcomes.items()])

    def close(self, connection_ids: Sequence[str]) -> None:
        self._journal.enter("outbox.close")
        self.closed += connection_ids

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        self._journal.enter("outbox.gone")
        self.asked += connection_ids
        return {name for name in connection_ids if self.fates.get(name) == "gone"}

    def frames(self, connection_id: str) -> list[str]:
        """What reached a client."""
        return [frame for name, frame in self.arrived if name == connection_id]

    def _posted(self, name: str, fate: Fate) -> Posted:
        if fate == "delivered":
            return Posted(name, fate)
        return Posted(name, fate, self.reasons.get(name, _REASONS[fate]), fate != "failed" or name not in self.unsent)

    def _post(self, name: str, frame: str) -> Fate:
        self.posts.append((name, frame))
        fate = self.fates.get(name, "delivered")
        if fate == "delivered":
            self.arrived.append((name, frame))
        if self.on_post is not None:
            self.on_post(name, frame)
        return fate


class FakeTokens:
    """The Tokens port: knows the tokens that it is given."""

    def __init__(self, identities: Mapping[str, Identity]) -> None:
        self._identities = identities

    def verify(self, token: str) -> Identity:
        if token not in self._identities:
            raise Unauthorized("unknown to the fake")
        return self._identities[token]


class FakeApps:
    """The Apps port. `apps` are what it knows, by id: app 1 unless it is told others."""

    def __init__(self, *apps: App) -> None:
        self.apps = {known.app_id: known for known in apps or (app(),)}

    def by_key(self, key: str) -> App | None:
        return next((known for known in self.apps.values() if key in {held.key for held in known.keys}), None)

    def by_id(self, app_id: str) -> App | None:
        return self.apps.get(app_id)

    def all(self) -> Sequence[App]:
        return list(self.apps.values())

    def set(self, app_id: str = "1", **settings: Any) -> None:
        """Change settings of an app (the names of `Settings`)."""
        known = self.apps[app_id]
        self.apps[app_id] = known._replace(settings=known.settings._replace(**settings))


class FakeTasks:
    """The Tasks port. `sent` are all tasks, in order."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.sent: list[Task] = []
        self._journal = journal or Journal()

    def send(self, tasks: Sequence[Task]) -> None:
        self._journal.enter("tasks.send")
        self.sent += tasks

    def of(self, kind: str) -> list[Task]:
        """Those of one kind."""
        return [task for task in self.sent if task.kind == kind]


class FakeInvoker:
    """The Invoker port. `welcomed` are the connections it was called for, `started` all jobs, as they arrive."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.welcomed: list[str] = []
        self.started: list[dict[str, Any]] = []
        self._journal = journal or Journal()

    def welcome(self, connection_id: str) -> None:
        self._journal.enter("invoker.welcome")
        self.welcomed.append(connection_id)

    def start(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        self._journal.enter("invoker.start")
        payloads = [json.dumps(job, separators=(",", ":")) for job in jobs]
        for payload in payloads:
            if len(payload) > _PAYLOAD_BYTES:
                raise ServiceError("Invoke", f"payload of {len(payload)} bytes")
        self.started += map(json.loads, payloads)


class FakeClock:
    """The Clock port: stands still until somebody sleeps. What was to happen `at` a time happens on the way there."""

    def __init__(self, now: int = NOW) -> None:
        self.time = now
        self.slept: list[float] = []
        self._due: list[tuple[int, Callable[[], object]]] = []

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(round(seconds * 1000))

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        end = self.time + milliseconds
        while due := sorted((entry for entry in self._due if entry[0] <= end), key=lambda entry: entry[0]):
            self._due.remove(due[0])
            self.time = max(self.time, due[0][0])
            due[0][1]()
        self.time = max(self.time, end)

    def at(self, time: int, happen: Callable[[], object]) -> None:
        """Have something happen when it is `time` (ms)."""
        self._due.append((time, happen))


class FakeTelemetry:
    """The Telemetry port: records."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def count(self, metric: str, value: int = 1) -> None:
        self.counts[metric] += value

    def error(self, code: str) -> None:
        self.errors[code] += 1

    def log(self, level: str, message: str, **fields: object) -> None:
        self.lines.append((level, message, fields))


def _deliveries(posted: Sequence[Posted]) -> Deliveries:
    names: dict[Fate, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
    for one in posted:
        names[one.fate].append(one.connection_id)
    reasons = Counter(one.reason for one in posted if one.fate in ("throttled", "failed") and one.reason is not None)
    return Deliveries(**names, reasons=reasons)
