from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import SubscriptionRefused
from realtime.domain.members import Member, member_from_user, member_of, user_id_json, user_info_json
from realtime.domain.users import user_data_of


def refusal_of(channel_data: str) -> tuple[str, int]:
    with pytest.raises(SubscriptionRefused) as refusal:
        member_of(channel_data)
    return refusal.value.kind, refusal.value.status


@pytest.mark.parametrize(
    ("channel_data", "user", "text", "user_id", "info"),
    [
        ('{"user_id":"u-9"}', "u-9", '{"user_id":"u-9"}', '"u-9"', "null"),
        ('{"user_id": 2}', "2", '{"user_id":2}', "2", "null"),
        ('{"user_id":"2"}', "2", '{"user_id":"2"}', '"2"', "null"),
        ('{"user_id":-0}', "0", '{"user_id":0}', "0", "null"),
        ('{"user_id":"a","user_info":null}', "a", '{"user_id":"a","user_info":null}', '"a"', "null"),
        (
            '{ "user_info": {"name": "Añ", "x": [1, 2.50]}, "user_id": "a b", "more": 1 }',
            "a b",
            '{"user_id":"a b","user_info":{"name":"Añ","x":[1,2.5]}}',
            '"a b"',
            '{"name":"Añ","x":[1,2.5]}',
        ),
        ('{"user_id":"\\u00e9"}', "é", '{"user_id":"é"}', '"é"', "null"),
        (
            '{"user_id":"é","user_info":"\\ud800"}',
            "é",
            '{"user_id":"é","user_info":"\\ud800"}',
            '"é"',
            '"\\ud800"',
        ),
        ('{"user_id":"a","user_id":"b"}', "b", '{"user_id":"b"}', '"b"', "null"),
    ],
)
def test_a_member_is_known_by_a_string_and_shown_with_the_type_that_was_signed(channel_data, user, text, user_id, info):
    member = member_of(channel_data)
    assert (member, user_id_json(member), user_info_json(member)) == (Member(user, text), user_id, info)


@pytest.mark.parametrize("user", ["x" * 128, "日" * 128, '"\\', "a:b#c/d", "\u200c", 2**53, -(2**53), 0])
def test_these_are_user_ids(user):
    assert member_of(json.dumps({"user_id": user})).user == str(user)


@pytest.mark.parametrize(
    "user",
    [
        "",
        None,
        True,
        False,
        1.5,
        1.0,
        [],
        {},
        ["u"],
        2**53 + 1,
        -(2**53) - 1,
        10**400,
        "\ud800",
        "a\nb",
        "\x00",
        "\x1f",
    ],
)
def test_these_are_not_user_ids(user):
    assert refusal_of(json.dumps({"user_id": user})) == ("AuthError", 401)


@pytest.mark.parametrize(
    "text",
    ["", "u-9", "null", "7", '"u-9"', "[]", "{}", '{"user_info":{}}', '{"user_id":"u"', '{"user_id":"u","x":NaN}']
    + ['{"user_id":"u","user_info":1e999}', '{"user_id":' + "9" * 5000 + "}", '{"user_id":1e2}']
    + ['{"user_id":"u","user_info":' + "[" * 100_000 + "]" * 100_000 + "}"],
)
def test_what_names_no_user_is_an_auth_error(text):
    assert refusal_of(text) == ("AuthError", 401)


def test_a_user_id_has_at_most_128_characters():
    assert refusal_of(json.dumps({"user_id": "x" * 129})) == ("LimitReached", 4301)


@pytest.mark.parametrize("filling", ["x", "é"])
def test_a_member_has_at_most_a_kilobyte_of_utf8_as_compact_json(filling):
    def channel_data(size: int) -> str:
        count, rest = divmod(size - len('{"user_id":"u","user_info":[""]}'), len(filling.encode()))
        info = [filling * count + "x" * rest]
        return json.dumps({"user_id": "u", "user_info": info, "not counted": "x" * 2000}, indent=4)

    assert len(member_of(channel_data(1024)).text.encode()) == 1024
    assert refusal_of(channel_data(1025)) == ("LimitReached", 4301)


@pytest.mark.parametrize(
    ("user_data", "member"),
    [
        ('{"id":"u-9","watchlist":["a"],"team_id":"t"}', Member("u-9", '{"user_id":"u-9"}')),
        ('{"id":"u-9","user_info":null}', Member("u-9", '{"user_id":"u-9"}')),
        ('{"id":"7","user_info":{"a":1}}', Member("7", '{"user_id":"7","user_info":{"a":1}}')),
    ],
)
def test_who_is_signed_in_is_a_member_under_the_same_id(user_data, member):
    assert member_from_user(user_data_of(user_data)) == member


def test_who_is_signed_in_with_too_much_user_info_is_refused():
    user = user_data_of(json.dumps({"id": "u", "user_info": "x" * 1024}))
    with pytest.raises(SubscriptionRefused) as refusal:
        member_from_user(user)
    assert (refusal.value.kind, refusal.value.status) == ("LimitReached", 4301)


any_text = st.text(st.characters(codec=None))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)


@given(any_text | st.dictionaries(st.sampled_from(["user_id", "user_info"]), json_values).map(json.dumps))
def test_channel_data_are_read_or_refused(text):
    with contextlib.suppress(SubscriptionRefused):
        member_of(text)


@given(st.integers(-(2**53), 2**53) | st.text(min_size=1, max_size=128), json_values)
def test_what_a_member_shows_is_what_was_signed(user, info):
    try:
        member = member_of(json.dumps({"user_id": user, "user_info": info}))
    except SubscriptionRefused:
        return
    assert member.user == str(user)
    assert json.loads(user_id_json(member)) == user
    assert json.loads(user_info_json(member)) == info
    assert member.text.encode()
