"""`ops connections list`."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.cli.backend import NOW, Backend
from tests.cli.console import Ops, dangerous

KEYS = {"connectionId", "userId", "teamId", "channels", "connectedAt", "lastSeenAt", "expiresAt", "protocol"}
KEYS |= {"appId", "key", "sourceIp", "userAgent"}

# id → team, user, channels; in connect order, which is not that of the ids.
ROWS = {
    "g": ("123", "ana", ["team-123"]),
    "f": ("123", "ben", ["team-123", "news"]),
    "e": ("456", "ana", ["team-456", "news"]),
    "d": ("456", "cleo", []),
    "c": (None, None, ["news"]),
    "b": ("123", "ana", ["news"]),
    "a": ("123", "ana", ["news"]),
}
COMBINATIONS = list(itertools.product([None, "123"], [None, "ana"], [None, "news"], [None, 2]))


def ids(ops: Ops, *arguments: str) -> list[str]:
    result = ops("connections", "list", "--json", *arguments)
    assert result.code == 0, result.err
    return [row["connectionId"] for row in json.loads(result.out)]


@pytest.fixture
def rows(backend: Backend) -> None:
    for number, (name, (team, user, channels)) in enumerate(ROWS.items()):
        backend.connect(name, at=NOW - 1000 + number, teamId=team, userId=user, channels=channels)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("team", "user", "channel", "limit"), COMBINATIONS)
def test_filters_narrow_and_keep_the_connect_order(ops, team, user, channel, limit):
    expected = [
        name
        for name, (its_team, its_user, channels) in ROWS.items()
        if team in (None, its_team) and user in (None, its_user) and (channel is None or channel in channels)
    ]
    options = {"--team": team, "--user": user, "--channel": channel, "--limit": limit}
    arguments = [str(part) for option in options.items() if option[1] for part in option]
    assert ids(ops, *arguments) == expected[:limit]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("option", ["--team=nobody", "--user=nobody", "--channel=nobody"])
def test_a_filter_that_nothing_matches_finds_nothing(ops, option):
    assert ids(ops, option) == []


@pytest.mark.parametrize("options", [(), ("--team", "123"), ("--user", "ana"), ("--channel", "news")])
def test_expired_rows_are_not_shown(ops, backend, options):
    backend.connect("live", channels=["news"])
    backend.connect("expired", expires=NOW - 1, channels=["news"])
    assert ids(ops, *options) == ["live"]


def test_an_expired_row_does_not_count_towards_the_limit(ops, backend):
    backend.connect("expired", at=NOW - 100, expires=NOW - 1)
    backend.connect("live", at=NOW - 50)
    assert ids(ops, "--limit", "1") == ["live"]


def test_a_subscription_without_its_connection_is_not_shown(ops, backend):
    backend.connect("gone", channels=["news"])
    backend.dynamodb.delete_item(TableName=backend.connections, Key={"connectionId": {"S": "gone"}})
    assert ids(ops, "--channel", "news") == []


def test_json_has_all_keys_in_every_row_even_of_an_anonymous_connection(ops, backend):
    backend.connect("named", channels=["news"])
    backend.connect("anonymous", teamId=None, userId=None, sourceIp=None, userAgent=None, key=None)
    rows = json.loads(ops("connections", "list", "--json").out)
    assert [set(row) for row in rows] == [KEYS, KEYS]


def test_json_tells_the_row_as_it_is(ops, backend):
    backend.connect("x", at=NOW - 60, expires=NOW + 3600, channels=["b", "a"])
    (row,) = json.loads(ops("connections", "list", "--json").out)
    assert row == {
        "connectionId": "x",
        "userId": "ana",
        "teamId": "123",
        "channels": ["a", "b"],
        "connectedAt": (NOW - 60) * 1000,
        "lastSeenAt": (NOW - 60) * 1000,
        "expiresAt": NOW + 3600,
        "protocol": "plain",
        "appId": "1",
        "key": "key-1",
        "sourceIp": "10.0.0.1",
        "userAgent": "test/1",
    }


def test_the_table_has_a_heading_and_a_line_for_each_connection(ops, backend):
    backend.connect("x", channels=["b", "a"])
    heading, line = ops("connections", "list").out.splitlines()
    assert heading.split("  ")[0] == "ID"
    assert [part for part in heading.split("  ") if part] == [
        "ID", "USER", "TEAM", "CHANNELS", "CONNECTED", "LAST SEEN", "PROTOCOL", "ADDRESS"
    ]  # fmt: skip
    assert [line.split()[position] for position in (0, 1, 2, 3, 6, 7)] == [
        "x",
        "ana",
        "123",
        "a,b",
        "plain",
        "10.0.0.1",
    ]


def test_an_empty_table_leaves_standard_output_empty_and_says_so_on_standard_error(ops, backend):
    assert ops("connections", "list") == type(ops("connections", "list"))(0, "", "No live connections.\n")


def test_an_empty_result_as_json_is_an_empty_array_alone(ops, backend):
    result = ops("connections", "list", "--json")
    assert (result.code, json.loads(result.out), result.err) == (0, [], "")


NASTY = [
    "\x1b[31mred",  # an ANSI colour
    "a\x07\x08",  # a bell and a backspace
    "x\nroot  123",  # a line of its own
    "a\x9b31m",  # a C1 control
    "a\u202egnp.exe",  # a right-to-left override
    "a\u2066b",  # an isolate
    "a\u200bb",  # a zero-width space
    "a\u2028b",  # a line separator
    "a\x7fb",  # a delete
]


@pytest.mark.parametrize("attribute", ["userId", "teamId", "protocol", "sourceIp", "channels", "connectionId"])
def test_nothing_in_the_table_acts_on_the_terminal(ops, backend, attribute):
    for number, text in enumerate(NASTY):
        values = {"connectionId": str(number), attribute: [text] if attribute == "channels" else text}
        backend.connect(str(values.pop("connectionId")), **values)
    out = ops("connections", "list").out
    assert (dangerous(out), len(out.splitlines())) == ([], 1 + len(NASTY))


def test_json_escapes_what_would_act_on_the_terminal(ops, backend):
    for number, text in enumerate(NASTY):
        backend.connect(str(number), at=NOW - 100 + number, userAgent=text)
    out = ops("connections", "list", "--json").out
    assert dangerous(out) == []
    assert [row["userAgent"] for row in json.loads(out)] == NASTY


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_is_no_positive_number_is_wrong_usage(ops, backend, limit):
    result = ops("connections", "list", "--limit", limit)
    assert (result.code, result.out) == (2, "")
