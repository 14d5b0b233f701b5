"""What the server libraries ask for, and all that they may not."""

from __future__ import annotations

from typing import Any

import pytest

from realtime.protocols.http_messages import HttpError, params_of
from realtime.protocols.pusher_http import (
    Publication,
    applies,
    batch_of,
    channel_of,
    info_of,
    info_of_query,
    publication_of,
    user_of,
)

LIMIT = 100
EVENT: dict[str, Any] = {"name": "e", "data": "d", "channels": ["a"]}


def publication(query: str = "", **changes: Any) -> Publication:
    """An event with these changes; a field that is ... is left out."""
    fields = {name: value for name, value in {**EVENT, **changes}.items() if value is not ...}
    return publication_of(fields, params_of(query), LIMIT)


def status_of(call: Any, *arguments: Any, **changes: Any) -> int:
    with pytest.raises(HttpError) as caught:
        call(*arguments, **changes)
    return caught.value.status


def test_an_event_is_read():
    assert publication(socket_id="1.2", info="user_count") == ("e", "d", ("a",), "1.2", ("user_count",))


def test_what_may_be_left_out_may_be():
    assert publication() == publication(socket_id=None, info=None, channel=None) == ("e", "d", ("a",), None, None)


def test_unknown_fields_are_left_aside():
    assert publication(tags={"a": [1]}, auth_key=1) == publication()


def test_one_channel_may_be_named_alone():
    assert publication(channels=..., channel="b").channels == ("b",)


def test_a_list_of_channels_counts_more_than_one_channel():
    assert publication(channel="b").channels == ("a",)


def test_channels_are_named_once_in_their_order():
    assert publication(channels=["b", "a", "b"]).channels == ("b", "a")


def test_a_hundred_channels_are_not_too_many():
    assert len(publication(channels=[f"c{number}" for number in range(100)]).channels) == 100


@pytest.mark.parametrize(
    "channels",
    [
        *(..., None, [], "a", {}, 1, True, {"a": 1}, [1], [None], [["a"]], ["a", 1], ["a"] * 101),
        *([""], ["a b"], ["a\n"], ["a/b"], ["é"], ["a:b"], ["#a"], ["a#"], ["x" * 165], ["a", ""], ["\ud800"], ["a*"]),
        *(["#server-to-user-"], ["#server-to-user-a b"], [f"#server-to-user-{'x' * 129}"], ["#server-to-user-#"]),
        *(["private-encrypted-a", "b"], ["a", "private-encrypted-a"], ["private-encrypted-a", "private-encrypted-b"]),
        ["#watch-u"],
    ],
    ids=repr,
)
def test_channels_that_cannot_be_published_to_are_refused(channels):
    assert status_of(publication, channels=channels) == 400


@pytest.mark.parametrize("channel", ["x" * 164, "a=@,.;-_9", "presence-a", "private-encrypted-a", "privateer"])
def test_any_channel_can_be_published_to(channel):
    assert publication(channels=[channel]).channels == (channel,)


def test_a_user_can_be_published_to():
    channel = f"#server-to-user-{'u' * 128}"
    assert publication(channels=[channel, "a"]).channels == (channel, "a")


def test_an_encrypted_channel_named_twice_is_alone():
    assert publication(channels=["private-encrypted-a"] * 2).channels == ("private-encrypted-a",)


@pytest.mark.parametrize(
    "name",
    [..., None, "", 1, True, [], {}, "x" * 201, "pusher:ping", "pusher:", "pusher_internal:member_added", "a\ud800"],
    ids=repr,
)
def test_an_event_that_cannot_be_is_refused(name):
    assert status_of(publication, name=name) == 400


@pytest.mark.parametrize("name", ["x" * 200, "client-a", "pusher", "pusher_internal", "Pusher:a", "日本", " ", "a\n"])
def test_an_event_may_have_any_other_name(name):
    assert publication(name=name).name == name


@pytest.mark.parametrize("data", [..., None, 1, True, [], {}, {"a": 1}, "\ud800"], ids=repr)
def test_data_that_are_no_string_are_refused(data):
    assert status_of(publication, data=data) == 400


@pytest.mark.parametrize("data", ["", "x" * LIMIT, "é" * (LIMIT // 2), "\x00", '"\\ud800"'], ids=len)
def test_data_are_left_as_they_are(data):
    assert publication(data=data).data == data


@pytest.mark.parametrize("data", ["x" * (LIMIT + 1), "é" * (LIMIT // 2) + "x"], ids=len)
def test_data_of_too_many_bytes_are_too_large(data):
    assert status_of(publication, data=data) == 413


@pytest.mark.parametrize(
    "socket_id",
    ["", "1", "1.", ".1", "1.2.3", "a.b", "1.2\n", " 1.2", "-1.2", "١.٢", "L0SM9cOFvHcCIhw=", 1.2, 1, [], {}],
)
def test_a_socket_id_of_another_form_is_refused(socket_id):
    assert status_of(publication, socket_id=socket_id) == 400


@pytest.mark.parametrize("info", [1, True, [], ["user_count"], {}])
def test_info_that_is_no_string_is_refused(info):
    assert status_of(publication, info=info) == 400


@pytest.mark.parametrize(
    ("text", "info"),
    [
        (None, ()),
        ("", ()),
        (",", ()),
        ("user_count", ("user_count",)),
        ("user_count, subscription_count,user_count", ("user_count", "subscription_count")),
        ("colour", ("colour",)),
    ],
)
def test_info_is_a_list_of_names(text, info):
    assert info_of(text) == info


def test_an_event_may_stand_in_the_query_string():
    query = "name=e&data=%7B%7D&channels%5B%5D=a&channels[]=b&socket_id=1.2&info=user_count"
    assert publication_of({}, params_of(query), LIMIT) == ("e", "{}", ("a", "b"), "1.2", ("user_count",))


def test_what_the_body_says_counts_more_than_the_query_string():
    assert publication("name=q&data=q&channels[]=q&socket_id=3.4").name == "e"
    assert publication("socket_id=3.4&info=x") == ("e", "d", ("a",), "3.4", ("x",))


@pytest.mark.parametrize("name", ["name", "data", "channel", "socket_id", "info"])
def test_a_field_that_is_twice_in_the_query_string_is_refused(name):
    assert status_of(publication, f"{name}=1.2&{name}=1.2") == 400


def item(**changes: Any) -> dict[str, Any]:
    return {"name": "e", "data": "d", "channel": "a", **changes}


def test_a_batch_is_read_in_its_order():
    batch = [item(), item(channel="b", socket_id="1.2", info=""), item(channels=["x"])]
    assert batch_of({"batch": batch}, LIMIT) == [
        ("e", "d", ("a",), None, None),
        ("e", "d", ("b",), "1.2", ()),
        ("e", "d", ("a",), None, None),
    ]


def test_ten_events_are_not_too_many_for_a_batch():
    assert len(batch_of({"batch": [item()] * 10}, LIMIT)) == 10


@pytest.mark.parametrize(
    "batch",
    [
        *(None, {}, "x", 1, [], [1], [None], [[]], [item(), "x"], [item()] * 11),
        *([item(channel=None)], [item(channel=1)], [item(channel="#a")], [item(name="pusher:a")], [item(data={})]),
        *([item(socket_id="1")], [item(info=1)], [{"name": "e", "data": "d", "channels": ["a"]}]),
    ],
    ids=lambda batch: repr(batch)[:40],
)
def test_a_batch_of_another_form_is_refused(batch):
    assert status_of(batch_of, {"batch": batch}, LIMIT) == 400


def test_a_batch_without_a_batch_is_refused():
    assert status_of(batch_of, {}, LIMIT) == 400


def test_the_data_of_every_event_in_a_batch_are_measured():
    assert status_of(batch_of, {"batch": [item(), item(data="x" * (LIMIT + 1))]}, LIMIT) == 413


# channel → the attributes that it has, in an app that counts subscriptions and in one that does not
ATTRIBUTES = {
    "a": ({"subscription_count"}, set()),
    "private-a": ({"subscription_count"}, set()),
    "presence-a": ({"user_count"}, {"user_count"}),
    "cache-a": ({"subscription_count", "cache"}, {"cache"}),
    "private-encrypted-cache-a": ({"subscription_count", "cache"}, {"cache"}),
    "presence-cache-a": ({"user_count", "cache"}, {"user_count", "cache"}),
    "my-cache-a": ({"subscription_count"}, set()),
    "presenceless": ({"subscription_count"}, set()),
    "#server-to-user-u": (set(), set()),
}
ALL = ("user_count", "subscription_count", "cache")


@pytest.mark.parametrize("channel", ATTRIBUTES)
@pytest.mark.parametrize("counts", [True, False])
def test_a_channel_has_some_attributes(channel, counts):
    known = {name for name in (*ALL, "colour", "") if applies(name, channel, counts=counts)}
    assert known == ATTRIBUTES[channel][not counts]


@pytest.mark.parametrize("channel", ATTRIBUTES)
@pytest.mark.parametrize("attribute", [*ALL, "colour"])
def test_a_get_is_told_of_an_attribute_that_is_not_to_be_had(channel, attribute):
    params = params_of(f"info={attribute}")
    if attribute in ATTRIBUTES[channel][0]:
        assert info_of_query(params, channel, ALL, counts=True) == (attribute,)
    else:
        assert status_of(info_of_query, params, channel, ALL, counts=True) == 400


def test_a_list_of_channels_cannot_tell_what_each_keeps():
    assert status_of(info_of_query, params_of("info=cache"), "cache-", ALL[:2], counts=True) == 400


def test_without_info_nothing_is_asked():
    assert info_of_query(params_of(""), "a", ALL, counts=False) == ()


@pytest.mark.parametrize("name", ["", "a b", "#server-to-user-u", "é", "x" * 165, "a%2Fb", "\ud800"])
def test_a_path_names_a_channel(name):
    assert (channel_of("a"), status_of(channel_of, name)) == ("a", 400)


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 129, "#u"])
def test_a_path_names_a_user(name):
    assert (user_of("u-9"), status_of(user_of, name)) == ("u-9", 400)
