from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.json_text import compact, has_utf8, is_json, parse, size_of

any_text = st.text(st.characters(codec=None))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
)
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1, 2.5, None]}, '{"b":1,"a":[1,2.5,null]}'),
        ("é日😀", '"é日😀"'),
        ("é\ud800日", '"é\\ud800日"'),
        ({"\udfff": "\\\ud800"}, '{"\\udfff":"\\\\\\ud800"}'),
        ('\x01\n"', '"\\u0001\\n\\""'),
    ],
)
def test_json_is_compact_and_only_lone_surrogates_are_escaped(value, text):
    assert compact(value) == text
    assert parse(text) == value


@given(values)
def test_whatever_json_can_say_is_written_and_can_be_sent(value):
    text = compact(value)
    assert json.dumps(parse(text)) == json.dumps(json.loads(json.dumps(value)))
    assert len(text.encode()) == size_of(text)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan"), [{"a": float("inf")}]])
def test_what_json_cannot_say_is_an_error(value):
    with pytest.raises(ValueError, match="."):
        compact(value)


def test_nesting_beyond_what_the_encoder_bears_is_an_error():
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="deep"):
        compact(value)
    while value:  # Taking it apart by itself would be as deep.
        value = value.pop()


@pytest.mark.parametrize("text", ["", "NaN", "[Infinity]", "{", "9" * 5000, DEEP])
def test_what_is_not_strict_json_is_not_read(text):
    with pytest.raises(ValueError, match="."):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{}", True), (" 1.5e3\n", True), ("9" * 5000, True), ("1e999", True), ("-" + "9" * 5000 + ".5", True)]
    + [("", False), ("NaN", False), ("01", False), ("１", False), ("'a'", False), ("[1,]", False), (DEEP, False)],
)
def test_what_counts_as_json(text, expected):
    assert is_json(text) is expected


@pytest.mark.parametrize(("text", "expected"), [("", True), ("é😀", True), ("\ud800", False), ("a\udfffb", False)])
def test_a_lone_surrogate_has_no_utf8(text, expected):
    assert has_utf8(text) is expected


@pytest.mark.parametrize(("text", "size"), [("", 0), ("é", 2), ("😀", 4), ("\ud800", 3)])
def test_a_size_is_in_bytes(text, size):
    assert size_of(text) == size
