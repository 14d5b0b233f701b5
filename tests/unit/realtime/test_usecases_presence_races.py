"""Every order of the port calls of use cases that may race on a presence channel.

Known limits, which these do not ask for: frames of one connection handled in another order than sent, and the crash of
the function that has to tell of an edge. What is too long for all orders is in test_usecases_random.py.
"""

from __future__ import annotations

import json

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel, Connection
from realtime.domain.members import MAX_MEMBERS
from realtime.ports import Occupancy
from tests.fakes import World, connection
from tests.unit.realtime.interleaving import Act, explore
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
PEOPLE = {"w": "W", "a": "A", "a2": "A", "b": "B", "b2": "B"}


def of(name: str, *channels: str) -> Connection:
    return pusher(name, *channels, user=PEOPLE[name])


def check(world: World, *acts: Act, webhooks: bool = True) -> int:
    """No order of the acts leads to a fault; return how many ends there are."""
    world.apps.set(webhooks=(ENDPOINT,) if webhooks else ())
    ends = list(explore(world, acts))
    people = {name: user for name, user in PEOPLE.items() if name in world.connections.rows}
    for end in ends:
        found = [
            *faults(end.world, people),
            *unbalanced(end, "member_added", "member_removed"),
            *unbalanced(end, "channel_occupied", "channel_vacated"),
        ]
        assert found == [], "\n".join([*found, *end.trace])
    return len(ends)


def test_two_users_come_at_once():
    assert check(World(of("a"), of("b")), joins("a", "A"), joins("b", "B")) > 1


def test_a_user_comes_on_two_tabs_while_another_watches():
    check(hello(World(of("w", ROOM), of("a"), of("a2"))), joins("a", "A"), joins("a2", "A"))


@pytest.mark.parametrize("webhooks", [False, True])
def test_a_user_goes_on_one_tab_and_comes_on_another(webhooks):
    world = hello(World(of("w", ROOM), of("a", ROOM), of("a2")))
    assert check(world, leaves("a"), joins("a2", "A"), webhooks=webhooks) > 1


@pytest.mark.parametrize("told", [True, False], ids=["with $disconnect", "found gone"])
def test_a_user_goes_while_another_comes(told):
    world = hello(World(of("w", ROOM), of("a", ROOM), of("b")))
    sweep = sweeps(after="b joins presence room 1", when=lambda world: "a" in world.outbox.fates)
    check(world, dies("a", told=told), joins("b", "B"), sweep)


def test_a_user_comes_and_dies():
    check(hello(World(of("w", ROOM), of("a"))), joins("a", "A"), dies("a"))


def test_a_user_comes_and_goes_and_comes_again():
    again = joins("a", "A", nth=2, after="a leaves presence room 1")
    check(hello(World(of("w", ROOM), of("a"))), joins("a", "A"), leaves("a"), again)


def test_a_user_comes_and_goes_on_one_tab_while_another_dies():
    world = hello(World(of("w", ROOM), of("a"), of("a2", ROOM)))
    check(world, joins("a", "A"), leaves("a"), dies("a2"))


def test_two_tabs_of_a_user_go_at_once():
    check(hello(World(of("w", ROOM), of("a", ROOM), of("a2", ROOM))), leaves("a"), dies("a2"))


def test_all_go_at_once_and_nothing_is_left():
    world = hello(World(of("w", ROOM), of("a", ROOM)))
    assert check(world, dies("w"), leaves("a")) > 1


def test_the_only_user_goes_while_another_comes():
    check(hello(World(of("a", ROOM), of("b"))), dies("a"), joins("b", "B"))


def test_who_is_being_swept_comes_again():
    world = hello(World(of("w", ROOM), of("a", ROOM), of("a2")))
    del world.connections.rows["a"]
    world.outbox.fates["a"] = "gone"
    check(world, sweeps(), joins("a2", "A"))


def test_an_event_reaches_who_was_told_before_it_was_published():
    event = publishes("e", ROOM, when=lambda world: len(world.outbox.frames("a")) > 0)
    for end in explore(hello(World(of("w", ROOM), of("a"))), [joins("a", "A"), event]):
        assert (times_heard(end.world, "a", "e"), faults(end.world, {"w": "W", "a": "A"})) == (1, []), end.trace


def full(*connections: Connection, left: int) -> World:
    """A room with so many places left, the members there on plain connections."""
    row = connection("crowd")
    world = World(*connections)
    world.connections.rows["crowd"] = row
    world.channels.rows[Channel("1", ROOM)] = Occupancy(Channel("1", ROOM))
    for number in range(MAX_MEMBERS - left - len(world.members.held)):
        world.enter(Channel("1", ROOM), f"u{number:02}", row)
    return world


def refused(world: World, name: str) -> bool:
    return any("subscription_error" in frame for frame in world.outbox.frames(name))


def test_of_two_that_come_into_a_room_with_one_place_one_at_least_gets_it():
    """Their clocks decide. If these are behind each other's writes, both get in: a burst is not turned away for it."""
    ends = list(explore(full(of("a"), of("b"), left=1), [joins("a", "A"), joins("b", "B")]))
    assert {(refused(end.world, "a"), refused(end.world, "b")) for end in ends} == {(False, True), (False, False)}
    for end in ends:
        assert faults(end.world, {"a": "A", "b": "B"}) == [], end.trace


def test_of_two_tabs_that_come_into_a_full_room_neither_leaves_a_wrong_list():
    world = hello(full(of("w", ROOM), of("a"), of("a2"), left=0))
    for end in explore(world, [joins("a", "A"), joins("a2", "A")]):
        assert refused(end.world, "a") or refused(end.world, "a2")
        assert faults(end.world, {"w": "W", "a": "A", "a2": "A"}) == [], end.trace


def test_who_finds_a_user_that_is_being_refused_is_told_that_it_went():
    world = hello(full(of("w", ROOM), of("a"), of("b", ROOM), of("b2"), left=0))
    for end in explore(world, [joins("a", "A"), joins("b2", "B")]):
        assert refused(end.world, "a")
        assert faults(end.world, {name: PEOPLE[name] for name in ("w", "a", "b", "b2")}) == [], end.trace


def test_of_two_users_that_one_connection_would_be_at_once_it_is_one():
    world = hello(World(of("w", ROOM), of("a")))
    for end in explore(world, [joins("a", "A"), joins("a", "B", nth=2)]):
        refusals = [frame for frame in end.world.outbox.frames("a") if "subscription_error" in frame]
        assert [json.loads(frame)["data"]["type"] for frame in refusals] == ["AuthError"], end.trace
        rows = end.world.members.held.values()
        users = [row.user for row in rows if "a" in {reader.connection_id for reader in row.connections}]
        assert users == [end.world.connections.rows["a"].members[ROOM]], end.trace
        assert faults(end.world, {"w": "W"}) == [], end.trace
