"""Cache channels: their last event is replayed to who comes later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.pusher_world import PusherWorld

PREFIXES = ["cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"]
ANA = '{"user_id":"ana"}'


def data_of(channel: str) -> str | None:
    return ANA if channel.startswith("presence-") else None


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_last_event_of_a_server_is_replayed_right_after_the_success(pushers: PusherWorld, prefix: str) -> None:
    channel = pushers.channel(prefix)
    sdk = pushers.python()
    sdk.trigger(channel, "old", {"n": 1})
    sdk.trigger(channel, "new", {"n": 2})
    client = pushers.connected()
    client.subscribe(channel, member={"user_id": "ana"})
    assert client.event(channel, "new") == {"n": 2}
    client.settle()
    told = [heard["event"] for heard in client.all("event", channel=channel)]
    assert told == ["pusher:subscription_succeeded", "new"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_empty_one_says_so_to_the_subscriber(pushers: PusherWorld, prefix: str) -> None:
    channel = pushers.channel(prefix)
    client = pushers.raw().welcomed()
    assert client.enter(channel, data_of(channel))["event"] == "pusher_internal:subscription_succeeded"
    assert client.receive() == {"event": "pusher:cache_miss", "channel": channel}


def test_pusher_js_hears_a_cache_miss_without_data(pushers: PusherWorld) -> None:
    channel = pushers.channel("cache-")
    client = pushers.connected()
    client.subscribe(channel)
    assert "data" not in client.wait("event", channel=channel, event="pusher:cache_miss")


def test_a_channel_that_only_sounds_like_one_keeps_nothing(pushers: PusherWorld) -> None:
    channel = pushers.channel("my-cache-")
    pushers.python().trigger(channel, "gone", {})
    client = pushers.connected()
    client.subscribe(channel)
    client.settle()
    assert [heard["event"] for heard in client.all("event", channel=channel)] == ["pusher:subscription_succeeded"]


def test_client_events_are_not_kept(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-cache-")
    ana, ben = pushers.connected(), pushers.connected()
    ana.subscribe(channel)
    ben.subscribe(channel)
    ana.ask("trigger", channel=channel, event="client-typing", data={})
    ben.event(channel, "client-typing")
    late = pushers.connected()
    late.subscribe(channel)
    late.event(channel, "pusher:cache_miss")


def test_what_is_kept_is_told_to_servers_with_its_time(pushers: PusherWorld) -> None:
    channel = pushers.channel("cache-")
    assert pushers.python().channel_info(channel, ["cache"]) == {"occupied": False, "cache": None}
    pushers.python().trigger(channel, "score", {"n": 1})
    kept: dict[str, Any] = pushers.python().channel_info(channel, ["cache"])["cache"]
    assert json.loads(kept["data"]) == {"n": 1}
    assert 1700 < kept["ttl"] <= 1800


def test_the_excluded_connection_concerns_delivery_and_not_what_is_kept(pushers: PusherWorld) -> None:
    channel = pushers.channel("cache-")
    ana = pushers.connected()
    ana.subscribe(channel)
    pushers.python().trigger(channel, "score", {"n": 3}, ana.socket_id())
    ana.settle()
    assert ana.data(channel, "score") == []
    late = pushers.connected()
    late.subscribe(channel)
    assert late.event(channel, "score") == {"n": 3}
