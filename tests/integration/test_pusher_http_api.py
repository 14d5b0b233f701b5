"""The HTTP API, called by the Python and the Node server library."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pusher import errors

from tests.integration.pusher_browser import Browser
from tests.integration.pusher_driver import Failure
from tests.integration.pusher_world import PusherWorld


def member(pushers: PusherWorld, channel: str, user: str) -> Browser:
    client = pushers.connected()
    client.subscribe(channel, member={"user_id": user})
    return client


def refused(pushers: PusherWorld, path: str, body: dict[str, Any], app: str = "main", **changes: Any) -> Failure:
    """What Node's library rejects with after a POST that it did not look at itself."""
    with pytest.raises(Failure) as failure:
        pushers.node("post", {"path": path, "body": body}, app=app, **changes)
    assert failure.value.status is not None
    assert json.loads(failure.value.body or "")["status"] == failure.value.status
    return failure.value


def test_trigger_answers_with_what_was_asked_of_the_channels(pushers: PusherWorld) -> None:
    room, plain = pushers.channel("presence-"), pushers.channel()
    client = member(pushers, room, "ana")
    client.subscribe(plain)
    assert pushers.python().trigger([room, plain], "e", "x") == {}
    answer = pushers.node("trigger", [room, plain, plain], "e", {"n": 1}, {"info": "user_count,subscription_count"})
    assert answer["body"] == {"channels": {room: {"user_count": 1}, plain: {}}}
    client.settle()
    assert client.data(plain, "e") == ["x", {"n": 1}]


def test_trigger_tells_subscription_counts_where_the_app_counts(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    client = pushers.connected("counting")
    client.subscribe(channel)
    answer = pushers.node("trigger", channel, "e", {}, {"info": "subscription_count"}, app="counting")
    assert answer["body"] == {"channels": {channel: {"subscription_count": 1}}}


@pytest.mark.parametrize("data", ["", "text", '{"a": 1}', "ä € 😀", "[]", "null"])
def test_data_arrive_as_they_were_sent(pushers: PusherWorld, data: str) -> None:
    channel = pushers.channel()
    client = pushers.raw().welcomed()
    client.enter(channel)
    pushers.python().trigger(channel, "e", data)
    assert client.receive() == {"event": "e", "channel": channel, "data": data}


def test_a_batch_is_published_in_its_order_by_both_libraries(pushers: PusherWorld) -> None:
    channel, room = pushers.channel(), pushers.channel("presence-")
    client = pushers.connected()
    client.subscribe(channel)
    batch = [{"channel": channel, "name": "e", "data": {"n": number}} for number in range(10)]
    assert pushers.python().trigger_batch([dict(item) for item in batch]) == {}
    excluded = {"channel": channel, "name": "e", "data": "no", "socket_id": client.socket_id()}
    counted = {"channel": room, "name": "e", "data": "x", "info": "user_count"}
    answer = pushers.node("triggerBatch", [excluded, counted])
    assert answer["body"] == {"batch": [{}, {"user_count": 0}]}
    client.settle()
    assert client.data(channel, "e") == [{"n": number} for number in range(10)]


def test_the_channels_are_listed_by_prefix(pushers: PusherWorld) -> None:
    room, plain, nobody = pushers.channel("presence-"), pushers.channel(), pushers.channel("presence-")
    client = member(pushers, room, "ana")
    member(pushers, room, "ben")
    client.subscribe(plain)
    prefix = room[:17]
    told = {"channels": {room: {"user_count": 2}}}
    assert pushers.python().channels_info(prefix, ["user_count"]) == told
    params = {"filter_by_prefix": prefix, "info": "user_count"}
    assert pushers.node("get", {"path": "/channels", "params": params})["body"] == told
    every = pushers.python().channels_info()["channels"]
    assert every[room] == every[plain] == {}
    assert nobody not in every


def test_one_channel_is_told_of(pushers: PusherWorld) -> None:
    room = pushers.channel("presence-")
    client = member(pushers, room, "ana")
    told = {"occupied": True, "user_count": 1}
    assert pushers.python().channel_info(room, ["user_count"]) == told
    assert pushers.node("get", {"path": f"/channels/{room}", "params": {"info": "user_count"}})["body"] == told
    client.ask("disconnect")
    pushers.world.eventually(lambda: pushers.python().channel_info(room) == {"occupied": False}, "it is empty")


@pytest.mark.parametrize("name", ["odd_-=@,.;", "a=b"])
def test_every_character_of_channel_names_may_stand_in_a_path(pushers: PusherWorld, name: str) -> None:
    channel = pushers.channel(f"presence-{name}")
    member(pushers, channel, "ana")
    assert pushers.python().channel_info(channel)["occupied"] is True
    assert pushers.node("get", {"path": f"/channels/{channel}"})["body"]["occupied"] is True


def test_the_users_of_a_presence_channel(pushers: PusherWorld) -> None:
    room = pushers.channel("presence-")
    member(pushers, room, "ana")
    member(pushers, room, "ana")
    assert pushers.python().users_info(room) == {"users": [{"id": "ana"}]}
    assert pushers.node("get", {"path": f"/channels/{room}/users"})["body"] == {"users": [{"id": "ana"}]}
    assert pushers.python().users_info(pushers.channel("presence-")) == {"users": []}


def test_what_is_wrong_with_a_request_is_a_bad_request_to_python(pushers: PusherWorld) -> None:
    sdk = pushers.python()
    for call in (
        lambda: sdk.trigger(pushers.channel(), "pusher:mine", {}),
        lambda: sdk.users_info(pushers.channel()),
        lambda: sdk.channel_info(pushers.channel(), ["user_count"]),
        lambda: sdk.channels_info(None, ["user_count"]),
        lambda: sdk.trigger_batch([]),
        lambda: sdk.trigger("x" * 165, "e", {}),
    ):
        with pytest.raises(errors.PusherBadRequest):
            call()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "e", "channels": [], "data": ""},
        {"name": "e", "channels": ["x"] * 101, "data": ""},
        {"name": "e", "channels": ["no spaces"], "data": ""},
        {"name": "e", "channels": ["x"]},
        {"name": "e", "channels": ["x"], "data": {"not": "text"}},
        {"name": "e" * 201, "channels": ["x"], "data": ""},
        {"name": "e", "channels": ["x"], "data": "", "socket_id": "1"},
        {"channels": ["x"], "data": ""},
        {},
    ],
    ids=str,
)
def test_what_is_wrong_with_a_publication_is_a_400_to_node(pushers: PusherWorld, body: dict[str, Any]) -> None:
    assert refused(pushers, "/events", body).status == 400


def test_who_is_not_known_is_refused(pushers: PusherWorld) -> None:
    held = pushers.apps["main"]
    channel = pushers.channel()
    for changes in (
        {"secret": "wrong"},
        {"key": "nobodys"},
        {"key": held.keys[2].key, "secret": held.keys[2].secret},
        {"key": pushers.apps["other"].key, "secret": pushers.apps["other"].secret},
    ):
        with pytest.raises(errors.PusherBadAuth) as refusal:
            pushers.python(**changes).trigger(channel, "e", {})
        assert "signature" not in changes.get("secret", "") and held.secret not in str(refusal.value)
        assert refused(pushers, "/events", {}, **changes).status == 401


def test_every_active_key_of_the_app_signs_requests(pushers: PusherWorld) -> None:
    second = pushers.apps["main"].keys[1]
    assert pushers.python(**second._asdict()).trigger(pushers.channel(), "e", {}) == {}


def test_a_disabled_app_is_forbidden(pushers: PusherWorld) -> None:
    with pytest.raises(errors.PusherForbidden):
        pushers.python("disabled").trigger(pushers.channel(), "e", {})
    assert refused(pushers, "/events", {}, "disabled").status == 403


def test_an_app_that_there_is_not_is_not_found(pushers: PusherWorld) -> None:
    with pytest.raises(errors.PusherBadStatus, match="404"):
        pushers.python(app_id="999999").trigger(pushers.channel(), "e", {})
    assert refused(pushers, "/no-such-path", {}).status == 404


def test_more_data_than_an_event_has_are_refused_with_413(pushers: PusherWorld) -> None:
    with pytest.raises(errors.PusherBadStatus, match="413"):
        pushers.python().trigger(pushers.channel(), "e", "x" * 10_241)
    body = {"batch": [{"name": "e", "channel": "x", "data": "x" * 10_241}]}
    assert refused(pushers, "/batch_events", body).status == 413


def test_an_app_that_asks_too_often_is_told_429(pushers: PusherWorld) -> None:
    sdk = pushers.python("throttled")

    def one_too_many() -> bool:
        try:
            sdk.channels_info()
        except errors.PusherBadStatus as refusal:
            assert str(refusal).startswith("429")
            return True
        return False

    pushers.world.eventually(one_too_many, "the second in a second is refused")
