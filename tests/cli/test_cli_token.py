"""`ops token`."""

from __future__ import annotations

import time

import jwt
import pytest

from tests.cli.backend import SECRET, key


def decoded(token: str, secret: str = SECRET) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token.strip(), secret, algorithms=["HS256"])
    return claims


def test_it_prints_the_token_alone_on_one_line(ops, backend):
    result = ops("token", "--user", "ana", "--team", "123")
    assert (result.code, result.err, result.out.count("\n"), result.out[-1]) == (0, "", 1, "\n")
    assert result.out.strip().count(".") == 2


def test_its_claims_are_the_user_and_the_team(ops, backend):
    claims = decoded(ops("token", "--user", "ana", "--team", "123").out)
    assert (claims["sub"], claims["team"]) == ("ana", "123")
    assert set(claims) == {"sub", "team", "iat", "exp"}


@pytest.mark.parametrize(
    ("options", "seconds"), [((), 3600), (("--expires-in", "90s"), 90), (("--expires-in", "2h"), 7200)]
)
def test_it_expires_after_what_was_asked_for(ops, backend, options, seconds):
    before = int(time.time())
    claims = decoded(ops("token", "--user", "ana", "--team", "123", *options).out)
    assert before <= int(str(claims["iat"])) <= time.time()
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == seconds


def test_each_channel_becomes_a_pattern(ops, backend):
    options = ("--channel", "private-news", "--channel", "presence-room-*")
    assert decoded(ops("token", "--user", "a", "--team", "1", *options).out)["channels"] == [
        "private-news",
        "presence-room-*",
    ]


def test_the_header_names_the_key(ops, backend):
    token = ops("token", "--user", "ana", "--team", "123").out.strip()
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": "key-1"}


def test_inactive_keys_are_skipped(ops, backend):
    other = "another-secret-that-is-long-enough-0123456789"
    backend.set_keys(key("old", other, "retired"), key("now"), key("next", other, "pending"))
    token = ops("token", "--user", "ana", "--team", "123").out.strip()
    assert jwt.get_unverified_header(token)["kid"] == "now"
    assert decoded(token)["sub"] == "ana"


def test_the_newest_of_two_active_keys_signs(ops, backend):
    other = "another-secret-that-is-long-enough-0123456789"
    backend.set_keys(key("old"), key("new", other))
    assert decoded(ops("token", "--user", "ana", "--team", "123").out, other)["sub"] == "ana"


def test_without_an_active_key_it_says_so(ops, backend):
    backend.set_keys(key("old", state="retired"))
    result = ops("token", "--user", "ana", "--team", "123")
    assert (result.code, result.out) == (1, "")
    assert "holds no active key of app 1" in result.err
    assert SECRET not in result.err


@pytest.mark.parametrize("option", ["--user", "--team"])
def test_user_and_team_are_required(ops, backend, option):
    given = {"--user": "ana", "--team": "123"}
    del given[option]
    result = ops("token", *(part for pair in given.items() for part in pair))
    assert result.code == 2
    assert option in result.err


@pytest.mark.parametrize("text", ["soon", "-1s", "1w", ""])
def test_what_is_no_duration_is_wrong_usage(ops, backend, text):
    result = ops("token", "--user", "a", "--team", "1", "--expires-in", text)
    assert (result.code, result.out) == (2, "")
    assert "is not a duration such as" in result.err


def test_a_channel_that_no_connection_would_accept_is_wrong_usage(ops, backend):
    result = ops("token", "--user", "a", "--team", "1", "--channel", "no spaces")
    assert (result.code, result.out) == (2, "")
