"""Users come into presence channels and go; the others are told of each edge once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel, Reader
from realtime.domain.errors import ServiceError
from realtime.domain.members import Member
from realtime.usecases import presence
from realtime.usecases.delivery import FRESH_MS
from realtime.usecases.presence import FENCE_MS, Arrival, come, edge_stamp, go, tell_in, tell_out
from tests.fakes import NOW, World, connection
from tests.unit.realtime.scenes import ROOM, pusher

CHANNEL = Channel("1", ROOM)
MEMBER = Member("A", '{"user_id":"A"}')
KEY = (CHANNEL, "A")


def watched(*rows: Any, webhooks: bool = False) -> World:
    """W watches."""
    world = World(pusher("w", ROOM, user="W"), *rows)
    world.apps.set(webhooks=(Webhook("https://x.example.com/"),) if webhooks else ())
    return world


def coming(world: World, name: str = "c1") -> Arrival:
    return come(CHANNEL, MEMBER, Reader(name, "pusher", world.clock.now(), "A"), world.ports)


def going(world: World, name: str = "c1") -> None:
    go(CHANNEL, "A", Reader(name, "pusher", 0, "A"), world.ports)


def edges(world: World, name: str = "w") -> list[str]:
    return [json.loads(frame)["event"].partition(":member_")[2] for frame in world.outbox.frames(name)]


def hooks(world: World) -> list[tuple[str, str]]:
    return [(event["name"], event["user_id"]) for task in world.tasks.of("webhook") for event in task.fields["events"]]


def test_a_users_first_connection_is_an_edge_and_the_next_is_none():
    world = watched()
    first, second = coming(world), coming(world, "c2")
    assert (first.edge, second.edge, second.joined_at) == (True, False, first.joined_at)
    for arrival in (first, second):
        tell_in(arrival, None, world.ports)
    assert edges(world) == ["added"]


def test_the_users_own_connections_and_plain_ones_are_not_told():
    world = watched(pusher("a", ROOM, user="A"), connection("p", channels=[ROOM], members={ROOM: "P"}))
    tell_in(Arrival(CHANNEL, MEMBER, NOW, edge=True, is_back=False), None, world.ports)
    assert [name for name, _ in world.outbox.posts] == ["w"]


def test_endpoints_hear_of_an_edge_by_the_id_as_a_string():
    world = watched(webhooks=True)
    tell_in(coming(world), None, world.ports)
    assert hooks(world) == [("member_added", "A")]


def test_going_right_after_coming_is_told_by_a_task_once_the_fence_is_over():
    world = watched()
    coming(world)
    world.clock.advance(500)
    going(world)
    (task,) = world.tasks.sent
    assert (task.kind, task.fields, task.delay) == ("member_out", {"channel": ROOM, "user": "A"}, 3)
    assert edges(world) == []


def test_going_later_is_told_at_once():
    world = watched(pusher("c1", ROOM, user="A"))
    world.clock.advance(FENCE_MS)
    going(world)
    assert (edges(world), KEY in world.members.held, world.tasks.sent) == (["removed"], False, [])


def test_if_the_task_cannot_be_queued_it_is_told_at_once():
    world = watched()
    coming(world)
    world.journal.failures["tasks.send"] = ServiceError("SendMessage", "down")
    going(world)
    assert edges(world) == ["removed"]


def test_with_another_connection_nobody_hears_of_it():
    world = watched(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="A"))
    world.clock.advance(FENCE_MS)
    going(world)
    assert edges(world) == []


def test_who_was_not_there_cannot_go():
    world = watched(pusher("c1", ROOM, user="A"))
    going(world, "c9")
    assert (edges(world), world.tasks.sent) == ([], [])


def test_only_one_tells_that_a_user_is_out():
    world = watched(pusher("c1", ROOM, user="A"))
    world.members.leave(CHANNEL, "A", Reader("c1", "pusher", 0))
    for _ in range(2):
        tell_out(CHANNEL, "A", world.ports)
    assert edges(world) == ["removed"]


def test_who_has_a_connection_is_not_told_out():
    world = watched(pusher("c1", ROOM, user="A"))
    tell_out(CHANNEL, "A", world.ports)
    assert (edges(world), world.members.held[KEY].is_in) == ([], True)


@pytest.mark.parametrize("webhooks", [True, False])
def test_for_endpoints_the_row_outlives_the_user_by_its_grace(webhooks):
    world = watched(pusher("c1", ROOM, user="A"), webhooks=webhooks)
    world.clock.advance(FENCE_MS)
    going(world)
    kept = [(task.kind, task.fields["leftAt"], task.delay) for task in world.tasks.of("member_gone")]
    assert (KEY in world.members.held, kept) == (webhooks, [("member_gone", NOW + FENCE_MS, 3)] * webhooks)


def test_who_comes_back_within_the_grace_was_never_away_for_endpoints():
    world = watched(pusher("c1", ROOM, user="A"), webhooks=True)
    world.clock.advance(FENCE_MS)
    going(world)
    arrival = coming(world)
    tell_in(arrival, None, world.ports)
    assert (arrival.edge, arrival.is_back, edges(world), hooks(world)) == (True, True, ["removed", "added"], [])


def back_while_told_out(world: World) -> list[Arrival]:
    """User A goes; while W is being told it comes back. The arrivals."""
    arrivals: list[Arrival] = []

    def comes(name: str, frame: str) -> None:
        if "member_removed" in frame and not arrivals:
            arrivals.append(coming(world, "c2"))

    world.outbox.on_post = comes
    world.clock.advance(FENCE_MS)
    going(world)
    return arrivals


def test_who_comes_back_while_it_is_told_out_is_told_in_by_the_same_teller():
    world = watched(pusher("c1", ROOM, user="A"), webhooks=True)
    (arrival,) = back_while_told_out(world)
    assert (arrival.edge, edges(world)) == (False, ["removed", "added"])
    assert (world.members.held[KEY].touched_at, world.tasks.sent) == (world.clock.time, [])


def test_whoever_was_told_out_is_told_in_though_it_has_seen_that():
    """It left and came again in between, and found the user in."""
    world = watched(pusher("c1", ROOM, user="A"))
    stamp = edge_stamp(CHANNEL, "A", NOW + FENCE_MS)
    row = world.connections.rows["w"]
    world.connections.rows["w"] = row._replace(saw=frozenset({stamp}))
    world.members.touch(CHANNEL, "W", world.members.held[CHANNEL, "W"].joined_at or 0, NOW + FENCE_MS)
    back_while_told_out(world)
    assert edges(world) == ["removed", "added"]


def test_a_row_tells_its_reader_the_edges_that_are_being_told():
    world = watched(pusher("c1", ROOM, user="A"))
    world.members.leave(CHANNEL, "A", Reader("c1", "pusher", 0))
    world.members.claim_out(CHANNEL, "A", NOW, NOW + 10_000)
    out = list(presence.stamps(world.members.held[KEY], NOW))
    coming(world, "c2")
    both = list(presence.stamps(world.members.held[KEY], NOW))
    assert (len(out), both) == (1, [edge_stamp(CHANNEL, "A", NOW), *out])
    assert list(presence.stamps(world.members.held[KEY], NOW + FRESH_MS)) == []


def test_a_function_that_was_held_up_renews_its_edge_first():
    world = watched()
    arrival = coming(world)
    world.clock.advance(500)
    tell_in(arrival, None, world.ports)
    assert (edges(world), world.members.held[KEY].touched_at) == (["added"], NOW + 500)


def test_an_edge_that_is_over_by_then_is_not_told():
    world = watched(webhooks=True)
    arrival = coming(world)
    world.members.leave(CHANNEL, "A", Reader("c1", "pusher", 0))
    world.members.claim_out(CHANNEL, "A", NOW, NOW)
    world.clock.advance(500)
    tell_in(arrival, None, world.ports)
    assert (edges(world), hooks(world)) == ([], [])


def test_telling_is_over_before_the_fence_is():
    world = watched(pusher("late"))
    world.enter(CHANNEL, "L", world.connections.rows["late"], at=NOW)
    began = world.clock.time
    tell_in(coming(world), None, world.ports)
    assert (edges(world), world.clock.time - began < FENCE_MS - 400) == (["added"], True)
    assert all(timeout is not None and timeout <= presence.TELL_SECONDS for timeout in world.outbox.timeouts)
