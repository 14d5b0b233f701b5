"""Coming into a channel: what is written, in which order, what the client knows by it, and how it is taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel, Reader
from realtime.domain.errors import ServiceError
from realtime.domain.members import Member
from realtime.ports import Cached, Entry
from realtime.usecases.parcel import event_stamp
from realtime.usecases.presence import edge_stamp
from realtime.usecases.subscribing import View, Wish, subscribe
from tests.fakes import NOW, World
from tests.unit.realtime.scenes import ROOM, pusher

LOBBY, CACHE, PRESENCE = Channel("1", "lobby"), Channel("1", "cache-a"), Channel("1", ROOM)
A = Member("A", '{"user_id":"A"}')
DOWN = ServiceError("UpdateItem", "down")


def enter(world: World, channel: Channel, member: Member | None = None, **wish: Any) -> tuple[bool, list[View]]:
    """Connection c1 comes in, greeted with one frame; what it was shown."""
    views: list[View] = []

    def greet(view: View) -> list[str]:
        views.append(view)
        return ["hello"]

    entered = subscribe(Wish(channel, member, **wish), world.connections.rows["c1"], greet, world.ports)
    return entered, views


def new(*others: Any, **settings: Any) -> World:
    world = World(pusher("c1"), *others)
    world.apps.set(**settings)
    return world


def hooks(world: World) -> list[str]:
    return [event["name"] for task in world.tasks.of("webhook") for event in task.fields["events"]]


def test_the_order_in_a_public_channel():
    world = new()
    enter(world, LOBBY)
    calls = ["subscriptions.add", "channels.occupy", "outbox.post_each", "connections.join"]
    assert world.journal.calls == calls


def test_the_order_in_a_presence_channel_where_others_have_been_for_a_while():
    """Two writes and one query, besides the posts: nobody has to look whether the channel counts as occupied."""
    world = new(pusher("c2", ROOM, user="B"))
    enter(world, PRESENCE, A)
    posts = ["outbox.post_each", "connections.join", "outbox.post_each"]
    assert world.journal.calls == ["members.join", "members.rows", *posts]


def test_the_client_itself_is_the_first_of_the_members():
    world = new(pusher("c2", ROOM, user="0"))
    _, (view,) = enter(world, PRESENCE, A)
    assert [member.user for member in view.members or ()] == ["A", "0"]


def test_who_has_been_told_out_is_no_member_and_who_has_not_is_one():
    world = new(pusher("c2", ROOM, user="B"), pusher("c3", ROOM, user="C"))
    for user in "BC":
        world.members.held[PRESENCE, user] = world.members.held[PRESENCE, user]._replace(connections=())
    world.members.claim_out(PRESENCE, "B", NOW, NOW)
    _, (view,) = enter(world, PRESENCE, A)
    assert [member.user for member in view.members or ()] == ["A", "C"]


def test_a_channel_that_is_none_of_presence_shows_no_members():
    assert enter(new(), LOBBY)[1] == [View(None, None)]


def test_the_row_names_the_edges_that_others_may_be_telling_of():
    world = new(pusher("c2"), pusher("c3", ROOM, user="C"))
    world.enter(PRESENCE, "B", world.connections.rows["c2"], at=NOW)
    world.connections.join("c2", Entry(ROOM, "B"), NOW)
    enter(world, PRESENCE, A)
    assert world.connections.rows["c1"].saw == {edge_stamp(PRESENCE, user, NOW) for user in "AB"}


@pytest.mark.parametrize(("age", "saw"), [(0, True), (20_000, False)])
def test_the_row_names_a_replayed_event_that_may_be_being_published(age, saw):
    world = new()
    world.state.cache(CACHE, Cached("e", "1", "id-1", NOW - age, NOW + 60_000))
    _, (view,) = enter(world, CACHE)
    assert (view.cached is not None, event_stamp(CACHE, "id-1") in world.connections.rows["c1"].saw) == (True, saw)


def test_the_first_of_a_channel_is_told_to_the_endpoints():
    world = new(webhooks=(Webhook("https://x.example.com/"),))
    enter(world, LOBBY)
    assert hooks(world) == ["channel_occupied"]


def test_an_empty_cache_is_told_to_the_endpoints_every_three_seconds_at_most():
    world = new(webhooks=(Webhook("https://x.example.com/", frozenset({"cache_miss"})),))
    for _ in range(3):
        enter(world, CACHE)
    assert hooks(world) == ["cache_miss"]
    world.clock.advance(3_000)
    enter(world, CACHE)
    assert hooks(world) == ["cache_miss"] * 2


def test_subscribers_hear_how_many_they_are_after_the_success():
    world = new(pusher("c2", "lobby"), subscription_count=True)
    enter(world, LOBBY)
    first, second = world.outbox.frames("c1")
    assert (first, json.loads(json.loads(second)["data"])) == ("hello", {"subscription_count": 2})


def test_the_team_fills_an_empty_one():
    world = new()
    enter(world, LOBBY, team="7")
    enter(world, CACHE, team="8")
    assert world.connections.rows["c1"].identity.team_id == "7"


@pytest.mark.parametrize("fate", ["gone", "failed", "throttled"])
@pytest.mark.parametrize(("channel", "member"), [(LOBBY, None), (PRESENCE, A)], ids=["public", "presence"])
def test_who_cannot_be_told_is_taken_back(fate, channel, member):
    world = new()
    world.outbox.fates["c1"] = fate
    assert enter(world, channel, member)[0] is False
    assert (world.subscriptions.rows, world.channels.rows) == ({}, {})
    assert not any(row.connections for row in world.members.held.values())
    assert ("c1" in world.connections.rows) == (fate != "gone")


def test_who_is_taken_back_in_a_presence_channel_is_told_in_and_later_out():
    """Others may have found it in the members already."""
    world = new(pusher("c2", ROOM, user="B"))
    world.outbox.fates["c1"] = "failed"
    enter(world, PRESENCE, A)
    (frame,) = world.outbox.frames("c2")
    assert ("member_added" in frame, [task.kind for task in world.tasks.sent]) == (True, ["member_out"])


@pytest.mark.parametrize("call", ["channels.occupy", "state.cached", "connections.join"])
def test_what_fails_is_taken_back_and_raised(call):
    world = new()
    world.journal.failures[call] = DOWN
    with pytest.raises(ServiceError):
        enter(world, CACHE)
    assert world.subscriptions.rows == {}


@pytest.mark.parametrize(
    ("channel", "member", "call"),
    [(LOBBY, None, "subscriptions.readers"), (PRESENCE, A, "connections.find_all")],
    ids=["telling the count", "telling the others"],
)
def test_what_fails_once_the_client_is_in_is_logged_and_no_refusal(channel, member, call):
    world = new(pusher("c2"), subscription_count=True)
    world.enter(PRESENCE, "B", world.connections.rows["c2"], at=NOW)
    world.journal.failures[call] = DOWN
    assert enter(world, channel, member)[0]
    assert (world.outbox.frames("c1"), world.telemetry.errors) == (["hello"], {"internal_error": 1})
    assert world.connections.rows["c1"].channels == {channel.name}


@pytest.mark.parametrize("call", ["channels.occupy", "outbox.post_each", "connections.join"])
@pytest.mark.parametrize(("channel", "member"), [(LOBBY, None), (PRESENCE, A)], ids=["public", "presence"])
def test_who_was_in_before_stays_in_when_coming_again_fails(channel, member, call):
    world = World(pusher("c1", "lobby", ROOM, user="A"))
    world.journal.failures[call] = DOWN
    with pytest.raises(ServiceError):
        enter(world, channel, member)
    assert list(world.subscriptions.rows) == [(LOBBY, "c1")]
    assert [row.connections[0].connection_id for row in world.members.held.values()] == ["c1"]
    assert (set(world.channels.rows), world.tasks.sent) == ({LOBBY, PRESENCE}, [])


def test_what_cannot_be_taken_back_is_logged_and_left_to_the_sweep():
    world = new()
    world.journal.failures |= {"connections.join": DOWN, "subscriptions.remove": ServiceError("Batch", "down")}
    with pytest.raises(ServiceError) as failure:
        enter(world, LOBBY)
    assert (failure.value.operation, world.telemetry.errors) == ("UpdateItem", {"internal_error": 1})


def test_others_that_turn_out_to_be_gone_are_forgotten():
    world = new(pusher("c2", ROOM, user="B"))
    world.outbox.fates["c2"] = "gone"
    enter(world, PRESENCE, A)
    assert (list(world.connections.rows), [user for _, user in world.members.held]) == (["c1"], ["A"])


def test_who_takes_long_to_come_in_is_told_what_changed_meanwhile_and_not_again_by_others():
    """Whoever tells of an edge waits two seconds for a newcomer, no longer."""
    world = new(pusher("c2", ROOM, user="B"))

    def late(name: str, frame: str) -> None:
        world.outbox.on_post = None
        world.clock.advance(1_501)
        world.members.leave(PRESENCE, "B", Reader("c2", "pusher", 0, "B"))
        world.members.claim_out(PRESENCE, "B", world.clock.now(), world.clock.now())
        world.members.join(PRESENCE, "C", '{"user_id":"C"}', Reader("c3", "pusher", 0), world.clock.now())

    world.outbox.on_post = late
    enter(world, PRESENCE, A)
    told = [json.loads(frame) for frame in world.outbox.frames("c1")[1:]]
    assert [(frame["event"], json.loads(frame["data"])) for frame in told] == [
        ("pusher_internal:member_removed", {"user_id": "B"}),
        ("pusher_internal:member_added", {"user_id": "C"}),
    ]
    assert edge_stamp(PRESENCE, "C", NOW + 1_501) in world.connections.rows["c1"].saw
