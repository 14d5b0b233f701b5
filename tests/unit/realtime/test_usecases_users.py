"""Users sign in, are watched, spoken to, and sent away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.connections import Connection, server_to_user, watchers_of
from realtime.domain.errors import ServiceError
from realtime.domain.signatures import sign
from realtime.domain.sockets import socket_id
from realtime.usecases.frames import receive_any
from realtime.usecases.publish import event_of_pusher, publish
from realtime.usecases.users import terminate
from tests.fakes import NOW, World, call, connection
from tests.unit.realtime.interleaving import Act, explore
from tests.unit.realtime.scenes import ROOM, dies, pusher, saying, subscribe_frame
from tests.unit.realtime.watcher import Watcher, faults

DOWN = ServiceError("PutItem", "down")


def signin(user_data: Any, connection_id: str = "c1", **changes: Any) -> str:
    text = user_data if isinstance(user_data, str) else json.dumps(user_data)
    auth = f"key-1:{sign('secret-1', f'{socket_id(connection_id)}::user::{text}')}"
    return json.dumps({"event": "pusher:signin", "data": {"auth": auth, "user_data": text, **changes}})


def signed_in(name: str, user: str, *watching: str) -> Connection:
    identity = connection(user=user, team=None).identity
    return pusher(name, identity=identity, user_data=json.dumps({"id": user}), watching=frozenset(watching))


def exchange(world: World, body: str) -> list[Any]:
    """What client c1 hears after it has sent `body`."""
    receive_any(body, call(), world.ports)
    return heard(world, "c1")


def heard(world: World, name: str) -> list[Any]:
    return [json.loads(frame) for frame in world.outbox.frames(name)]


def changes(world: World, name: str) -> list[Any]:
    return [frame["data"]["events"] for frame in heard(world, name) if frame["event"].endswith("watchlist_events")]


def is_whole(world: World, user: str, watched: str) -> bool:
    """Whether c1 is this user and nobody else, and watches."""
    row = world.connections.rows["c1"]
    signed_in_as = (row.identity.user_id, json.loads(row.user_data or "{}").get("id"))
    on = [who.user for who in world.members.held.values() if any(one.connection_id == "c1" for one in who.connections)]
    watches = watched in row.watching and (watchers_of("1", watched), "c1") in world.subscriptions.rows
    return signed_in_as == (user, user) and on == [user] and watches


def online(*users: str) -> dict[str, Any]:
    return {"name": "online", "user_ids": list(users)}


def offline(*users: str) -> dict[str, Any]:
    return {"name": "offline", "user_ids": list(users)}


def test_signing_in_succeeds_with_the_user_data_as_they_were_sent():
    text = '{"id":"A", "user_info":{"name":"Ana"}}'
    assert exchange(World(pusher("c1")), signin(text)) == [
        {"event": "pusher:signin_success", "data": {"user_data": text}}
    ]


def test_the_row_tells_who_it_is():
    world = World(pusher("c1"))
    exchange(world, signin({"id": "A", "team_id": "7", "watchlist": ["B"]}))
    row = world.connections.rows["c1"]
    assert (row.identity.user_id, row.identity.team_id, list(row.watching)) == ("A", "7", ["B"])
    assert row.user_data == json.dumps({"id": "A", "team_id": "7", "watchlist": ["B"]})


@pytest.mark.parametrize(
    "body",
    [
        signin({"id": "A"}, auth="key-1:" + "0" * 64),
        signin({"id": "A"}, auth="key-9:" + "0" * 64),
        signin({"id": "A"}, auth=None),
        signin({"id": "A"}, "c2"),
        signin("{}"),
        signin("no json"),
        signin({"id": ""}),
        signin({"id": 7}),
        signin({"id": "a b"}),
        signin({"id": "A", "watchlist": "B"}),
        json.dumps({"event": "pusher:signin", "data": None}),
        json.dumps({"event": "pusher:signin"}),
    ],
)
def test_a_sign_in_that_is_not_valid_is_an_error_and_the_connection_is_nobodys(body):
    world = World(pusher("c1"))
    (answer,) = exchange(world, body)
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", 4009)
    assert (world.connections.rows["c1"].user_data, world.members.held, world.subscriptions.rows) == (None, {}, {})


def test_signing_in_again_as_the_same_user_is_fine_and_as_another_is_not():
    world = World(signed_in("c1", "A"))
    again, other = exchange(world, signin({"id": "A"})) and exchange(world, signin({"id": "B"}))
    assert (again["event"], other["data"]["code"]) == ("pusher:signin_success", 4009)
    assert [user for _, user in world.members.held] == ["A"]


def test_signing_in_again_changes_nothing():
    world = World(signed_in("c1", "A", "B"))
    before = world.connections.rows["c1"]
    exchange(world, signin({"id": "A", "team_id": "7", "watchlist": ["C"]}))
    assert (world.connections.rows["c1"], world.writes) == (before, [])


def test_user_data_may_be_longer_than_a_member_is():
    world = World(pusher("c1"))
    (answer,) = exchange(world, signin({"id": "A", "user_info": {"about": "x" * 2_000}}))
    assert answer["event"] == "pusher:signin_success"
    assert [row.member for row in world.members.held.values()] == ['{"user_id":"A"}']


def test_events_to_the_user_reach_all_its_connections():
    world = World(signed_in("c1", "A"), signed_in("c2", "A"), signed_in("c3", "B"))
    publish(event_of_pusher(server_to_user("1", "A"), "hello", "1"), world.ports)
    assert [len(world.outbox.frames(name)) for name in ("c1", "c2", "c3")] == [1, 1, 0]
    assert heard(world, "c1") == [{"event": "hello", "channel": "#server-to-user-A", "data": "1"}]


@pytest.mark.parametrize(("user", "event"), [("A", "pusher_internal:subscription_succeeded"), ("B", None)])
def test_only_the_user_may_ask_for_its_events(user, event):
    body = json.dumps({"event": "pusher:subscribe", "data": {"auth": "", "channel": f"#server-to-user-{user}"}})
    (answer,) = exchange(World(signed_in("c1", "A")), body)
    assert answer["event"] == (event or "pusher:subscription_error")


def test_asking_right_after_the_success_waits_for_the_row():
    """pusher-js does as soon as it hears `signin_success`."""
    world = World(pusher("c1"))
    world.clock.at(NOW + 100, lambda: world.connections.rows.update(c1=signed_in("c1", "A")))
    body = json.dumps({"event": "pusher:subscribe", "data": {"auth": "", "channel": "#server-to-user-A"}})
    (answer,) = exchange(world, body)
    assert answer["event"] == "pusher_internal:subscription_succeeded"


def test_a_presence_channel_without_channel_data_waits_for_the_sign_in():
    world = World(pusher("c1"))
    world.clock.at(NOW + 100, lambda: world.connections.rows.update(c1=signed_in("c1", "A")))
    (answer,) = exchange(world, subscribe_frame("c1", ROOM))
    assert answer["event"] == "pusher_internal:subscription_succeeded"
    assert world.connections.rows["c1"].members == {ROOM: "A"}


def test_who_signs_in_hears_who_of_its_watchlist_is_online_after_the_success():
    world = World(pusher("c1"), signed_in("c2", "B"), signed_in("c3", "D"))
    success, state = exchange(world, signin({"id": "A", "watchlist": ["D", "C", "B"]}))
    assert success["event"] == "pusher:signin_success"
    assert state["data"]["events"] == [online("B", "D"), offline("C")]


def test_watchers_hear_of_a_users_first_connection_and_of_its_last():
    world = World(pusher("c1"), pusher("c2"), signed_in("w", "W", "A"))
    receive_any(signin({"id": "A"}), call(), world.ports)
    receive_any(signin({"id": "A"}, "c2"), call("c2"), world.ports)
    assert changes(world, "w") == [[online("A")]]
    for name in ("c1", "c2"):
        body = dies(name).body
        world.clock.advance(10_000)
        body(world.ports)
    assert changes(world, "w") == [[online("A")], [offline("A")]]


def test_a_watchlist_that_is_too_long_is_told_and_its_first_hundred_are_watched():
    world = World(pusher("c1"))
    frames = exchange(world, signin({"id": "A", "watchlist": [f"u{n}" for n in range(101)]}))
    assert [frame["event"] for frame in frames] == [
        "pusher:signin_success",
        "pusher_internal:watchlist_events",
        "pusher:error",
    ]
    assert (frames[-1]["data"]["code"], len(world.connections.rows["c1"].watching)) == (4302, 100)


def test_without_the_setting_nobody_is_watched():
    world = World(pusher("c1"), signed_in("c2", "B"))
    world.apps.set(watchlist=False)
    frames = exchange(world, signin({"id": "A", "watchlist": ["B"]}))
    assert ([frame["event"] for frame in frames], world.subscriptions.rows) == (["pusher:signin_success"], {})


@pytest.mark.parametrize("call_name", ["subscriptions.add_all", "connections.sign_in"])
def test_a_service_that_fails_leaves_the_connection_nobodys(call_name):
    world = World(pusher("c1"))
    world.journal.failures[call_name] = DOWN
    answers = exchange(world, signin({"id": "A", "watchlist": ["B"]}))
    assert (answers[-1]["event"], answers[-1]["data"]["code"]) == ("pusher:error", None)
    assert not any(row.connections for row in world.members.held.values())


@pytest.mark.parametrize("call_name", ["subscriptions.readers", "members.find"])
def test_a_service_that_fails_after_the_success_leaves_the_client_signed_in(call_name):
    world = World(pusher("c1"))
    world.journal.failures[call_name] = DOWN
    (answer,) = exchange(world, signin({"id": "A", "watchlist": ["B"]}))
    assert (answer["event"], world.telemetry.errors) == ("pusher:signin_success", {"internal_error": 1})
    assert is_whole(world, "A", "B")


def test_who_cannot_be_told_is_not_signed_in():
    world = World(pusher("c1"))
    world.outbox.fates["c1"] = "failed"
    exchange(world, signin({"id": "A", "watchlist": ["B"]}))
    assert (world.connections.rows["c1"].user_data, world.subscriptions.rows) == (None, {})


def test_terminating_closes_the_users_connections_alone_and_tells_them():
    world = World(signed_in("c1", "A"), signed_in("c2", "A"), signed_in("c3", "B"), pusher("c4"))
    assert terminate("1", "A", world.ports) == 2
    assert (world.outbox.closed, sorted(world.connections.rows)) == (["c1", "c2"], ["c3", "c4"])
    (error,) = heard(world, "c1")
    assert (error["event"], error["data"]["code"]) == ("pusher:error", 4009)


def test_terminating_nobody_is_fine():
    world = World(pusher("c1"))
    assert (terminate("1", "A", world.ports), world.outbox.closed) == (0, [])


def signing_in(name: str, user: str, *watched: str) -> Act:
    return Act(f"{name} signs in", saying(name, signin({"id": user, "watchlist": list(watched)}, name)))


def test_whoever_signs_in_at_the_same_time_a_watcher_knows_in_the_end():
    ends = list(explore(World(pusher("w"), pusher("c1")), [signing_in("w", "W", "A"), signing_in("c1", "A")]))
    assert {Watcher("W", end.world.outbox.frames("w")).online["A"] for end in ends} == {"online"}


def test_whoever_dies_at_the_same_time_a_watcher_knows_in_the_end():
    ends = list(explore(World(pusher("w"), signed_in("c1", "A")), [signing_in("w", "W", "A"), dies("c1")]))
    assert {Watcher("W", end.world.outbox.frames("w")).online["A"] for end in ends} == {"offline"}


def test_who_signs_in_and_dies_at_the_same_time_leaves_nothing_behind():
    world = World(pusher("c1"), signed_in("w", "W", "A"))
    for end in explore(world, [signing_in("c1", "A", "W"), dies("c1")]):
        assert faults(end.world, {"w": "W"}) == [], end.trace
        told = [event["name"] for events in changes(end.world, "w") for event in events]
        assert told in ([], ["online", "offline"]), end.trace


def test_watchers_are_found_apart_from_the_users_own_connections():
    assert watchers_of("1", "A") != server_to_user("1", "A")


def test_of_two_that_sign_in_at_once_as_different_users_one_gets_through_whole():
    acts = [signing_in("c1", user, "W")._replace(name=f"as {user}") for user in "AB"]
    winners = set()
    for end in explore(World(pusher("c1")), acts):
        user = end.world.connections.rows["c1"].identity.user_id or ""
        frames = heard(end.world, "c1")
        successes = [frame for frame in frames if frame["event"] == "pusher:signin_success"]
        codes = [frame["data"]["code"] for frame in frames if frame["event"] == "pusher:error"]
        assert (len(successes), codes, is_whole(end.world, user, "W")) == (1, [4009], True), end.trace
        winners.add(user)
    assert winners == {"A", "B"}
