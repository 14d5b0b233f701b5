"""Pusher's clients open a connection, and are told first of all that they are in, or why not."""

from __future__ import annotations

import json
import re

import pytest

from tests.integration.client import Closed
from tests.integration.pusher_raw import JS
from tests.integration.pusher_world import PusherWorld

SUBPROTOCOL = "pusher-channels-protocol-7"
PING = json.dumps({"event": "pusher:ping"})


def test_pusher_js_connects_with_the_four_options_alone(pushers: PusherWorld) -> None:
    client = pushers.client()
    client.connected()
    assert [(heard["previous"], heard["current"]) for heard in client.all("state")] == [("connecting", "connected")]
    assert re.fullmatch(r"\d+\.\d+", client.socket_id())


def test_the_welcome_is_a_string_of_json_with_the_socket_id(pushers: PusherWorld) -> None:
    first = pushers.raw().receive()
    assert set(first) == {"event", "data"}
    assert first["event"] == "pusher:connection_established"
    data = json.loads(first["data"])
    assert data["activity_timeout"] == 120
    assert re.fullmatch(r"\d+\.\d+", data["socket_id"])


def test_a_client_that_speaks_before_it_is_spoken_to_hears_the_welcome_first(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    subscribe = json.dumps({"event": "pusher:subscribe", "data": {"channel": channel, "auth": ""}})
    client = pushers.raw(said=(subscribe, PING)).welcomed()
    answers = sorted(client.receive()["event"] for _ in range(2))
    assert answers == ["pusher:pong", "pusher_internal:subscription_succeeded"]


def test_a_welcome_that_is_asked_for_twice_is_told_once(pushers: PusherWorld) -> None:
    pushers.world.fault("duplicate-async", match="deliver")
    client = pushers.raw().welcomed()
    pushers.world.eventually(lambda: pushers.world.struck("duplicate-async"), "the invocation was doubled")
    pushers.world.eventually(lambda: not pushers.world.busy("deliver"), "both have ended")
    assert client.heard_before_pong() == []


@pytest.mark.parametrize(
    "query",
    [
        "client=java-client&protocol=5&version=2.4.4",
        "client=pusher-websocket-swift&version=10.1.5&protocol=7",
        "protocol=4&client=js&version=1.12.7",
        "protocol=6&client=js&version=2.2.4",
        "client=my-own&version=1.0",
        "",
    ],
)
def test_protocols_4_to_7_are_spoken_and_the_newest_where_none_is_named(pushers: PusherWorld, query: str) -> None:
    client = pushers.raw(query=query).welcomed()
    assert client.enter(pushers.channel())["event"] == "pusher_internal:subscription_succeeded"


def test_the_subprotocol_that_swift_asks_for_is_echoed(pushers: PusherWorld) -> None:
    client = pushers.raw(subprotocols=["x", SUBPROTOCOL])
    assert client.socket.getsubprotocol() == SUBPROTOCOL
    client.welcomed()


def test_no_subprotocol_is_answered_to_who_asked_for_none(pushers: PusherWorld) -> None:
    assert pushers.raw().socket.getsubprotocol() is None


def test_pusher_js_pings_after_silence_and_is_answered(pushers: PusherWorld) -> None:
    client = pushers.connected(options={"activityTimeout": 500})
    first = client.wait("frame", event="pusher:pong")
    client.wait("frame", first["seq"], event="pusher:pong")
    assert client.inspect()["state"] == "connected"


def test_a_ping_of_javas_client_without_data_is_answered(pushers: PusherWorld) -> None:
    client = pushers.raw().welcomed()
    client.send_text('{"event": "pusher:ping"}')
    assert client.receive() == {"event": "pusher:pong", "data": {}}


@pytest.mark.parametrize(
    ("app", "number", "code"), [("disabled", 0, 4003), ("main", 2, 4001)], ids=["disabled app", "disabled key"]
)
def test_pusher_js_is_refused_and_stays_away(pushers: PusherWorld, app: str, number: int, code: int) -> None:
    assert_refused(pushers, pushers.apps[app].keys[number].key, code)


def test_a_key_that_there_is_not_is_refused_with_4001(pushers: PusherWorld) -> None:
    assert_refused(pushers, "nobodys-key", 4001)


def assert_refused(pushers: PusherWorld, key: str, code: int) -> None:
    client = pushers.client(key=key)
    client.wait("state", current="disconnected")
    error = client.wait("error")["error"]["error"]
    assert (error["type"], error["data"]["code"]) == ("PusherError", code)
    assert not client.inspect()["willRetry"]
    assert [heard["current"] for heard in client.all("state")] == ["disconnected"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (JS.replace("protocol=7", "protocol=3"), 4007),
        (JS.replace("protocol=7", "protocol=8"), 4007),
        (JS.replace("protocol=7", "protocol=x"), 4007),
        (JS.replace("8.6.0", "%21"), 4006),
        (JS.replace("8.6.0", ""), 4006),
    ],
)
def test_a_version_that_is_not_spoken_is_refused_in_the_first_frame(
    pushers: PusherWorld, query: str, code: int
) -> None:
    client = pushers.raw(query=query)
    first = client.receive()
    assert (first["event"], first["data"]["code"]) == ("pusher:error", code)
    # Java's client waits for the end, pusher-js makes it.
    with pytest.raises(Closed):
        client.receive()


def test_one_connection_more_than_the_app_may_have_is_refused_with_4004(pushers: PusherWorld) -> None:
    key = pushers.apps["single"].key
    first = pushers.connected("single")
    assert_refused(pushers, key, 4004)
    first.ask("disconnect")
    pushers.world.eventually(lambda: not pushers.world.rows("connections"), "the first has left")
    pushers.connected("single")


@pytest.mark.parametrize(
    "origin", ["https://app.example.com", "http://x.example.org:8080", None], ids=["exact", "subdomain", "none"]
)
def test_an_origin_of_the_allow_list_may_connect(pushers: PusherWorld, origin: str | None) -> None:
    pushers.raw("origins", origin=origin, suppress_origin=origin is None).welcomed()


@pytest.mark.parametrize("origin", ["http://app.example.com", "https://evil.example", "https://example.org", "null"])
def test_any_other_origin_is_refused_with_4009(pushers: PusherWorld, origin: str) -> None:
    first = pushers.raw("origins", origin=origin).receive()
    assert (first["event"], first["data"]["code"]) == ("pusher:error", 4009)


def test_what_happens_in_one_app_is_not_heard_in_another(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    main, other = pushers.connected("main"), pushers.connected("other")
    main.subscribe(channel)
    other.subscribe(channel)
    pushers.python("other").trigger(channel, "of-other", {})
    pushers.python("main").trigger(channel, "of-main", {})
    other.event(channel, "of-other")
    main.event(channel, "of-main")
    other.settle()
    assert other.data(channel, "of-main") == main.data(channel, "of-other") == []


def test_any_active_key_of_the_app_connects_and_signs(pushers: PusherWorld) -> None:
    second = pushers.apps["main"].keys[1].key
    client = pushers.connected(key=second)
    client.subscribe(pushers.channel("private-"))


def test_pusher_js_comes_back_after_a_cut_and_subscribes_anew(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    client = pushers.connected()
    before = client.socket_id()
    client.subscribe(channel)
    after = client.latest()
    pushers.world.cut()
    client.event(channel, "pusher:subscription_succeeded", after)
    assert client.socket_id() != before
    pushers.python().trigger(channel, "still-here", {"n": 1})
    assert client.event(channel, "still-here") == {"n": 1}
