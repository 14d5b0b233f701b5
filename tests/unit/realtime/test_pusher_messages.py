from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import PusherError
from realtime.protocols import pusher_messages as messages
from realtime.protocols.pusher_messages import ClientEvent, Frame, Signin, Subscribe

READERS: list[Callable[[Frame], object]] = [
    messages.subscribe_of,
    messages.unsubscribe_of,
    messages.signin_of,
    lambda frame: messages.client_event_of(frame, 100),
]


def frame_of(**fields: object) -> Frame:
    return messages.decode(json.dumps(fields))


@pytest.mark.parametrize(
    ("body", "frame"),
    [
        ('{"event":"pusher:ping","data":{}}', Frame("pusher:ping", None, {})),
        ('{"event": "pusher:ping"}', Frame("pusher:ping", None, None)),
        ('{"event":"e","channel":null,"data":null}', Frame("e", None, None)),
        ('{"event":"e","channel":"c","data":"{}","more":1}', Frame("e", "c", "{}")),
        ('{"event":"a","event":""}', Frame("", None, None)),
        ('{"event":"e","data":1e999}', Frame("e", None, float("inf"))),
    ],
)
def test_a_frame_is_taken_apart(body, frame):
    assert messages.decode(body) == frame


@pytest.mark.parametrize(
    "body",
    ["", " ", "{", "hello", "{'event':'e'}", '{"event":"e"}x', "\x00", "\ufeff{}", "\ud800", '{"event":"e","data":NaN}']
    + ['{"event":"e","data":-Infinity}', '{"event":"e","data":' + "9" * 10_000 + "}"]
    + ['{"event":"e","data":' + "[" * 100_000 + "]" * 100_000 + "}"]
    + ["null", "7", '"e"', "[]", '[{"event":"e"}]']
    + ["{}", '{"event":null}', '{"event":7}', '{"event":["e"]}', '{"action":"subscribe"}']
    + ['{"event":"e","channel":7}', '{"event":"e","channel":["c"]}'],
)
def test_what_is_no_frame_is_refused_without_a_code(body):
    with pytest.raises(PusherError) as refusal:
        messages.decode(body)
    assert refusal.value.code is None


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"auth": "", "channel": "news"}, Subscribe("news", "", None)),
        ({"channel": "news"}, Subscribe("news", None, None)),
        ({"auth": None, "channel": "news", "channel_data": None}, Subscribe("news", None, None)),
        ({"auth": "k:s", "channel": "private-x", "channel_data": ""}, Subscribe("private-x", "k:s", None)),
        (
            {"auth": "k:s", "channel_data": '{ "user_id":"u-9" }', "channel": "presence-x"},
            Subscribe("presence-x", "k:s", '{ "user_id":"u-9" }'),
        ),
        ({"auth": "", "channel": "#server-to-user-u-9"}, Subscribe("#server-to-user-u-9", "", None)),
        ({"channel": ""}, Subscribe("", None, None)),
    ],
)
@pytest.mark.parametrize("write", [lambda data: data, json.dumps], ids=["object", "string"])
def test_a_subscribe_as_the_client_libraries_send_it(data, parts, write):
    assert messages.subscribe_of(frame_of(event="pusher:subscribe", data=write(data))) == parts


NO_FIELDS: list[object] = [None, "", "news", "[]", "null", '{"channel":NaN}', "[" * 100_000, 7, True, [], ["news"], {}]


@pytest.mark.parametrize(
    "data",
    [*NO_FIELDS, {"channel": None}, {"channel": 7}, {"channel": ["news"]}]
    + [{"channel": "c", "auth": 7}, {"channel": "c", "auth": {}}, {"channel": "c", "auth": False}]
    + [{"channel": "c", "channel_data": {"user_id": "u"}}, {"channel": "c", "channel_data": 0}],
)
def test_a_subscribe_of_wrong_types_is_refused(data):
    with pytest.raises(PusherError) as refusal:
        messages.subscribe_of(frame_of(event="pusher:subscribe", data=data))
    assert refusal.value.code is None


@pytest.mark.parametrize("channel", ["news", "presence-x", "#server-to-user-u-9", "x" * 164])
def test_an_unsubscribe_names_its_channel(channel):
    assert messages.unsubscribe_of(frame_of(event="pusher:unsubscribe", data={"channel": channel})) == channel


@pytest.mark.parametrize("channel", ["", "#", "##x", "a b", "x" * 165, "x" * 30_000, "\ud800", "a\n"])
def test_an_unsubscribe_from_what_is_no_name_is_refused(channel):
    with pytest.raises(PusherError) as refusal:
        messages.unsubscribe_of(frame_of(event="pusher:unsubscribe", data={"channel": channel}))
    assert refusal.value.code == 4009


@pytest.mark.parametrize("data", [*NO_FIELDS, {"channel": None}, {"channel": 7}])
def test_an_unsubscribe_without_a_name_is_refused(data):
    with pytest.raises(PusherError) as refusal:
        messages.unsubscribe_of(frame_of(event="pusher:unsubscribe", data=data))
    assert refusal.value.code is None


@pytest.mark.parametrize("write", [lambda data: data, json.dumps], ids=["object", "string"])
def test_a_signin_keeps_the_user_data_as_they_were_signed(write):
    data = {"auth": "k:s", "user_data": '{ "id" : "\\u00fc" }'}
    frame = frame_of(event="pusher:signin", data=write(data))
    assert messages.signin_of(frame) == Signin("k:s", '{ "id" : "\\u00fc" }')


@pytest.mark.parametrize(
    "data",
    [*NO_FIELDS, {"auth": "k:s"}, {"user_data": "{}"}, {"auth": None, "user_data": "{}"}]
    + [{"auth": 7, "user_data": "{}"}, {"auth": "k:s", "user_data": {"id": "u"}}],
)
def test_a_signin_of_wrong_types_is_unauthorized(data):
    with pytest.raises(PusherError) as refusal:
        messages.signin_of(frame_of(event="pusher:signin", data=data))
    assert refusal.value.code == 4009


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"on": True}, '{"on":true}'),
        ('{ "on": true }', '{ "on": true }'),
        ("hello", "hello"),
        ("", ""),
        (7, "7"),
        (False, "false"),
        ([1, "é"], '[1,"é"]'),
        ({"a": "\ud800"}, '{"a":"\\ud800"}'),
        (None, "null"),
    ],
)
def test_the_data_of_a_client_event_are_relayed_as_a_string(data, text):
    frame = frame_of(event="client-typing", channel="private-x", data=data)
    assert messages.client_event_of(frame, 100) == ClientEvent("private-x", "client-typing", text)


def test_a_client_event_without_data_is_relayed_with_null():
    frame = frame_of(event="client-a", channel="presence-x")
    assert messages.client_event_of(frame, 100) == ClientEvent("presence-x", "client-a", "null")


def refusal_of_client_event(**fields: object) -> int | None:
    frame = frame_of(**{"event": "client-a", "channel": "private-x", "data": 1, **fields})
    with pytest.raises(PusherError) as refusal:
        messages.client_event_of(frame, 10)
    return refusal.value.code


@pytest.mark.parametrize("channel", [None, "", "news", "privateer", "my-private-x", "cache-x", "#private-x"])
def test_a_client_event_is_for_private_and_presence_channels(channel):
    assert refusal_of_client_event(channel=channel) is None


@pytest.mark.parametrize("channel", ["private-" + "x" * 157, "private-a b", "private-x\n", "presence-\ud800"])
def test_a_client_event_is_for_channels_that_can_be(channel):
    assert refusal_of_client_event(channel=channel) is None


@pytest.mark.parametrize("channel", ["private-x", "presence-x", "private-encrypted-x", "presence-cache-x"])
def test_a_client_event_may_be_for_any_channel_that_needs_a_signature(channel):
    assert messages.client_event_of(frame_of(event="client-a", channel=channel), 10).channel == channel


@pytest.mark.parametrize("event", ["", "typing", "Client-a", "client", "my-client-a", "pusher:ping"])
def test_another_event_is_no_client_event(event):
    assert refusal_of_client_event(event=event) is None


def test_the_name_of_a_client_event_has_at_most_200_characters():
    longest = "client-" + "é" * 193
    assert messages.client_event_of(frame_of(event=longest, channel="private-x"), 10).event == longest
    assert refusal_of_client_event(event=longest + "x") == 4301


@pytest.mark.parametrize("data", ["é" * 5, ["é" * 3]])
def test_the_data_of_a_client_event_are_limited_in_bytes_of_utf8(data):
    frame = frame_of(event="client-a", channel="private-x", data=data)
    assert len(messages.client_event_of(frame, 10).data.encode()) == 10
    assert refusal_of_client_event(data=["é" * 3, 1]) == refusal_of_client_event(data="é" * 5 + "x") == 4301


def test_data_that_json_cannot_say_are_refused():
    frame = messages.decode('{"event":"client-a","channel":"private-x","data":[1e999]}')
    with pytest.raises(PusherError) as refusal:
        messages.client_event_of(frame, 100)
    assert refusal.value.code is None


def test_data_nested_up_to_any_depth_are_relayed_or_refused_but_never_crash():
    for depth in range(1, sys.getrecursionlimit() + 10, 3):
        body = f'{{"event":"client-a","channel":"private-x","data":{"[" * depth}{"]" * depth}}}'
        with contextlib.suppress(PusherError):
            assert messages.client_event_of(messages.decode(body), 10_000).data == "[" * depth + "]" * depth


any_text = st.text(st.characters(codec=None))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)
fields = st.dictionaries(st.sampled_from(["channel", "auth", "channel_data", "user_data"]), json_values)
frames = st.fixed_dictionaries(
    {"event": st.sampled_from(["client-a", "pusher:subscribe", "client-" + "x" * 200]) | json_values},
    optional={
        "channel": st.sampled_from(["private-x", "news"]) | json_values,
        "data": fields | fields.map(json.dumps) | json_values,
    },
).map(json.dumps)


@given(any_text | json_values.map(json.dumps) | frames)
def test_whatever_is_sent_is_read_or_refused_in_words_of_our_own(body):
    try:
        frame = messages.decode(body)
    except PusherError:
        return
    for read in READERS:
        with contextlib.suppress(PusherError):
            read(frame)


@pytest.mark.parametrize("name", ["channel", "auth", "channel_data", "user_data"])
@pytest.mark.parametrize("value", [["Zq9x"], {"Zq9x": 1}])
@pytest.mark.parametrize("read", READERS)
def test_a_refusal_repeats_nothing_of_what_was_sent(name, value, read):
    good = {"channel": "c", "auth": "k:s", "user_data": "{}"}
    for data in ({**good, name: value}, {"channel": "Zq9x a", name: value}, "Zq9x", ["Zq9x"]):
        try:
            read(frame_of(event="client-a", channel="Zq9x", data=data))
        except PusherError as refusal:
            assert "Zq9x" not in str(refusal)


@pytest.mark.parametrize(("event", "data"), [("client-\ud800", "x"), ("client-e", "\ud800")])
def test_a_client_event_without_a_utf_8_form_is_refused(event, data):
    """It would go into webhooks, whose receivers may refuse it and all that comes with it."""
    with pytest.raises(PusherError):
        messages.client_event_of(messages.Frame(event, "private-a", data), 100)
