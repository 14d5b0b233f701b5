"""What the server sends, byte for byte: clients may rely on the order of keys and on the absence of spaces."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import ClientError, ErrorCode
from realtime.protocols import plain

REFUSAL = ClientError(ErrorCode.FORBIDDEN, "No.")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (plain.subscribed("team-1", None), b'{"event":"subscribed","channel":"team-1"}'),
        (plain.subscribed("team-1", "r1"), b'{"event":"subscribed","channel":"team-1","requestId":"r1"}'),
        (plain.unsubscribed("team-1", None), b'{"event":"unsubscribed","channel":"team-1"}'),
        (plain.unsubscribed("team-1", 7), b'{"event":"unsubscribed","channel":"team-1","requestId":7}'),
        (plain.heartbeat(1700000000000, None), b'{"event":"heartbeat","serverTime":1700000000000}'),
        (plain.heartbeat(1, ""), b'{"event":"heartbeat","serverTime":1,"requestId":""}'),
        (plain.error(REFUSAL, None), b'{"event":"error","code":"forbidden","message":"No."}'),
        (plain.error(REFUSAL, 0), b'{"event":"error","code":"forbidden","message":"No.","requestId":0}'),
        (
            plain.event("team-1", "activity-logged", '{"a":1}', "user456"),
            b'{"event":"activity-logged","channel":"team-1","data":{"a":1},"userId":"user456"}',
        ),
        (plain.event("lobby", "e", "null", None), b'{"event":"e","channel":"lobby","data":null}'),
        (plain.event("c", "é", '"é"', "ü"), '{"event":"é","channel":"c","data":"é","userId":"ü"}'.encode()),
        (plain.event("c", '"\\', "1", '"'), b'{"event":"\\"\\\\","channel":"c","data":1,"userId":"\\""}'),
        (plain.event("c", "\ud800", "1", None), b'{"event":"\\ud800","channel":"c","data":1}'),
        (plain.subscribed("c", "\udfff"), b'{"event":"subscribed","channel":"c","requestId":"\\udfff"}'),
    ],
)
def test_a_frame_byte_for_byte(frame, expected):
    assert frame.encode() == expected


@pytest.mark.parametrize("code", list(ErrorCode))
def test_each_error_code_has_its_frame(code):
    assert json.loads(plain.error(ClientError(code, "m"), None)) == {
        "event": "error",
        "code": code.value,
        "message": "m",
    }


finite_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
any_text = st.text(st.characters(codec=None))
event_names = st.text(st.characters(codec=None), min_size=1, max_size=200).map(lambda name: f"-{name}"[:200])


@given(event_names, finite_json, st.none() | any_text)
def test_an_event_is_json_and_its_parts_come_out_as_they_went_in(name, data, user):
    fields = {"channel": "c", "event": name, "data": data}
    broadcast = plain.broadcast_of(plain.decode(json.dumps(fields)), 1_000_000)
    frame = plain.event(broadcast.channel, broadcast.event, broadcast.data, user)
    assert json.loads(frame.encode()) == (fields if user is None else {**fields, "userId": user})


@given(st.floats())
def test_a_float_arrives_as_it_is_or_is_refused(number):
    body = json.dumps({"channel": "c", "event": "e", "data": number}).replace("Infinity", "1e999")
    try:
        data = plain.broadcast_of(plain.decode(body), 100).data
    except ClientError:
        assert not math.isfinite(number)
    else:
        assert float(data) == number
