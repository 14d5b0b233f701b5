"""`ops connections show`."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.backend import NOW
from tests.cli.console import dangerous
from tests.cli.test_cli_connections_list import KEYS, NASTY


def test_it_tells_all_that_is_known(ops, backend):
    backend.connect("x", channels=["team-123"], userAgent="browser/9")
    lines = ops("connections", "show", "x").out.splitlines()
    told = {line[:14].strip(): line[14:] for line in lines}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\d+m ago\)", told.pop("Connected"))
    assert told.pop("Last seen").endswith("ago)")
    assert told == {
        "Connection": "x",
        "User": "ana",
        "Team": "123",
        "Channels": "team-123",
        "Protocol": "plain",
        "App": "1 (key key-1)",
        "Address": "10.0.0.1",
        "User agent": "browser/9",
    }


def test_json_has_the_keys_of_the_list(ops, backend):
    backend.connect("x")
    assert set(json.loads(ops("connections", "show", "x", "--json").out)) == KEYS


def test_an_anonymous_connection_has_dashes(ops, backend):
    backend.connect("x", userId=None, teamId=None, key=None, userAgent=None, sourceIp=None)
    lines = ops("connections", "show", "x").out.splitlines()
    assert [line.split()[0] for line in lines if line.split()[-1] == "-"] == [
        "User",
        "Team",
        "Channels",
        "Address",
        "User",
    ]


@pytest.mark.parametrize("attribute", ["userId", "userAgent", "channels"])
def test_nothing_acts_on_the_terminal(ops, backend, attribute):
    text = "".join(NASTY)
    backend.connect("x", **{attribute: [text] if attribute == "channels" else text})
    assert dangerous(ops("connections", "show", "x").out) == []


@pytest.mark.parametrize("connection_id", ["nobody", "expired"])
def test_what_is_not_live_is_an_error_with_a_hint(ops, backend, connection_id):
    backend.connect("expired", expires=NOW - 1)
    result = ops("connections", "show", connection_id)
    assert (result.code, result.out) == (1, "")
    assert "There is no live connection" in result.err
    assert "ops connections list" in result.err
    assert dangerous(result.err) == []


@pytest.mark.parametrize("connection_id", ["", "\x1b[31m", "x" * 129])
def test_what_can_be_no_id_is_wrong_usage(ops, backend, connection_id):
    result = ops("connections", "show", connection_id)
    assert (result.code, result.out) == (2, "")
    assert dangerous(result.err) == []
