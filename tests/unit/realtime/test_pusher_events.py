"""A plain client and a pusher-js client hear the same value, whoever published it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocols import plain, pusher
from realtime.protocols.events import plain_data, pusher_data


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


def as_pusher_js_reads(data: str) -> Any:
    """JSON if it can be, else the string: `decodeMessage` of pusher-js."""
    try:
        return strict(data)
    except ValueError:
        return data


def same(one: Any, other: Any) -> bool:
    """As JavaScript would tell, to which two halves of a surrogate pair are one character."""
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("hello", '"hello"'),
        ("", '""'),
        (" ", '" "'),
        ('{"a":1}', '{"a":1}'),
        (' {"a" : 1}\n', ' {"a" : 1}\n'),
        ("{'a':1}", "\"{'a':1}\""),
        ("123", "123"),
        ("01", '"01"'),
        ("null", "null"),
        ("true", "true"),
        ("NaN", '"NaN"'),
        ("-Infinity", '"-Infinity"'),
        ("[NaN]", '"[NaN]"'),
        ("1e999", "1e999"),
        ("1.10", "1.10"),
        ('"hello"', '"hello"'),
        ("é", '"é"'),
        ('"é"', '"é"'),
        ('"\\u00e9"', '"\\u00e9"'),
        ("\ud800", '"\\ud800"'),
        ('"\ud800"', '"\\ud800"'),
        ('"\\\ud800"', '"\\"\\\\\\ud800\\""'),
        ("\ufeff{}", '"\ufeff{}"'),
        ('{"ciphertext":"Zm9v","nonce":"YmFy"}', '{"ciphertext":"Zm9v","nonce":"YmFy"}'),
    ],
)
def test_what_plain_clients_are_given(data, text):
    assert plain_data(data) == text


def test_a_number_of_any_length_stays_a_number():
    assert plain_data("9" * 10_000) == "9" * 10_000


def test_what_is_nested_too_deeply_for_our_parser_reaches_plain_clients_as_a_string():
    data = "[" * 100_000 + "]" * 100_000
    assert plain_data(data) == f'"{data}"'


any_text = st.text(st.characters(codec=None))
json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
).flatmap(lambda value: st.sampled_from([json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)]))


@given(any_text | json_texts)
def test_what_is_published_to_pusher_clients_reaches_plain_clients_as_the_same_value(data):
    frame = plain.event("c", "e", plain_data(data), None)
    assert same(json.loads(frame.encode())["data"], as_pusher_js_reads(data))
    assert same(as_pusher_js_reads(pusher_data(plain_data(data))), as_pusher_js_reads(data))


@given(json_texts)
def test_what_is_published_to_plain_clients_reaches_pusher_clients_as_the_same_value(text):
    frame = json.loads(pusher.event("c", "e", pusher_data(text)).encode())
    assert same(as_pusher_js_reads(frame["data"]), json.loads(text))
    assert same(json.loads(plain_data(pusher_data(text))), json.loads(text))


@given(any_text | json_texts)
def test_pusher_clients_of_each_other_hear_the_very_string(data):
    assert same(json.loads(pusher.event("c", "e", data).encode())["data"], data)
