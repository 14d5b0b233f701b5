"""Fakes of what is no table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from realtime.domain.apps import App
from realtime.domain.connections import Identity
from realtime.domain.errors import Unauthorized
from realtime.ports import Deliveries, Task

from .builders import NOW, app
from .journal import Journal

Fate = Literal["delivered", "gone", "throttled", "failed"]


class FakeOutbox:
    """The Outbox port. `fates` says what becomes of a post to an id, "delivered" if nothing; `posts` are all tries.

    `on_post` is called with the id and the frame of each post, as it is made: what happens in between.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self.fates: dict[str, Fate] = {}
        self.posts: list[tuple[str, str]] = []
        self.arrived: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.timeouts: list[float | None] = []
        self.on_post: Callable[[str, str], object] | None = None
        self._journal = journal or Journal()

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        self._journal.enter("outbox.post")
        return _by_fate([(name, self._post(name, frame)) for name in connection_ids])

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        self._journal.enter("outbox.post_each")
        self.timeouts.append(timeout)
        outcomes: dict[str, Fate] = {}
        for name, frame in frames:
            if outcomes.get(name, "delivered") == "delivered":
                outcomes[name] = self._post(name, frame)
        return _by_fate(list(outcomes.items()))

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
    """The Invoker port. `welcomed` are the connections it was called for."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.welcomed: list[str] = []
        self._journal = journal or Journal()

    def welcome(self, connection_id: str) -> None:
        self._journal.enter("invoker.welcome")
        self.welcomed.append(connection_id)


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


def _by_fate(outcomes: Sequence[tuple[str, Fate]]) -> Deliveries:
    names: dict[Fate, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
    for name, fate in outcomes:
        names[fate].append(name)
    return Deliveries(**names)
