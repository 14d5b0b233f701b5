"""What the parsers of the official clients make of each frame: `data` is a string for some and an object for others.

The three readers are those of pusher-js (decodeMessage), pusher-websocket-java (PusherEvent.getData) and
pusher-websocket-swift (ChannelEventFactory, PusherError).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.errors import SubscriptionRefused
from realtime.domain.members import member_of
from realtime.protocols import pusher

ANA = member_of('{"user_id":"u-9","user_info":{"name":"Ana"}}')
PRESENCE = {"presence": {"ids": ["u-9"], "hash": {"u-9": {"name": "Ana"}}, "count": 1}}
REFUSAL = SubscriptionRefused("AuthError", "No.", 401)


def by_pusher_js(frame: str) -> Any:
    data = json.loads(frame).get("data")
    try:
        return json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return data


def by_java(frame: str) -> str:
    """KeyError is its NullPointerException."""
    data = json.loads(frame)["data"]
    return data if isinstance(data, str) else json.dumps(data)


def by_swift(frame: str) -> Any:
    fields = json.loads(frame)
    wanted = dict if fields["event"] == "pusher:error" else str
    return fields.get("data") if isinstance(fields.get("data"), wanted) else None


STRINGS = [
    (pusher.connection_established("1.2"), {"socket_id": "1.2", "activity_timeout": 120}),
    (pusher.subscription_succeeded("c", None), {}),
    (pusher.subscription_succeeded("presence-c", [ANA]), PRESENCE),
    (pusher.member_added("presence-c", ANA), {"user_id": "u-9", "user_info": {"name": "Ana"}}),
    (pusher.member_removed("presence-c", ANA), {"user_id": "u-9"}),
    (pusher.event("c", "e", '{"a":1}'), {"a": 1}),
    (pusher.event("presence-c", "client-e", '{"a":1}', '"u-9"'), {"a": 1}),
    (pusher.event("private-encrypted-c", "e", '{"ciphertext":"b","nonce":"n"}'), {"ciphertext": "b", "nonce": "n"}),
    (pusher.event("#server-to-user-u-9", "e", "[1]"), [1]),
]
OBJECTS = [
    (pusher.error(4009, "No."), {"code": 4009, "message": "No."}),
    (pusher.error(None, "No."), {"code": None, "message": "No."}),
    (pusher.pong(), {}),
    (pusher.signin_success('{"id":"u-9"}'), {"user_data": '{"id":"u-9"}'}),
    (pusher.subscription_error("private-c", REFUSAL), {"type": "AuthError", "error": "No.", "status": 401}),
    (pusher.watchlist([("online", ["u-3"])]), {"events": [{"name": "online", "user_ids": ["u-3"]}]}),
]


@pytest.mark.parametrize(("frame", "value"), STRINGS)
def test_where_data_are_a_string_all_three_read_the_same(frame, value):
    assert isinstance(json.loads(frame)["data"], str)
    assert by_pusher_js(frame) == value
    assert json.loads(by_java(frame)) == json.loads(by_swift(frame)) == value


@pytest.mark.parametrize(("frame", "value"), OBJECTS)
def test_where_data_are_an_object_pusher_js_and_java_read_the_same(frame, value):
    assert json.loads(frame)["data"] == by_pusher_js(frame) == json.loads(by_java(frame)) == value


@pytest.mark.parametrize("code", [4001, None])
def test_swift_reads_an_error_which_must_be_an_object(code):
    assert by_swift(pusher.error(code, "No.")) == {"code": code, "message": "No."}


def test_a_cache_miss_has_no_data_which_nobody_reads():
    assert by_pusher_js(pusher.cache_miss("cache-c")) is None
    assert "data" not in json.loads(pusher.cache_miss("cache-c"))


@pytest.mark.parametrize("data", ["hello", "", "{", '"\\"'])
def test_data_that_are_not_json_reach_all_three_as_the_string(data):
    frame = pusher.event("c", "e", data)
    assert by_pusher_js(frame) == by_java(frame) == by_swift(frame) == data


def test_the_first_frame_has_what_each_client_needs_of_it():
    frame = pusher.connection_established("1.2")
    assert by_pusher_js(frame)["activity_timeout"]
    assert isinstance(json.loads(by_swift(frame))["socket_id"], str)
    assert list(json.loads(frame)) == ["event", "data"]


@pytest.mark.parametrize("channel_data", ['{"user_id":"2"}', '{"user_id":2}'])
def test_a_member_finds_itself_by_the_string_form_of_its_id(channel_data):
    presence = by_pusher_js(pusher.subscription_succeeded("presence-c", [member_of(channel_data)]))["presence"]
    assert list(presence["hash"]) == ["2"]
    assert presence["ids"] == [json.loads(channel_data)["user_id"]]
