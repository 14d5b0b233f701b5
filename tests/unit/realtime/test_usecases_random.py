"""Users with several tabs come, go, die and come back in random order, with calls that take their time.

What holds whenever all has come to rest: each client's list is the true one, each edge was told it once, webhooks
alternate, and nothing is left of the dead. The seeds are fixed; try others when the use cases change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Connection
from tests.fakes import World
from tests.unit.realtime.interleaving import Act, Play, go_on, sample
from tests.unit.realtime.scenes import (
    ROOM,
    dies,
    hello,
    joins,
    leaves,
    publishes,
    pusher,
    sweeps,
    times_heard,
    unbalanced,
)
from tests.unit.realtime.watcher import faults

ENDPOINT = Webhook("https://hooks.example.com/")
People = dict[str, str]


def lane(name: str, user: str, random: Random) -> Iterator[Act]:
    """What one client does, in this order: it comes, and may go and come again, and die at any time."""
    previous = None
    for nth in range(1, random.randrange(2, 4)):
        came = joins(name, user, nth=nth, after=previous)
        went = leaves(name, nth=nth)
        yield came
        previous = went.name
        if random.random() < 0.5:
            yield went
        else:
            break
    if random.random() < 0.5:
        yield dies(name, told=random.random() < 0.8)


def scene(random: Random, users: int) -> tuple[World, list[Act], People]:
    """Some are in from the beginning, and some of these go; the others come."""
    rows: list[Connection] = []
    acts: list[Act] = []
    people = {f"u{user}t{tab}": f"U{user}" for user in range(users) for tab in range(random.randrange(1, 4))}
    for name, user in people.items():
        if random.random() < 0.6:
            rows.append(pusher(name))
            acts += lane(name, user, random)
            continue
        rows.append(pusher(name, ROOM, user=user))
        fate = random.randrange(3)
        acts += [] if fate == 0 else [leaves(name)] if fate == 1 else [dies(name, told=random.random() < 0.8)]
    world = hello(World(*rows))
    world.apps.set(webhooks=(ENDPOINT,))
    return world, acts, people


def sweep_up(play: Play, random: Random) -> None:
    """The sweep comes by, some time later."""
    play.world.clock.advance(120_000)
    play.waiting += (sweeps(f"sweep at {play.world.clock.time}"),)
    go_on(play, random)


@pytest.mark.parametrize("group", range(6))
def test_every_list_is_true_every_edge_is_told_once_and_nothing_is_left(group):
    for seed in range(group * 25, group * 25 + 25):
        random = Random(seed)
        world, acts, people = scene(random, users=3)
        play = sample(world, acts, random, twice=0.2)
        sweep_up(play, random)
        found = [
            *faults(play.world, people),
            *unbalanced(play, "member_added", "member_removed"),
            *unbalanced(play, "channel_occupied", "channel_vacated"),
        ]
        assert found == [], (seed, found)


def test_a_crowd_comes_and_goes():
    random = Random(7)
    world, acts, people = scene(random, users=8)
    play = sample(world, acts, random, twice=0.2)
    sweep_up(play, random)
    assert faults(play.world, people) == []


@pytest.mark.parametrize("channel", ["lobby", "cache-a", ROOM])
def test_what_is_published_after_a_client_was_told_reaches_it_once(channel):
    """Who is told later may have it as well, but nobody twice."""
    for seed in range(30):
        random = Random(seed)
        acts = [joins(name, name.upper() if channel == ROOM else None, channel) for name in NAMES]
        told: dict[str, set[str]] = {}
        acts += [noted(f"e{nth}", channel, NAMES[: random.randrange(4)], told) for nth in range(4)]
        play = sample(World(*map(pusher, NAMES)), acts, random)
        for event, names in told.items():
            heard = {name: times_heard(play.world, name, event) for name in NAMES}
            assert all(count == 1 if name in names else count <= 1 for name, count in heard.items()), (seed, heard)
        assert faults(play.world, {name: name.upper() for name in NAMES}) == [], seed
        assert len(told) == 4


NAMES = ("p", "q", "r")


def noted(event: str, channel: str, ready: Sequence[str], told: dict[str, set[str]]) -> Act:
    """Publish once these have been told that they are in, and note who has been by then."""

    def starts(world: World) -> None:
        told[event] = {name for name in NAMES if world.outbox.frames(name)}

    def when(world: World) -> bool:
        return all(world.outbox.frames(name) for name in ready)

    return publishes(event, channel, cached=True, starts=starts, when=when)


@pytest.mark.parametrize("group", range(4))
def test_functions_that_crash_leave_nothing_behind_when_all_have_gone(group):
    """Two sweeps: the first frees what the second finds to be free. Edges may be lost here, rows may not."""
    for seed in range(group * 15, group * 15 + 15):
        random = Random(seed)
        world, acts, people = scene(random, users=2)
        play = sample(world, acts, random, crashes=3)
        for name in people:
            play.world.outbox.fates[name] = "gone"
        for _ in range(3):
            sweep_up(play, random)
        tables = (world.connections.rows, world.subscriptions.rows, world.members.held, world.channels.rows)
        assert tables == ({}, {}, {}, {}), (seed, play.trace)
