"""Questions by HTTP about channels and their users."""

from __future__ import annotations

from typing import Any

import pytest

from realtime.domain.connections import Channel
from realtime.ports import Cached, Occupancy
from tests.fakes import NOW, World, connection
from tests.http_caller import Caller

CHANNELS = "/apps/1/channels"


@pytest.fixture
def world() -> World:
    """Users u1 (twice) and u2 in presence-a, u1 in presence-b, c1 and plain p in news, p in cache-x."""
    return World(
        reader("c1", "presence-a", "presence-b", "news", user="u1"),
        reader("c2", "presence-a", user="u1"),
        reader("c3", "presence-a", user="u2"),
        connection("p", channels=["news", "cache-x"]),
    )


def reader(connection_id: str, *channels: str, user: str, app_id: str = "1") -> Any:
    members = {name: user for name in channels if name.startswith("presence-")}
    return connection(
        connection_id, user=None, team=None, channels=channels, protocol="pusher", members=members, app_id=app_id
    )


def ask(world: World, path: str, **params: str) -> tuple[int, Any]:
    status, body, _ = Caller(world).get(path, **params)
    return status, body if status == 200 else body["status"]


def test_the_occupied_channels_are_listed(world):
    names = ("presence-a", "presence-b", "news", "cache-x")
    assert ask(world, CHANNELS) == (200, {"channels": dict.fromkeys(names, {})})


def test_an_app_without_readers_has_no_channels():
    assert ask(World(), CHANNELS) == (200, {"channels": {}})


def test_channels_are_listed_by_prefix(world):
    assert ask(world, CHANNELS, filter_by_prefix="ne") == (200, {"channels": {"news": {}}})
    assert ask(world, CHANNELS, filter_by_prefix="é") == (200, {"channels": {}})


def test_another_apps_channels_are_not_listed(world):
    world.open(reader("c9", "theirs", user="u", app_id="2"))
    assert ask(world, CHANNELS, filter_by_prefix="th") == (200, {"channels": {}})


def test_a_prefix_that_no_channel_has_is_not_even_asked_for(world):
    """DynamoDB takes no key of more than 1,024 bytes."""
    assert ask(world, CHANNELS, filter_by_prefix="a" * 165) == (200, {"channels": {}})
    assert "channels.occupied" not in world.journal.calls


def test_presence_channels_are_listed_with_their_users(world):
    told = {"presence-a": {"user_count": 2}, "presence-b": {"user_count": 1}}
    assert ask(world, CHANNELS, filter_by_prefix="presence-", info="user_count") == (200, {"channels": told})


@pytest.mark.parametrize(
    "params",
    [
        {"info": "user_count"},
        {"info": "user_count", "filter_by_prefix": "pres"},
        {"info": "user_count", "filter_by_prefix": "private-"},
        {"info": "subscription_count"},
        {"info": "cache", "filter_by_prefix": "cache-"},
        {"info": "colour", "filter_by_prefix": "presence-"},
        {"info": "user_count,colour", "filter_by_prefix": "presence-"},
    ],
)
def test_a_list_cannot_tell_everything(world, params):
    assert ask(world, CHANNELS, **params) == (400, 400)


def test_channels_are_listed_with_their_subscriptions_where_the_app_counts_them(world):
    world.apps.set(subscription_count=True)
    told = {"cache-x": {"subscription_count": 1}, "news": {"subscription_count": 2}, "presence-a": {}, "presence-b": {}}
    assert ask(world, CHANNELS, info="subscription_count") == (200, {"channels": told})
    assert ask(world, CHANNELS, info="subscription_count", filter_by_prefix="presence-") == (400, 400)


def test_more_channels_than_fit_into_an_answer_are_too_many():
    world = World()
    for number in range(30_000):
        channel = Channel("1", f"{number:0160}")
        world.channels.rows[channel] = Occupancy(channel)
    assert ask(world, CHANNELS) == (400, 400)
    assert ask(world, CHANNELS, filter_by_prefix=f"{'0' * 156}")[0] == 200


def test_more_channels_than_can_be_counted_in_time_are_too_many(world):
    in_a_hurry = Caller(world, remaining_ms=0)
    assert in_a_hurry.get(CHANNELS, filter_by_prefix="presence-", info="user_count").status == 400


@pytest.mark.parametrize(
    ("name", "occupied"), [("news", True), ("presence-a", True), ("private-none", False), ("presence-none", False)]
)
def test_a_channel_is_occupied_or_not(world, name, occupied):
    assert ask(world, f"{CHANNELS}/{name}") == (200, {"occupied": occupied})


def test_a_presence_channel_tells_its_users(world):
    assert ask(world, f"{CHANNELS}/presence-a", info="user_count") == (200, {"occupied": True, "user_count": 2})
    assert ask(world, f"{CHANNELS}/presence-z", info="user_count") == (200, {"occupied": False, "user_count": 0})


def test_a_channel_tells_its_subscriptions_where_the_app_counts_them(world):
    assert ask(world, f"{CHANNELS}/news", info="subscription_count") == (400, 400)
    world.apps.set(subscription_count=True)
    told = {"occupied": True, "subscription_count": 2}
    assert ask(world, f"{CHANNELS}/news", info="subscription_count") == (200, told)
    assert ask(world, f"{CHANNELS}/presence-a", info="subscription_count") == (400, 400)


def test_a_cache_channel_tells_what_it_keeps(world):
    world.state.kept[Channel("1", "cache-x")] = Cached("e", '{"a": 1}', "id", NOW - 1000, NOW + 60_999)
    told = {"occupied": True, "cache": {"data": '{"a": 1}', "ttl": 60}}
    assert ask(world, f"{CHANNELS}/cache-x", info="cache") == (200, told)
    assert ask(world, f"{CHANNELS}/cache-y", info="cache") == (200, {"occupied": False, "cache": None})


@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("news", "user_count"),
        ("news", "cache"),
        ("my-cache-x", "cache"),
        ("presence-a", "colour"),
        ("news", "subscription_count"),
    ],
)
def test_a_channel_cannot_tell_everything(world, name, info):
    assert ask(world, f"{CHANNELS}/{name}", info=info) == (400, 400)


def test_asking_twice_is_malformed(world):
    assert Caller(world).send("GET", CHANNELS, [("info", ""), ("info", "")]).status == 400
    assert Caller(world).send("GET", CHANNELS, [("filter_by_prefix", "a")] * 2).status == 400


def test_the_users_of_a_presence_channel_are_listed_once(world):
    status, body = ask(world, f"{CHANNELS}/presence-a/users")
    assert (status, sorted(user["id"] for user in body["users"])) == (200, ["u1", "u2"])


def test_a_channel_that_is_not_occupied_has_no_users(world):
    assert ask(world, f"{CHANNELS}/presence-none/users") == (200, {"users": []})


@pytest.mark.parametrize("name", ["news", "private-presence-a", "presenceless"])
def test_other_channels_have_no_users(world, name):
    assert ask(world, f"{CHANNELS}/{name}/users") == (400, 400)


@pytest.mark.parametrize("name", ["", "a b", "é", "%C3%A9", "#a", "%23server-to-user-u", "x" * 165, "a%2Fb", "a%0A"])
@pytest.mark.parametrize("rest", ["", "/users"])
def test_a_channel_that_cannot_be_is_malformed(world, name, rest):
    assert ask(world, f"{CHANNELS}/{name}{rest}") == (400, 400)


@pytest.mark.parametrize("name", ["presence-a=@,.;b", "presence-a%3D%40%2C.%3Bb"])
def test_a_name_may_be_escaped(name):
    world = World(reader("c1", "presence-a=@,.;b", user="u"))
    assert ask(world, f"{CHANNELS}/{name}", info="user_count") == (200, {"occupied": True, "user_count": 1})


def test_no_question_writes_anything(world):
    for path in (CHANNELS, f"{CHANNELS}/news", f"{CHANNELS}/presence-a", f"{CHANNELS}/presence-a/users"):
        ask(world, path)
    assert (world.writes, world.outbox.posts) == ([], [])
