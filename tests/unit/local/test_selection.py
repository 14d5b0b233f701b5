"""Route selection expressions: the developer guide's examples and the corners around them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.local.selection import evaluate, select

CHAT = {"service": "chat", "action": "join", "deep": {"do": {"it": "now"}}}


@pytest.mark.parametrize(
    ("expression", "document", "text"),
    [
        ("$request.body.action", CHAT, "join"),
        ("${request.body.action}", CHAT, "join"),
        ("${request.body.service}/${request.body.action}", CHAT, "chat/join"),
        ("${request.body.action}-${request.body.invalidPath}", CHAT, "join-"),
        ("$request.body.deep.do.it", CHAT, "now"),
        ("$request.body.service/$request.body.action", CHAT, "chat/join"),
        ("$request.body.a-b", {"a-b": "dash"}, "dash"),
        ("$request.body['a.b']", {"a.b": "x"}, "$request.body['a.b']"),
        ("$request.body.list[1].x", {"list": [0, {"x": "y"}]}, "y"),
        ("$request.body.list[9]", {"list": [0]}, ""),
        ("$request.body.o['a.b']", {"o": {"a.b": "x"}}, "x"),
        ("action", CHAT, "action"),
        (r"\$default", CHAT, "$default"),
        (r"\$request.body.action", CHAT, "$request.body.action"),
        ("$request.body.x", {"x": ["item1", "item2"]}, "[item1, item2]"),
        ("$request.body.x", {"x": True}, "true"),
        ("$request.body.x", {"x": 1.5}, "1.5"),
        ("$request.body.x", {"x": None}, ""),
        ("$request.body.x", {"x": {"a": 1, "b": [False]}}, "{a=1, b=[false]}"),
        ("$request.body.x.y", {"x": "text"}, ""),
        ("$request.body.x", ["x"], ""),
        ("$request.body.x", 5, ""),
    ],
)
def test_what_an_expression_yields(expression, document, text):
    assert evaluate(expression, document) == text


def test_a_value_that_looks_like_an_expression_is_not_evaluated_again():
    document = {"action": "${request.body.secret}", "secret": "x"}
    assert evaluate("$request.body.action", document) == "${request.body.secret}"


@pytest.mark.parametrize(
    ("body", "keys", "key"),
    [
        ('{"action":"join"}', {"join", "$default"}, "join"),
        ('{"action":"Join"}', {"join", "$default"}, "$default"),
        ('{"action":"Join"}', {"join"}, None),
        ("hi", {"join", "$default"}, "$default"),
        ("hi", {"join"}, None),
        ("[" * 100_000, {"join", "$default"}, "$default"),
        ('{"action":"$connect"}', {"$connect", "$default"}, "$default"),
        ('{"action":"$disconnect"}', {"$disconnect"}, None),
        ('{"action":"$default"}', {"$default"}, "$default"),
    ],
)
def test_which_route_takes_a_message(body, keys, key):
    assert select("$request.body.action", body, keys) == key


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), st.text())
def test_no_body_and_no_expression_break_the_selection(value, expression):
    body = json.dumps({"action": value})
    assert select("$request.body.action", body, {"$default"}) == "$default"
    assert isinstance(evaluate(expression, value), str)
