"""Publish by HTTP: who hears it, what is kept, what is answered, also where it fails half way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.connections import Channel, Connection
from realtime.domain.errors import ServiceError
from realtime.domain.sockets import socket_id
from tests.fakes import World, connection
from tests.http_caller import MAX_DATA_BYTES, Caller

EVENTS, BATCH = "/apps/1/events", "/apps/1/batch_events"
FAILURE = ServiceError("Query", "timeout")


def pusher(connection_id: str, *channels: str, user: str | None = None, **others: Any) -> Connection:
    """A Pusher client that reads these channels, presence channels as `user`."""
    members = {name: user for name in channels if name.startswith("presence-") and user is not None}
    return connection(
        connection_id, user=None, team=None, channels=channels, protocol="pusher", members=members, **others
    )


def signed_in(connection_id: str, user: str) -> Connection:
    row = connection(connection_id, user=user, team=None, protocol="pusher")
    return row._replace(user_data=json.dumps({"id": user}))


def heard(world: World, connection_id: str) -> list[Any]:
    return [json.loads(frame) for frame in world.outbox.frames(connection_id)]


def publish(world: World, **fields: Any) -> tuple[int, Any]:
    status, body, _ = Caller(world).post(EVENTS, {"name": "e", "data": "{}", **fields})
    return status, body


def test_readers_hear_the_event():
    world = World(pusher("c1", "news"), pusher("c2", "other"))
    assert publish(world, channels=["news"], data='{"a": 1}') == (200, {})
    assert heard(world, "c1") == [{"event": "e", "channel": "news", "data": '{"a": 1}'}]
    assert heard(world, "c2") == []


def test_plain_clients_hear_it_as_well():
    world = World(connection("c1", channels=["news"]))
    publish(world, channels=["news"], data='{"a": 1}')
    assert heard(world, "c1") == [{"event": "e", "channel": "news", "data": {"a": 1}}]


def test_one_channel_may_be_named_alone():
    world = World(pusher("c1", "news"))
    publish(world, channel="news")
    assert len(heard(world, "c1")) == 1


def test_an_event_may_stand_in_the_query_string():
    world = World(pusher("c1", "a"), pusher("c2", "b"))
    pairs = [("name", "e"), ("data", "d"), ("channels[]", "a"), ("channels[]", "b")]
    assert Caller(world).send("POST", EVENTS, pairs).status == 200
    assert [len(heard(world, name)) for name in ("c1", "c2")] == [1, 1]


def test_a_channel_that_is_named_twice_hears_it_once():
    world = World(pusher("c1", "a", "b"))
    publish(world, channels=["a", "b", "a"])
    assert [frame["channel"] for frame in heard(world, "c1")] == ["a", "b"]


def test_the_connection_that_is_excluded_hears_it_on_no_channel():
    world = World(pusher("c1", "a", "b"), pusher("c2", "a"), connection("c3", channels=["b"]))
    assert publish(world, channels=["a", "b"], socket_id=socket_id("c1")) == (200, {})
    assert [len(heard(world, name)) for name in ("c1", "c2", "c3")] == [0, 1, 1]


def test_an_unknown_socket_id_excludes_nobody():
    world = World(pusher("c1", "a"))
    assert publish(world, channels=["a"], socket_id="1.2")[0] == 200
    assert len(heard(world, "c1")) == 1


def test_another_apps_channel_of_the_same_name_hears_nothing():
    world = World(pusher("c1", "a", app_id="2"))
    publish(world, channels=["a"])
    assert heard(world, "c1") == []


def test_a_user_hears_it_on_every_connection_that_is_signed_in():
    world = World(signed_in("c1", "u-9"), signed_in("c2", "u-9"), signed_in("c3", "u-8"))
    assert publish(world, channels=["#server-to-user-u-9"])[0] == 200
    assert [len(heard(world, name)) for name in ("c1", "c2", "c3")] == [1, 1, 0]


def test_a_cache_channel_keeps_the_last_event():
    world = World()
    for data in ("1", "2"):
        publish(world, channels=["cache-a", "b"], data=data, socket_id="1.2")
        world.clock.advance(1)
    assert [(channel.name, kept.data) for channel, kept in world.state.kept.items()] == [("cache-a", "2")]


@pytest.mark.parametrize("size", [0, MAX_DATA_BYTES])
def test_data_may_be_so_large(size):
    assert publish(World(), channels=["a"], data="x" * size) == (200, {})


def test_larger_data_are_refused():
    world = World(pusher("c1", "a"))
    status, body = publish(world, channels=["a"], data="é" * (MAX_DATA_BYTES // 2) + "x")
    assert (status, body["status"], heard(world, "c1")) == (413, 413, [])


@pytest.mark.parametrize(
    "fields", [{"channels": []}, {"channels": ["a b"]}, {"channels": ["a"], "data": {}}, {"name": 1}]
)
def test_what_is_malformed_is_heard_by_nobody(fields):
    world = World(pusher("c1", "a"))
    assert publish(world, **{"channels": ["a"], **fields})[0] == 400
    assert heard(world, "c1") == []


@pytest.mark.parametrize("path", [EVENTS, BATCH])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"x", b"\xff", b'{"name":NaN}', b"[" * 100_000], ids=repr)
def test_a_body_that_is_no_event_is_malformed(path, body):
    assert Caller(World()).send("POST", path, body=body).status == 400


def tabs(*users: str) -> World:
    """Connections in presence-a, of these users in turn, and one in b."""
    return World(*(pusher(f"c{n}", "presence-a", user=user) for n, user in enumerate(users)), pusher("x", "b"))


def test_info_tells_of_each_channel_what_it_has():
    world = tabs("u1", "u1", "u2")
    world.apps.set(subscription_count=True)
    answer = publish(world, channels=["presence-a", "b", "c"], info="user_count,subscription_count,cache,colour")
    told = {"presence-a": {"user_count": 2}, "b": {"subscription_count": 1}, "c": {"subscription_count": 0}}
    assert answer == (200, {"channels": told})


def test_info_that_is_not_to_be_had_is_left_out():
    assert publish(tabs("u1"), channels=["b"], info="subscription_count,user_count") == (200, {"channels": {"b": {}}})


def test_a_count_that_fails_does_not_have_the_event_sent_again():
    world = tabs("u1")
    world.outbox.on_post = lambda name, frame: world.journal.failures.update({"members.rows": FAILURE})
    assert publish(world, channels=["presence-a"], info="user_count") == (200, {"channels": {"presence-a": {}}})
    assert len(heard(world, "c0")) == 1


def test_readers_that_cannot_be_reached_are_told_of_in_the_log_alone():
    world = World(pusher("c1", "a"), pusher("c2", "a"), pusher("c3", "a"), pusher("c4", "a"))
    world.outbox.fates.update(c1="throttled", c2="failed", c3="gone")
    assert publish(world, channels=["a"]) == (200, {})
    assert len(heard(world, "c4")) == 1
    assert world.telemetry.counts["DeliveriesFailed"] == 2
    assert [message for level, message, _ in world.telemetry.lines if level == "ERROR"] == ["deliveries failed"]
    assert "c3" not in world.connections.rows


def test_a_channel_that_fails_keeps_the_event_from_no_other():
    world = World(pusher("c1", "a"), pusher("c2", "b"), pusher("c3", "presence-c", user="u"))
    world.journal.failures["members.rows"] = FAILURE
    status, body = publish(world, channels=["a", "presence-c", "b"], info="user_count")
    assert (status, body["status"], body["channels"]) == (500, 500, ["presence-c"])
    assert [len(heard(world, name)) for name in ("c1", "c2", "c3")] == [1, 1, 0]
    (line,) = [fields for level, _, fields in world.telemetry.lines if level == "ERROR"]
    assert line == {"operation": "Query", "reason": "timeout", "channel": "presence-c"}


def test_a_cache_channel_that_cannot_keep_an_event_does_not_send_it():
    world = World(pusher("c1", "cache-a"))
    world.journal.failures["state.cache"] = FAILURE
    assert publish(world, channels=["cache-a"])[0] == 500
    assert heard(world, "c1") == []


def test_what_cannot_be_begun_in_time_is_named():
    world = World(*(pusher(f"c{n}", f"ch{n}") for n in range(5)))
    world.outbox.on_post = lambda name, frame: world.clock.advance(10_000)
    status, body = publish(world, channels=[f"ch{n}" for n in range(5)])
    assert (status, body["channels"]) == (500, ["ch2", "ch3", "ch4"])
    assert [len(heard(world, f"c{n}")) for n in range(5)] == [1, 1, 0, 0, 0]


def batch(world: World, *items: Any) -> tuple[int, Any]:
    status, body, _ = Caller(world).post(BATCH, {"batch": [{"name": "e", "data": "d", **item} for item in items]})
    return status, body


def test_the_events_of_a_batch_are_heard_in_their_order():
    world = World(pusher("c1", "a", "b"))
    assert batch(world, {"channel": "a", "data": "1"}, {"channel": "b"}, {"channel": "a", "data": "2"}) == (200, {})
    assert [(frame["channel"], frame["data"]) for frame in heard(world, "c1")] == [("a", "1"), ("b", "d"), ("a", "2")]


def test_every_event_of_a_batch_excludes_its_own_connection():
    world = World(pusher("c1", "a"), pusher("c2", "a"))
    batch(world, {"channel": "a", "socket_id": socket_id("c1")}, {"channel": "a", "socket_id": socket_id("c2")})
    assert [len(heard(world, name)) for name in ("c1", "c2")] == [1, 1]


def test_a_batch_tells_what_each_event_asked_for():
    world = tabs("u1", "u2")
    answer = batch(
        world, {"channel": "presence-a", "info": "user_count"}, {"channel": "b"}, {"channel": "b", "info": "x"}
    )
    assert answer == (200, {"batch": [{"user_count": 2}, {}, {}]})


def test_of_a_malformed_batch_nothing_is_heard():
    world = World(pusher("c1", "a"))
    assert batch(world, {"channel": "a"}, {"channel": "a b"})[0] == 400
    assert batch(world, {"channel": "a"}, {"channel": "a", "data": "x" * (MAX_DATA_BYTES + 1)})[0] == 413
    assert heard(world, "c1") == []


def test_a_batch_that_fails_half_way_says_so():
    world = World(pusher("c1", "a"), pusher("c2", "presence-c", user="u"))
    world.journal.failures["members.rows"] = FAILURE
    status, body = batch(world, {"channel": "presence-c"}, {"channel": "a"}, {"channel": "presence-c"})
    assert (status, body["channels"], len(heard(world, "c1"))) == (500, ["presence-c"], 1)


TERMINATE = ["/apps/1/users/u-9/terminate_connections", "/users/u-9/terminate_connections"]


@pytest.mark.parametrize("path", TERMINATE)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_users_connections_are_closed(path, body):
    world = World(signed_in("c1", "u-9"), signed_in("c2", "u-9"), signed_in("c3", "u-8"))
    world.open(pusher("c4", "presence-a", user="u-9"))
    assert Caller(world).send("POST", path, body=body)[:2] == (200, {})
    assert sorted(world.outbox.closed) == ["c1", "c2"]
    assert [frame["data"]["code"] for frame in heard(world, "c1")] == [4009]
    assert Channel("1", "presence-a") in world.channels.rows


def test_a_user_without_connections_is_no_error():
    assert Caller(World()).send("POST", TERMINATE[0]).status == 200


@pytest.mark.parametrize("user", ["", "a b", "é", "x" * 129, "#u", "a%2Fb"])
def test_a_user_that_cannot_be_is_refused(user):
    assert Caller(World()).send("POST", f"/apps/1/users/{user}/terminate_connections").status == 400


def test_a_termination_with_another_body_is_malformed():
    assert Caller(World()).send("POST", TERMINATE[0], body=b"x").status == 400


def test_a_termination_that_fails_is_told():
    world = World(signed_in("c1", "u-9"))
    world.journal.failures["members.rows"] = FAILURE
    assert Caller(world).send("POST", TERMINATE[0]).status == 500
