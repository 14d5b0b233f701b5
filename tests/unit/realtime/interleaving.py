"""Runs use cases concurrently, in every order that their port calls can take or in orders drawn at random.

No threads: a task advances by one port call at a time. It is run again from its start, the calls that it has made
before are answered from a record, one more is made for real, and at the next it stops. Time stands still while a task
can go on; then it jumps to when the next one wakes, or to when the next message of the queue is due.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple, cast

from realtime.domain.errors import RealtimeError
from realtime.ports import Ports, Task
from realtime.usecases.tasks import perform
from tests.fakes import World

from .tapes import Stop, Tape, ports_of

Body = Callable[[Ports], object]
# When SQS gives a message out again whose function has not said that it is done.
VISIBILITY_MS = 60_000


class Act(NamedTuple):
    """Something that happens at some time: `body` is what our side does of it.

    It begins once `after` has ended (or is released: it goes on while others begin) and `when` is so. `starts` is what
    happens to the world right then.
    """

    name: str
    body: Body
    after: str | None = None
    when: Callable[[World], bool] = lambda world: True
    starts: Callable[[World], object] = lambda world: None


class Run(NamedTuple):
    """A task under way: the results of its calls so far, a digest of them, and when it goes on (ms).

    Its clock is `skew` ms fast, for no two machines have the same time.
    """

    name: str
    body: Body
    wakes_at: int
    record: tuple[object, ...] = ()
    digest: int = 0
    skew: int = 0
    task: Task | None = None


class Play:
    """A world, and all that goes on in it. `webhooks` are the events that came of it, in order."""

    def __init__(self, world: World, acts: Sequence[Act]) -> None:
        self.world = world
        self.waiting = tuple(acts)
        self.runs: tuple[Run, ...] = ()
        self.ended: frozenset[str] = frozenset()
        self.queue: tuple[tuple[int, Task], ...] = ()
        self.webhooks: tuple[tuple[str, str, str | None], ...] = (
            *(("channel_occupied", channel.name, None) for channel in world.channels.rows),
            *(("member_added", channel.name, user) for channel, user in world.members.held),
        )
        self.trace: tuple[str, ...] = ()
        self._taken = len(world.tasks.sent)
        self._skews = {act.name: number for number, act in enumerate(acts)}

    def fork(self) -> Play:
        """A copy that goes its own way."""
        twin = copy.copy(self)
        twin.world = _copy(self.world)
        return twin

    def choices(self) -> list[str]:
        """What can happen next, at this time: names for `go`. Lets time pass if nothing can."""
        while True:
            now = self.world.clock.time
            found = [f"start {act.name}" for act in self.waiting if self._may_start(act)]
            found += [f"run {run.name}" for run in self.runs if run.wakes_at <= now]
            found += [f"queue {number}" for number, (due, _) in enumerate(self.queue) if due <= now]
            later = [*(run.wakes_at for run in self.runs), *(due for due, _ in self.queue)]
            if found or not later:
                return found
            self.world.clock.time = min(later)

    def go(self, choice: str, lag: int = 0) -> None:
        """Do it. What it has to wait for takes `lag` ms more."""
        kind, _, name = choice.partition(" ")
        if kind == "start":
            act = next(act for act in self.waiting if act.name == name)
            self.waiting = tuple(other for other in self.waiting if other is not act)
            act.starts(self.world)
            self.runs += (Run(act.name, act.body, self.world.clock.time + lag, skew=self._skews.get(act.name, 0)),)
        elif kind == "queue":
            _, task = self.queue[int(name)]
            self.queue = self.queue[: int(name)] + self.queue[int(name) + 1 :]
            self.deliver(task, lag)
        else:
            self._advance(next(run for run in self.runs if run.name == name), lag)
        self._take_tasks()

    def deliver(self, task: Task, lag: int = 0) -> None:
        """The queue gives a message out."""
        taken = sum(run.task is not None for run in self.runs) + len(self.ended)
        name = f"{task.kind}-{taken}-{len(self.trace)}"
        self.runs += (Run(name, lambda ports: perform(task, ports), self.world.clock.time + lag, task=task),)

    def crash(self, name: str) -> None:
        """A task ends where it is. The queue gives its message out again."""
        run = next(run for run in self.runs if run.name == name)
        self._end(run)
        self.trace += (f"{name} crashes",)
        if run.task is not None:
            self.queue += ((self.world.clock.time + VISIBILITY_MS, run.task),)

    def key(self) -> int:
        """Tells this state from others, for all that may follow and for all that is looked at in the end."""
        now = self.world.clock.time
        frames: dict[str, tuple[str, ...]] = {}
        for name, frame in self.world.outbox.arrived:
            frames[name] = (*frames.get(name, ()), frame)
        runs = sorted((run.name.partition("-")[0], run.digest, max(run.wakes_at, now)) for run in self.runs)
        queue = sorted((due, repr(task)) for due, task in self.queue)
        rows = tuple(frozenset(table.items()) for table in _tables(self.world))
        fates = frozenset(self.world.outbox.fates.items())
        waiting = tuple(act.name for act in self.waiting)
        return hash((now, frozenset(frames.items()), tuple(runs), tuple(queue), waiting, rows, fates, self.webhooks))

    def _may_start(self, act: Act) -> bool:
        return (act.after is None or act.after in self.ended) and act.when(self.world)

    def _advance(self, run: Run, lag: int) -> None:
        made = len(self.world.journal.calls)
        tape = Tape(run.record, self.world.clock.time + run.skew)
        result: object = None
        ended = True
        try:
            result = run.body(ports_of(self.world, tape))
        except Stop:
            ended = False
        except RealtimeError:
            pass
        self.trace += (f"{run.name}: {' '.join(self.world.journal.calls[made:])}",)
        if ended:
            self._end(run)
            self._note(run, result)
            return
        digest = hash((run.digest, repr(tape.record[len(run.record) :])))
        wakes_at = self.world.clock.time + round(tape.sleeps * 1000) + lag
        longer = run._replace(record=tuple(tape.record), digest=digest, wakes_at=wakes_at)
        self.runs = tuple(longer if other is run else other for other in self.runs)

    def _end(self, run: Run) -> None:
        self.runs = tuple(other for other in self.runs if other is not run)
        self.ended |= {run.name}

    def _note(self, run: Run, result: object) -> None:
        if run.task is not None:
            events = cast(list[dict[str, Any]], result or [])
            self.webhooks += tuple((event["name"], event["channel"], event.get("user_id")) for event in events)

    def _take_tasks(self) -> None:
        sent = self.world.tasks.sent
        for task in sent[self._taken :]:
            if task.kind == "webhook":
                events = task.fields["events"]
                self.webhooks += tuple((event["name"], event["channel"], event.get("user_id")) for event in events)
            else:
                self.queue += ((self.world.clock.time + task.delay * 1000, task),)
        self._taken = len(sent)


def explore(world: World, acts: Sequence[Act], *, most: int = 20_000) -> Iterator[Play]:
    """The plays that all orders of the acts' port calls lead to; of those that come to the same, one."""
    seen: set[int] = set()
    under_way = [Play(world, acts)]
    while under_way:
        play = under_way.pop()
        choices = play.choices()
        if not choices:
            yield play
        for choice in choices:
            after = play.fork()
            after.go(choice)
            key = after.key()
            if key not in seen:
                seen.add(key)
                under_way.append(after)
        assert len(seen) <= most, "too many states: make the acts shorter, or sample"


def sample(world: World, acts: Sequence[Act], random: Random, crashes: int = 0, twice: float = 0.0) -> Play:
    """One play, drawn at random, in which calls take their time. Up to so many tasks crash; messages may come twice."""
    play = Play(world, acts)
    go_on(play, random, crashes, twice)
    return play


def go_on(play: Play, random: Random, crashes: int = 0, twice: float = 0.0) -> None:
    """Draw until the play comes to rest."""
    while choices := play.choices():
        choice = random.choice(choices)
        if crashes and choice.startswith("run ") and random.random() < 0.02:
            crashes -= 1
            play.crash(choice.removeprefix("run "))
            continue
        if choice.startswith("queue ") and random.random() < twice:
            play.deliver(play.queue[int(choice.removeprefix("queue "))][1], random.randrange(5_000))
        play.go(choice, lag=_lag(random))


def _lag(random: Random) -> int:
    """Mostly a few ms, seldom a few hundred: what a call or a cold start takes."""
    draw = random.random()
    return random.randrange(200) if draw < 0.05 else random.randrange(20) if draw < 0.6 else 0


def _tables(world: World) -> list[dict[Any, Any]]:
    state = world.state
    # A dict has no hash.
    connections = {
        name: row._replace(members=cast(Any, tuple(sorted(row.members.items()))))
        for name, row in world.connections.rows.items()
    }
    rows: list[Any] = [world.subscriptions.rows, world.members.held, world.channels.rows]
    return [connections, *rows, state.kept, state.hits, state.counts]


def _copy(world: World) -> World:
    """Like a deep copy, but far faster: the fakes hold dicts, lists and what does not change."""
    parts = [part for part in (world, *vars(world).values()) if hasattr(part, "__dict__")]
    twins = {id(part): object.__new__(type(part)) for part in parts}
    for part in parts:
        vars(twins[id(part)]).update(
            (name, twins.get(id(value)) or (value.copy() if isinstance(value, dict | list | set) else value))
            for name, value in vars(part).items()
        )
    return cast(World, twins[id(world)])
