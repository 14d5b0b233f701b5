"""What a Pusher client says, and what it hears: subscribing, leaving, pinging. Sections 2 and 4 of the reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION
from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.domain.members import MAX_MEMBERS
from realtime.ports import Cached
from realtime.usecases.frames import receive_any
from tests.fakes import NOW, World, call, connection
from tests.unit.realtime.scenes import ROOM, auth, pusher, subscribe_frame

SUCCEEDED = "pusher_internal:subscription_succeeded"
DOWN = ServiceError("PutItem", "down")
OFFENDING = '{"user_id":"' + "x" * 1100 + '"}'


def exchange(world: World, body: str, **handled: Any) -> list[Any]:
    """What client c1 hears after it has sent `body`."""
    receive_any(body, call(**handled), world.ports)
    return [json.loads(frame) for frame in world.outbox.frames("c1")]


def frame(event: str, **data: Any) -> str:
    return json.dumps({"event": event, "data": data})


def subscribing(channel: str, channel_data: str | None = None, **changes: Any) -> str:
    return frame("pusher:subscribe", **{**auth("c1", channel, channel_data), **changes})


def new(**fields: Any) -> World:
    return World(pusher("c1", **fields))


def refusal(world: World, body: str) -> tuple[str, int]:
    """Type and status of the one answer, a `pusher:subscription_error`; the client is in no channel then."""
    (answer,) = exchange(world, body)
    assert (answer["event"], world.connections.rows["c1"].channels) == ("pusher:subscription_error", frozenset())
    assert (world.subscriptions.rows, world.members.held, world.channels.rows) == ({}, {}, {})
    return answer["data"]["type"], answer["data"]["status"]


@pytest.mark.parametrize("body", ['{"event":"pusher:ping","data":{}}', '{"event": "pusher:ping"}'])
def test_a_ping_is_answered(body):
    assert exchange(new(), body) == [{"event": "pusher:pong", "data": {}}]


@pytest.mark.parametrize(
    "body",
    ['{"event":"pusher:pong","data":{}}', '{"event":"pusher:later","data":1}', '{"event":"x","channel":"a","data":{}}'],
)
def test_what_needs_no_answer_gets_none(body):
    assert exchange(new(), body) == []


@pytest.mark.parametrize("channel", ["news", "private-x", "private-encrypted-x", "team-9", "a-_=@,.;Z9"])
def test_a_subscription_succeeds(channel):
    world = new()
    assert exchange(world, subscribing(channel)) == [{"event": SUCCEEDED, "channel": channel, "data": "{}"}]
    assert world.connections.rows["c1"].channels == {channel}


@pytest.mark.parametrize("changes", [{"auth": ""}, {"auth": None}, {"channel_data": None}, {"auth": "x"}])
def test_a_public_channel_needs_no_signature(changes):
    (answer,) = exchange(new(), subscribing("news", **changes))
    assert answer["event"] == SUCCEEDED


def test_the_data_may_be_a_string_that_holds_them():
    (answer,) = exchange(new(), json.dumps({"event": "pusher:subscribe", "data": json.dumps(auth("c1", "private-x"))}))
    assert answer["event"] == SUCCEEDED


def test_a_presence_channel_lists_its_members_with_ids_of_their_type():
    world = World(pusher("c1"), pusher("c2", ROOM, user="u-3"))
    channel_data = '{"user_id":9,"user_info":{"name":"Ana"}}'
    (answer,) = exchange(world, subscribing(ROOM, channel_data))
    presence = {"ids": [9, "u-3"], "hash": {"9": {"name": "Ana"}, "u-3": None}, "count": 2}
    assert json.loads(answer["data"]) == {"presence": presence}
    assert world.connections.rows["c1"].members == {ROOM: "9"}


def test_the_others_hear_of_the_new_member_and_itself_does_not():
    world = World(pusher("c1"), pusher("c2", ROOM, user="B"))
    assert [answer["event"] for answer in exchange(world, subscribe_frame("c1", ROOM, "A"))] == [SUCCEEDED]
    (heard,) = (json.loads(text) for text in world.outbox.frames("c2"))
    assert heard == {"event": "pusher_internal:member_added", "channel": ROOM, "data": '{"user_id":"A"}'}


def test_who_is_signed_in_needs_no_channel_data():
    world = new(identity=connection().identity._replace(user_id="A"), user_data='{"id":"A","user_info":{"n":1}}')
    (answer,) = exchange(world, subscribing(ROOM))
    assert json.loads(answer["data"])["presence"]["hash"] == {"A": {"n": 1}}


@pytest.mark.parametrize("channel", ["private-team-7", "presence-team-7"])
def test_a_signed_team_channel_shows_the_clients_team(channel):
    world = new(identity=connection(user=None, team=None).identity)
    exchange(world, subscribing(channel, '{"user_id":"A"}' if channel.startswith("presence") else None))
    assert world.connections.rows["c1"].identity.team_id == "7"


def test_an_app_may_close_its_team_channels():
    world = new(identity=connection(user=None, team=None).identity)
    world.apps.set(team_channels_closed=True)
    assert refusal(world, subscribing("team-7")) == ("AuthError", 401)


@pytest.mark.parametrize(("user_data", "opens"), [('{"id":"A","team_id":"7"}', True), ('{"id":"A"}', False)])
def test_then_signing_in_with_the_team_opens_them(user_data, opens):
    world = new(identity=connection(user=None, team="7").identity, user_data=user_data)
    world.apps.set(team_channels_closed=True)
    (answer,) = exchange(world, subscribing("team-7"))
    assert (answer["event"] == SUCCEEDED) is opens


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (subscribing("private-x", auth=""), ("AuthError", 401)),
        (subscribing("private-x", auth=None), ("AuthError", 401)),
        (subscribing("private-x", auth="key-1"), ("AuthError", 401)),
        (subscribing("private-x", auth="key-1:" + "0" * 64), ("AuthError", 401)),
        (subscribing("private-x", auth="key-2:" + "0" * 64), ("AuthError", 401)),
        (subscribing("private-x", channel_data="{}", auth=auth("c1", "private-x")["auth"]), ("AuthError", 401)),
        (subscribing("private-x", auth=auth("c2", "private-x")["auth"]), ("AuthError", 401)),
        (subscribing(ROOM), ("AuthError", 401)),
        (subscribing(ROOM, "no json"), ("AuthError", 401)),
        (subscribing(ROOM, '{"user_id":null}'), ("AuthError", 401)),
        (subscribing(ROOM, OFFENDING), ("LimitReached", 4301)),
        (subscribing(ROOM, json.dumps({"user_id": "x" * 129})), ("LimitReached", 4301)),
        (subscribing("a b"), ("InvalidChannel", 4009)),
        (subscribing(""), ("InvalidChannel", 4009)),
        (subscribing("#other"), ("InvalidChannel", 4009)),
        (subscribing("x" * 165), ("LimitReached", 4009)),
        (subscribing("#server-to-user-A"), ("AuthError", 401)),
    ],
)
def test_a_refused_subscription_says_why(body, expected):
    assert refusal(new(), body) == expected


def test_the_expected_signature_is_never_told():
    world = new()
    exchange(world, subscribing("private-x", auth="key-1:" + "0" * 64))
    assert auth("c1", "private-x")["auth"].partition(":")[2] not in str(world.outbox.posts) + str(world.telemetry.lines)


def test_an_app_may_want_errors_instead():
    world = new()
    world.apps.set(subscription_errors="error")
    (answer,) = exchange(world, subscribing("a b"))
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", None)


@pytest.mark.parametrize("data", [None, "x", "[]", [], {}, {"channel": 1}, {"channel": "a", "auth": 1}])
def test_data_that_are_none_of_a_subscribe_get_an_error(data):
    (answer,) = exchange(new(), json.dumps({"event": "pusher:subscribe", "data": data}))
    assert answer["event"] == "pusher:error"


def test_a_connection_has_so_many_channels_and_is_told_of_no_success_beyond():
    world = World(pusher("c1", *(f"c-{n}" for n in range(MAX_CHANNELS_PER_CONNECTION))))
    (answer,) = exchange(world, subscribing("one-more"))
    assert (answer["event"], answer["data"]["status"]) == ("pusher:subscription_error", 4100)
    assert (Channel("1", "one-more") in world.channels.rows, len(world.subscriptions.rows)) == (False, 100)


def full() -> World:
    crowd = pusher("crowd", user="u0")
    world = World(pusher("c1"), crowd)
    for number in range(MAX_MEMBERS):
        world.enter(Channel("1", ROOM), f"u{number}", crowd)
    return world


def test_a_full_presence_channel_refuses_who_is_new():
    world = full()
    (answer,) = exchange(world, subscribe_frame("c1", ROOM, "new"))
    assert (answer["data"]["type"], answer["data"]["status"]) == ("LimitReached", 4100)
    assert (len(world.members.held), world.outbox.frames("crowd")) == (MAX_MEMBERS, [])


def test_a_members_second_tab_always_gets_in():
    (answer,) = exchange(full(), subscribe_frame("c1", ROOM, "u7"))
    assert answer["event"] == SUCCEEDED


def test_a_cache_channel_replays_its_event_right_after_the_success():
    world = new()
    world.state.cache(Channel("1", "cache-a"), Cached("score", '{"n":1}', "e1", NOW, NOW + 1000))
    success, replay = exchange(world, subscribing("cache-a"))
    assert (success["event"], replay) == (SUCCEEDED, {"event": "score", "channel": "cache-a", "data": '{"n":1}'})


@pytest.mark.parametrize("channel", ["cache-a", "private-cache-a", "private-encrypted-cache-a"])
def test_an_empty_cache_channel_says_so(channel):
    success, miss = exchange(new(), subscribing(channel))
    assert (success["event"], miss) == (SUCCEEDED, {"event": "pusher:cache_miss", "channel": channel})


def test_subscribing_again_succeeds_again_and_tells_nobody_else():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B"))
    (answer,) = exchange(world, subscribe_frame("c1", ROOM, "A"))
    assert (answer["event"], world.outbox.frames("c2")) == (SUCCEEDED, [])


def test_who_is_in_a_presence_channel_is_not_let_in_as_another_user():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="W"))
    (answer,) = exchange(world, subscribe_frame("c1", ROOM, "B"))
    assert (answer["data"]["type"], answer["data"]["status"]) == ("AuthError", 401)
    assert (world.writes, world.outbox.frames("c2")) == ([], [])


def test_unsubscribing_has_no_answer():
    world = World(pusher("c1", "news"))
    assert exchange(world, frame("pusher:unsubscribe", channel="news"), received_at=NOW) == []
    assert (world.connections.rows["c1"].channels, world.subscriptions.rows) == (frozenset(), {})


@pytest.mark.parametrize("channel", ["news", "#server-to-user-A"])
def test_unsubscribing_from_what_was_not_subscribed_to_is_fine(channel):
    assert exchange(new(), frame("pusher:unsubscribe", channel=channel)) == []


def test_unsubscribing_from_no_channel_is_an_error():
    (answer,) = exchange(new(), frame("pusher:unsubscribe", channel="a b"))
    assert answer["data"]["code"] == 4009


def test_a_service_that_fails_refuses_the_subscription():
    world = new()
    world.journal.failures["subscriptions.add"] = DOWN
    assert refusal(world, subscribing("news")) == ("ServerError", 500)
    assert world.telemetry.errors["internal_error"] == 1


def test_a_service_that_fails_after_the_success_takes_the_subscription_back():
    world = new()
    world.journal.failures["connections.join"] = DOWN
    success, error = exchange(world, subscribing("news"))
    assert (success["event"], error["data"]["status"]) == (SUCCEEDED, 500)
    assert (world.subscriptions.rows, world.channels.rows) == ({}, {})


def test_a_client_that_cannot_be_told_of_its_success_is_closed():
    world = new()
    world.outbox.fates["c1"] = "failed"
    exchange(world, subscribing("news"))
    assert (world.outbox.closed, world.subscriptions.rows) == (["c1"], {})
