from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import PusherError
from realtime.domain.users import UserData, user_data_of


def refusal_of(text: str) -> PusherError:
    with pytest.raises(PusherError) as refusal:
        user_data_of(text)
    return refusal.value


def test_all_that_user_data_can_say():
    text = '{ "id":"u-9", "user_info":{"name":"Ana"}, "watchlist":["u-3","u-4"], "team_id":"Team 1", "more":1 }'
    assert user_data_of(text) == UserData(
        id="u-9",
        user_info={"name": "Ana"},
        watchlist=("u-3", "u-4"),
        watchlist_too_long=False,
        team_id="Team 1",
        text=text,
    )


@pytest.mark.parametrize("rest", ["", ',"user_info":null,"watchlist":null,"team_id":null', ',"watchlist":[]'])
def test_all_but_the_id_may_be_left_out_or_null(rest):
    text = f'{{"id":"u-9"{rest}}}'
    assert user_data_of(text) == UserData("u-9", None, (), False, None, text)


@pytest.mark.parametrize("user", ["u", "0", "A-Za-z0-9_-=@,.;", "ana@example.com", "x" * 128])
def test_these_are_user_ids(user):
    assert user_data_of(json.dumps({"id": user})).id == user


@pytest.mark.parametrize(
    "user", ["", "x" * 129, "a b", "a/b", "a:b", "#a", "a\n", "é", "\ud800", 7, True, None, [], {}]
)
def test_these_are_not_user_ids(user):
    assert refusal_of(json.dumps({"id": user})).code == 4009


@pytest.mark.parametrize("team", ["", "x" * 129, "a\nb", "\u202e", "\ud800", 7, False, [], {}])
def test_these_are_not_teams(team):
    assert refusal_of(json.dumps({"id": "u", "team_id": team})).code == 4009


@pytest.mark.parametrize(
    "text",
    ["", " ", "u-9", "null", "7", '"u-9"', "[]", '["u-9"]', "{}", '{"id":}', '{"id":"u"}x', '{"id":"u","x":NaN}']
    + [
        '{"id":"u","user_info":1e999}',
        '{"id":"u","x":' + "9" * 5000 + "}",
        '{"id":"\ud800"}',
        '{"id":"u","x":"\ud800"}',
    ]
    + ['{"id":"u","x":' + "[" * 3000 + "]" * 3000 + "}"],
)
def test_what_is_no_object_of_json_is_refused(text):
    assert refusal_of(text).code == 4009


@pytest.mark.parametrize("watchlist", ["u-3", {"u-3": 1}, 7, True, [7], ["u-3", None], [["u-3"]]])
def test_a_watchlist_is_a_list_of_strings(watchlist):
    assert refusal_of(json.dumps({"id": "u", "watchlist": watchlist})).code == 4009


def test_a_watchlist_holds_each_user_once_in_order_and_nobody_who_cannot_sign_in():
    text = json.dumps({"id": "u", "watchlist": ["b", "a", "b", "", "no one", "\ud800", "x" * 129, "c", "a"]})
    assert user_data_of(text).watchlist == ("b", "a", "c")


@pytest.mark.parametrize(("users", "too_long"), [(99, False), (100, False), (101, True), (150, True)])
def test_the_first_hundred_of_a_watchlist_count(users, too_long):
    names = [f"u{number}" for number in range(users)]
    data = user_data_of(json.dumps({"id": "u", "watchlist": names + names}))
    assert (data.watchlist, data.watchlist_too_long) == (tuple(names[:100]), too_long)


@pytest.mark.parametrize("filling", ["x", "é"])
def test_user_data_have_at_most_ten_kilobytes_of_utf8(filling):
    def text(size: int) -> str:
        head, tail = '{"id":"u","user_info":"', '"}'
        count, rest = divmod(size - len(head + tail), len(filling.encode()))
        return f"{head}{filling * count}{' ' * rest}{tail}"

    assert user_data_of(text(10_240)).id == "u"
    assert "10240" in refusal_of(text(10_241)).message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.text(st.characters(codec=None))
    | st.dictionaries(st.sampled_from(["id", "user_info", "watchlist", "team_id"]), json_values).map(json.dumps)
)
def test_user_data_are_read_or_refused_with_4009(text):
    with contextlib.suppress(PusherError):
        user_data_of(text)


@given(json_values, st.sampled_from(["id", "watchlist", "team_id"]))
def test_a_refusal_repeats_nothing_of_what_was_sent(value, name):
    text = json.dumps({"id": "u", name: [value, "Zq9x-secret"], "x": "Zq9x-secret"})
    with contextlib.suppress(PusherError):
        user_data_of(text)
        return
    assert "Zq9x" not in refusal_of(text).message
