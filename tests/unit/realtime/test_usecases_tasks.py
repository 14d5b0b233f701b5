"""What the queue's consumer does. Every task comes once here, then again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel, Reader
from realtime.ports import Task
from realtime.usecases import later
from realtime.usecases.tasks import perform
from tests.fakes import NOW, World, connection
from tests.unit.realtime.scenes import ROOM, pusher

CHANNEL = Channel("1", ROOM)
LOBBY = Channel("1", "lobby")


def world_of(*rows: Any) -> World:
    world = World(*rows)
    world.apps.set(webhooks=(Webhook("https://x.example.com/"),), subscription_count=True)
    return world


def twice(task: Task, world: World) -> list[list[Any]]:
    return [list(perform(task, world.ports)) for _ in range(2)]


def left(world: World, name: str = "c1", user: str = "A") -> None:
    """The connection's row is off the user's; nobody has been told."""
    world.members.leave(CHANNEL, user, Reader(name, "pusher", 0))


def edges(world: World, name: str = "w") -> list[str]:
    return [json.loads(frame)["event"].partition(":")[2] for frame in world.outbox.frames(name)]


def test_events_for_endpoints_come_back_as_they_are():
    events = [{"name": "cache_miss", "channel": "cache-a"}]
    assert twice(later.webhook("1", events), World()) == [events, events]


def test_a_kind_that_nobody_knows_is_logged_and_done():
    world = World()
    assert perform(Task("dance", "1", {}), world.ports) == []
    assert world.telemetry.lines == [("ERROR", "unknown task", {"kind": "dance"})]


def test_a_vacancy_ends_once():
    world = World()
    world.channels.occupy(LOBBY)
    world.channels.vacate(LOBBY, "t1")
    assert twice(later.vacate(LOBBY, "t1"), world) == [[{"name": "channel_vacated", "channel": "lobby"}], []]


@pytest.mark.parametrize("vacating", [None, "t2"], ids=["occupied again", "vacating again"])
def test_a_vacancy_that_is_another_by_now_goes_on(vacating):
    world = World()
    world.channels.occupy(LOBBY)
    if vacating:
        world.channels.vacate(LOBBY, vacating)
    assert (twice(later.vacate(LOBBY, "t1"), world), LOBBY in world.channels.rows) == ([[], []], True)


def test_a_user_without_connections_is_told_out_once():
    world = world_of(pusher("w", ROOM, user="W"), pusher("c1", ROOM, user="A"))
    left(world)
    world.clock.advance(3_000)
    assert twice(later.member_out(CHANNEL, "A", 3), world) == [[], []]
    assert (edges(world), len(world.tasks.of("member_gone"))) == (["member_removed"], 1)


def test_a_user_that_is_back_is_not_told_out():
    world = world_of(pusher("w", ROOM, user="W"), pusher("c1", ROOM, user="A"))
    world.clock.advance(3_000)
    assert (twice(later.member_out(CHANNEL, "A", 3), world), edges(world), world.tasks.sent) == ([[], []], [], [])


def test_a_user_that_came_and_went_again_since_is_told_out_when_that_has_been_told():
    world = world_of(pusher("w", ROOM, user="W"), pusher("c1", ROOM, user="A"))
    left(world)
    world.clock.advance(3_000)
    world.members.join(CHANNEL, "A", '{"user_id":"A"}', Reader("c1", "pusher", 0), NOW + 1_500)
    left(world)
    perform(later.member_out(CHANNEL, "A", 3), world.ports)
    assert ([task.delay for task in world.tasks.of("member_out")], edges(world)) == ([2], [])


def test_a_user_that_nobody_knows_is_not_told_out():
    assert twice(later.member_out(CHANNEL, "A", 3), World()) == [[], []]


def test_the_grace_of_a_user_ends_once():
    world = world_of(pusher("c1", ROOM, user="A"))
    left(world)
    world.members.claim_out(CHANNEL, "A", NOW, 0)
    event = {"name": "member_removed", "channel": ROOM, "user_id": "A"}
    assert (twice(later.member_gone(CHANNEL, "A", NOW), world), world.members.held) == ([[event], []], {})


def test_the_grace_of_a_user_that_is_back_does_not_end():
    world = world_of(pusher("c1", ROOM, user="A"))
    assert (twice(later.member_gone(CHANNEL, "A", NOW), world), len(world.members.held)) == ([[], []], 1)


def test_a_count_is_told():
    world = world_of(pusher("c1", "lobby"), pusher("c2", "lobby"))
    world.outbox.fates["c2"] = "gone"
    assert twice(later.count(LOBBY, 5), world) == [[], []]
    assert (edges(world, "c1")[0], "c2" in world.connections.rows) == ("subscription_count", False)


@pytest.mark.parametrize(
    "row",
    [
        pusher("c1", "private-a"),
        pusher("c1", "news", ROOM, user="A"),
        pusher("c1", identity=connection().identity, user_data='{"id":"A"}'),
    ],
    ids=["private", "presence", "signed in"],
)
def test_who_is_authorized_in_time_stays(row):
    world = World(row)
    assert (twice(later.authorize("1", "c1", 30), world), world.outbox.posts) == ([[], []], [])
    assert list(world.connections.rows) == ["c1"]


def test_who_is_not_is_told_and_closed_once():
    world = World(pusher("c1", "news"))
    assert twice(later.authorize("1", "c1", 30), world) == [[], []]
    (frame,) = world.outbox.frames("c1")
    assert json.loads(frame)["data"] == {"code": 4009, "message": "Connection not authorized within timeout."}
    assert (world.outbox.closed, world.connections.rows, world.subscriptions.rows) == (["c1"], {}, {})
