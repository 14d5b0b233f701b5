"""`ops keys`, and asking before anything is taken away."""

from __future__ import annotations

import io
import json
import os
import re

import pytest

from tests.cli.backend import SECRET, key

PICKED_UP = "Lambdas pick it up within 60 s."


@pytest.fixture
def dev(backend, terraform):
    """The same backend as a deployment in dev, where boto3 finds moto and credentials in the environment."""
    terraform(backend.outputs(environment="dev"))
    os.environ.update(AWS_ENDPOINT_URL=backend.url, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    return backend


def test_the_list_has_the_keys_of_all_apps(ops, backend):
    backend.set_apps({"id": "1", "keys": [key("a"), key("b", state="disabled")]}, {"id": "2", "keys": [key("c")]})
    lines = [line.split() for line in ops("keys", "list").out.splitlines()]
    assert lines == [
        ["KEY", "APP", "STATE", "CREATED"],
        ["a", "1", "active", "2026-01-01T00:00:00Z"],
        ["b", "1", "disabled", "2026-01-01T00:00:00Z"],
        ["c", "2", "active", "2026-01-01T00:00:00Z"],
    ]


def test_or_of_one(ops, backend):
    backend.set_apps({"id": "1", "keys": [key("a")]}, {"id": "2", "keys": [key("c")]})
    rows = json.loads(ops("keys", "list", "--app", "2", "--secrets", "--json").out)
    created = "2026-01-01T00:00:00Z"
    assert rows == [{"key": "c", "app": "2", "state": "active", "createdAt": created, "secret": SECRET}]


def test_without_keys_the_list_says_how_to_make_one(ops, backend):
    backend.set_keys()
    result = ops("keys", "list")
    assert (result.code, result.out) == (0, "")
    assert "ops keys create" in result.err


def test_a_new_key_joins_the_others_of_the_default_app(ops, backend):
    result = ops("keys", "create", "--secrets", "--json")
    row = json.loads(result.out)
    assert re.fullmatch("[0-9a-f]{20}", row["key"])
    assert re.fullmatch("[0-9a-f]{64}", row["secret"])
    assert (row["app"], row["state"]) == ("1", "active")
    assert result.err == f"Key {row['key']} of app 1 created. {PICKED_UP}\n"
    assert backend.states() == {"key-1": "active", row["key"]: "active"}


def test_a_key_of_another_app(ops, backend):
    ops("apps", "create", "second")
    ops("keys", "create", "--app", "2")
    assert (len(backend.states("1")), len(backend.states("2"))) == (1, 2)


def test_no_two_keys_are_the_same(ops, backend):
    made = [json.loads(ops("keys", "create", "--secrets", "--json").out) for _ in range(5)]
    assert len({row["key"] for row in made}) == len({row["secret"] for row in made}) == 5


def test_tokens_are_signed_with_the_new_key(ops, backend):
    import jwt

    row = json.loads(ops("keys", "create", "--secrets", "--json").out)
    token = ops("token", "--user", "ana", "--team", "1").out.strip()
    assert jwt.get_unverified_header(token)["kid"] == row["key"]
    jwt.decode(token, row["secret"], algorithms=["HS256"])


def test_no_token_is_minted_for_a_disabled_app(ops, backend):
    ops("apps", "disable", "1")
    result = ops("token", "--user", "ana", "--team", "1")
    assert (result.code, result.out) == (1, "")
    assert "ops apps enable 1" in result.err


def test_a_key_is_disabled_and_enabled_again(ops, backend):
    backend.set_keys(key("a"), key("b"))
    assert ops("keys", "disable", "a").err == f"Key a is disabled. {PICKED_UP}\n"
    assert backend.states() == {"a": "disabled", "b": "active"}
    assert json.loads(ops("keys", "enable", "a", "--json").out)["state"] == "active"
    assert backend.states() == {"a": "active", "b": "active"}


def test_the_last_active_key_stays(ops, backend):
    backend.set_keys(key("a"), key("b", state="disabled"))
    result = ops("keys", "disable", "a")
    assert (result.code, result.out) == (1, "")
    assert "the last active key of app 1" in result.err
    assert "ops keys create --app 1" in result.err
    assert backend.states()["a"] == "active"


def test_unless_it_is_forced_away(ops, backend):
    assert ops("keys", "disable", "key-1", "--force").code == 0
    assert backend.states() == {"key-1": "disabled"}


def test_a_key_that_is_disabled_already_is_left_as_it_is(ops, backend):
    backend.set_keys(key("a", state="disabled"))
    assert ops("keys", "disable", "a").code == 0


def test_a_disabled_key_is_deleted(ops, backend):
    backend.set_keys(key("a"), key("b", state="disabled"))
    result = ops("keys", "delete", "b", "--json")
    assert (json.loads(result.out), result.err) == ({"key": "b", "deleted": True}, f"Key b deleted. {PICKED_UP}\n")
    assert backend.states() == {"a": "active"}


def test_an_active_key_is_not(ops, backend):
    backend.set_keys(key("a"), key("b"))
    result = ops("keys", "delete", "a")
    assert (result.code, result.out) == (1, "")
    assert "ops keys disable a" in result.err
    assert "a" in backend.states()


def test_unless_that_is_forced(ops, backend):
    assert ops("keys", "delete", "key-1", "--force").code == 0
    assert backend.states() == {}


@pytest.mark.parametrize("command", ["enable", "disable", "delete"])
def test_a_key_that_there_is_not_is_an_error_with_a_hint(ops, backend, command):
    result = ops("keys", command, "nobody")
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: There is no key 'nobody'.\nSee them with: ops keys list\n"


TAKING = [("keys", "disable", "a"), ("keys", "delete", "b"), ("apps", "disable", "1")]


@pytest.fixture
def two_keys(dev):
    dev.set_keys(key("a"), key("b", state="disabled"), key("c"))
    return dev


@pytest.mark.parametrize("command", TAKING, ids=" ".join)
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_consent_nothing_is_taken_away(ops, two_keys, command, answer, monkeypatch):
    before = two_keys.apps()
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    result = ops("--env", "dev", *command)
    assert (result.code, result.out) == (130, "")
    assert "in dev?" in result.err
    assert two_keys.apps() == before


@pytest.mark.parametrize("command", TAKING, ids=" ".join)
def test_with_consent_it_is(ops, two_keys, command, monkeypatch):
    before = two_keys.apps()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert ops("--env", "dev", *command).code == 0
    assert two_keys.apps() != before


@pytest.mark.parametrize("command", TAKING, ids=" ".join)
def test_a_script_is_not_asked(ops, two_keys, command):
    before = two_keys.apps()
    assert ops("--env", "dev", *command, "--yes").code == 0
    assert two_keys.apps() != before


@pytest.mark.parametrize("command", [("keys", "create"), ("keys", "enable", "b"), ("apps", "create", "x")])
def test_giving_needs_no_consent(ops, two_keys, command):
    assert ops("--env", "dev", *command).code == 0
