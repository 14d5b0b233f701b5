from __future__ import annotations

import contextlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import ClientError, ErrorCode
from realtime.protocols import plain
from tests.fakes import message


def code_of(body: str) -> ErrorCode:
    with pytest.raises(ClientError) as refusal:
        plain.decode(body)
    return refusal.value.code


@pytest.mark.parametrize(
    "body",
    ["", " ", "{", "hello", "{'a':1}", '{"a":1}x', '{"a":}', "\x00", "\ufeff{}", '{"a":"\n"}', "[1,]", "\ud800"],
)
def test_what_is_not_json_is_refused(body):
    assert code_of(body) == ErrorCode.INVALID_JSON


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_json_does_not_have_are_refused(constant):
    assert code_of(f'{{"data":{constant}}}') == ErrorCode.INVALID_JSON


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_beyond_what_the_parser_bears_is_refused(opening, closing):
    depth = 100_000
    assert code_of(f'{{"data":{opening * depth}1{closing * depth}}}') == ErrorCode.INVALID_JSON


def test_an_integer_of_too_many_digits_is_refused():
    assert code_of(f'{{"requestId":{"9" * 10_000}}}') == ErrorCode.INVALID_JSON


@pytest.mark.parametrize("body", ["null", "true", "1", '"subscribe"', "[]", '[{"action":"subscribe"}]', "1e999"])
def test_json_that_is_no_object_is_refused(body):
    assert code_of(body) == ErrorCode.INVALID_MESSAGE


def test_of_a_repeated_key_the_last_counts():
    assert plain.channel_of(plain.decode('{"channel":"a","channel":"b"}')) == "b"


@pytest.mark.parametrize("value", ["", "r1", "x" * 128, "日本", "\ud800", 0, -1, 10**30, None])
def test_a_request_id_is_kept(value):
    assert plain.decode(json.dumps({"requestId": value})).request_id == value


def test_without_a_request_id_there_is_none():
    assert plain.decode("{}").request_id is None


@pytest.mark.parametrize("value", ["x" * 129, 1.5, 1.0, True, False, [], {}, ["r"]])
def test_a_request_id_of_another_kind_is_refused(value):
    assert code_of(json.dumps({"requestId": value})) == ErrorCode.INVALID_MESSAGE


@pytest.mark.parametrize("value", [None, 1, True, [], {}, ["team-1"]])
@pytest.mark.parametrize("name", ["channel", "event"])
def test_a_name_that_is_not_a_string_is_refused(name, value):
    fields = {"channel": "c", "event": "e", "data": 1, name: value}
    with pytest.raises(ClientError) as refusal:
        plain.broadcast_of(message(**fields), 100)
    assert (refusal.value.code, refusal.value.message) == (
        ErrorCode.INVALID_MESSAGE,
        f'The field "{name}" is not a string.',
    )


@pytest.mark.parametrize("name", ["channel", "event", "data"])
def test_a_broadcast_without_one_of_its_fields_is_refused(name):
    fields = {"channel": "c", "event": "e", "data": 1}
    del fields[name]
    with pytest.raises(ClientError) as refusal:
        plain.broadcast_of(message(**fields), 100)
    assert (refusal.value.code, refusal.value.message) == (
        ErrorCode.INVALID_MESSAGE,
        f'The field "{name}" is missing.',
    )


@pytest.mark.parametrize("fields", [{}, {"action": 1}, {"action": None}])
def test_a_frame_without_an_action_is_an_invalid_message(fields):
    with pytest.raises(ClientError) as refusal:
        plain.unknown_action(message(**fields))
    assert refusal.value.code == ErrorCode.INVALID_MESSAGE


def test_an_action_that_no_route_took_is_unknown():
    with pytest.raises(ClientError) as refusal:
        plain.unknown_action(message(action="Subscribe"))
    assert refusal.value.code == ErrorCode.UNKNOWN_ACTION


@pytest.mark.parametrize("event", ["error", "subscribed", "heartbeat", "pusher:connection_established"])
def test_a_broadcast_cannot_take_the_servers_name(event):
    with pytest.raises(ClientError) as refusal:
        plain.broadcast_of(message(channel="c", event=event, data=1), 100)
    assert refusal.value.code == ErrorCode.INVALID_EVENT


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, "null"),
        (False, "false"),
        ("", '""'),
        ({"b": 1, "a": [1, 2.5]}, '{"b":1,"a":[1,2.5]}'),
        ("é", '"é"'),
        ("\ud800", '"\\ud800"'),
        (10**40, str(10**40)),
    ],
)
def test_any_json_value_can_be_the_data(data, text):
    assert plain.broadcast_of(message(channel="c", event="e", data=data), 100).data == text


def test_data_of_exactly_the_limit_in_utf8_bytes_is_taken():
    data = {"k": "é€"}
    assert plain.broadcast_of(message(channel="c", event="e", data=data), 13).data == '{"k":"é€"}'


def test_data_of_a_byte_more_than_the_limit_is_refused():
    with pytest.raises(ClientError) as refusal:
        plain.broadcast_of(message(channel="c", event="e", data={"k": "é€"}), 12)
    assert refusal.value.code == ErrorCode.DATA_TOO_LARGE


def test_spaces_and_escapes_of_the_sender_do_not_count():
    frame = plain.decode('{"channel":"c","event":"e","data": { "k" :  "\\u00e9" } }')
    assert plain.broadcast_of(frame, len('{"k":"é"}'.encode())).data == '{"k":"é"}'


@pytest.mark.parametrize("number", ["1e999", "-1e999", "[1e999]", '{"a":1e999}'])
def test_a_number_beyond_a_double_is_refused_as_data(number):
    frame = plain.decode(f'{{"channel":"c","event":"e","data":{number}}}')
    with pytest.raises(ClientError) as refusal:
        plain.broadcast_of(frame, 100)
    assert refusal.value.code == ErrorCode.INVALID_MESSAGE


def test_data_nested_up_to_any_depth_is_delivered_or_refused_but_never_crashes():
    for depth in range(1, sys.getrecursionlimit() + 10):
        body = f'{{"channel":"c","event":"e","data":{"[" * depth}{"]" * depth}}}'
        with contextlib.suppress(ClientError):
            assert plain.broadcast_of(plain.decode(body), 10_000).data == "[" * depth + "]" * depth


@given(st.text())
def test_decode_raises_nothing_but_client_errors(body):
    with contextlib.suppress(ClientError):
        plain.decode(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["action", "channel", "event", "data", "requestId"]), json_values))
def test_an_object_of_any_fields_raises_nothing_but_client_errors(fields):
    with contextlib.suppress(ClientError):
        plain.broadcast_of(plain.decode(json.dumps(fields)), 100)
