"""Webhooks: what an app's endpoint hears, as both server libraries read it."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.pusher_browser import Browser
from tests.integration.pusher_hooks import Delivery
from tests.integration.pusher_world import PusherWorld


def entered(pushers: PusherWorld, channel: str, user: str, app: str = "hooks") -> Browser:
    client = pushers.connected(app)
    client.subscribe(channel, member={"user_id": user})
    return client


def judged(pushers: PusherWorld, delivery: Delivery, app: str = "hooks") -> dict[str, Any]:
    """What Node's library says of it, and Python's as well."""
    told = pushers.python(app).validate_webhook(
        delivery.headers["x-pusher-key"], delivery.headers["x-pusher-signature"], delivery.body
    )
    verdict: dict[str, Any] = pushers.driver.ask(
        "webhook", app=pushers.node_options(app), headers=delivery.headers, body=delivery.body, extra=[]
    )
    assert verdict["valid"] == (told is not None)
    assert told is None or (told["events"], told["time_ms"]) == (verdict["events"], verdict["time"])
    return verdict


def test_all_seven_kinds_are_told_and_valid_to_both_libraries(pushers: PusherWorld) -> None:
    room, cache = pushers.channel("presence-"), pushers.channel("cache-")
    ana = entered(pushers, room, "ana")
    ana.ask("trigger", channel=room, event="client-typing", data={"on": True})
    ana.subscribe(cache)
    cached = pushers.hooks.wait("/hooks", cache, "channel_occupied", "cache_miss", "subscription_count")
    socket_id = ana.socket_id()
    ana.ask("disconnect")
    told = pushers.hooks.wait(
        "/hooks", room, "channel_occupied", "member_added", "client_event", "member_removed", "channel_vacated"
    )
    by_name = {event["name"]: event for event in [*cached, *told]}
    assert by_name == {
        "channel_occupied": {"name": "channel_occupied", "channel": room},
        "channel_vacated": {"name": "channel_vacated", "channel": room},
        "member_added": {"name": "member_added", "channel": room, "user_id": "ana"},
        "member_removed": {"name": "member_removed", "channel": room, "user_id": "ana"},
        "client_event": {
            "name": "client_event",
            "channel": room,
            "event": "client-typing",
            "data": '{"on":true}',
            "socket_id": socket_id,
            "user_id": "ana",
        },
        "cache_miss": {"name": "cache_miss", "channel": cache},
        "subscription_count": {"name": "subscription_count", "channel": cache, "subscription_count": 1},
    }
    assert len(told) == 5
    for delivery in [*pushers.hooks.deliveries("/hooks", room), *pushers.hooks.deliveries("/hooks", cache)]:
        assert judged(pushers, delivery)["valid"]
        assert delivery.headers["content-type"] == "application/json"
        assert len(delivery.events) <= 20


def test_the_oldest_active_key_signs_and_a_changed_body_is_not_valid(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    entered(pushers, channel, "ana")
    pushers.hooks.wait("/hooks", channel, "channel_occupied")
    (delivery, *_) = pushers.hooks.deliveries("/hooks", channel)
    assert delivery.headers["x-pusher-key"] == pushers.apps["hooks"].keys[0].key
    assert not judged(pushers, delivery._replace(body=delivery.body + " "))["valid"]
    # A receiver that was set up with the newer key names the older beside it.
    verdict = pushers.driver.ask(
        "webhook",
        app=pushers.node_options("hooks", 1),
        headers=delivery.headers,
        body=delivery.body,
        extra=[pushers.apps["hooks"].keys[0]._asdict()],
    )
    assert verdict["valid"]


def test_who_comes_back_within_three_seconds_was_never_away(pushers: PusherWorld) -> None:
    room, plain = pushers.channel("presence-"), pushers.channel()
    ana = entered(pushers, room, "ana")
    ana.subscribe(plain)
    pushers.hooks.wait("/hooks", room, "channel_occupied", "member_added")
    pushers.hooks.wait("/hooks", plain, "channel_occupied")
    ana.ask("disconnect")
    pushers.world.eventually(lambda: not pushers.world.rows("connections"), "it is gone")
    again = entered(pushers, room, "ana")
    again.subscribe(plain)
    again.ask("unsubscribe", channel=plain)
    # What is told of the second end would come after anything that was told of the first.
    told = pushers.hooks.wait("/hooks", plain, "channel_vacated")
    names = [event["name"] for event in told if event["name"] != "subscription_count"]
    assert names == ["channel_occupied", "channel_vacated"]
    again.ask("disconnect")
    told = pushers.hooks.wait("/hooks", room, "member_removed", "channel_vacated")
    assert sorted(event["name"] for event in told) == [
        "channel_occupied",
        "channel_vacated",
        "member_added",
        "member_removed",
    ]


def test_a_second_tab_is_no_news(pushers: PusherWorld) -> None:
    room = pushers.channel("presence-")
    first, second = entered(pushers, room, "ana"), entered(pushers, room, "ana")
    first.ask("disconnect")
    second.ask("disconnect")
    told = pushers.hooks.wait("/hooks", room, "member_removed", "channel_vacated")
    assert sorted(event["name"] for event in told) == [
        "channel_occupied",
        "channel_vacated",
        "member_added",
        "member_removed",
    ]


def test_an_endpoint_that_fails_is_tried_again_and_the_others_are_not(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    pushers.hooks.fail("/failing", [500])
    entered(pushers, channel, "ana", "failing")
    failed = pushers.hooks.wait_for("/failing", channel, 500)
    pushers.hooks.wait("/failing", channel, "channel_occupied")
    (again,) = pushers.hooks.deliveries("/failing", channel)
    assert judged(pushers, again, "failing")["valid"]
    assert json.loads(again.body)["time_ms"] > json.loads(failed.body)["time_ms"]
    assert pushers.hooks.wait("/healthy", channel, "channel_occupied") == [
        {"name": "channel_occupied", "channel": channel}
    ]


def test_an_endpoint_hears_of_its_prefixes_and_kinds_alone(pushers: PusherWorld) -> None:
    wanted, other = pushers.channel("private-a-"), pushers.channel("private-b-")
    for channel in (other, wanted):
        ana, ben = (pushers.connected("filtered") for _ in range(2))
        ana.subscribe(channel)
        ben.subscribe(channel)
        ana.ask("trigger", channel=channel, event="client-x", data={})
        ben.event(channel, "client-x")
    assert {event["name"] for event in pushers.hooks.wait("/prefixed", wanted, "channel_occupied", "client_event")} == {
        "channel_occupied",
        "client_event",
    }
    for channel in (other, wanted):
        told = pushers.hooks.wait("/kinds", channel, "client_event")
        assert [event["name"] for event in told] == ["client_event"]
    assert pushers.hooks.events("/prefixed", other) == []


def test_a_message_that_is_handed_over_twice_is_no_second_edge(pushers: PusherWorld) -> None:
    room = pushers.channel("presence-")
    pushers.world.fault("duplicate-queue", match="tasks")
    watcher = entered(pushers, room, "watcher")
    ana = entered(pushers, room, "ana")
    watcher.event(room, "pusher:member_added")
    ana.ask("disconnect")
    watcher.event(room, "pusher:member_removed")
    watcher.ask("disconnect")
    told = pushers.hooks.wait("/hooks", room, "channel_vacated", "member_removed", "member_removed")
    assert pushers.world.struck("duplicate-queue") > 0
    # Webhooks are delivered at least once: a request may come twice, but only of edges that there were.
    assert {event["name"] for event in told if event["name"].startswith("channel")} == {
        "channel_occupied",
        "channel_vacated",
    }
    assert len(watcher.data(room, "pusher:member_added")) == len(watcher.data(room, "pusher:member_removed")) == 1
