from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from realtime.aws.tokens import JwtTokens
from realtime.domain.apps import App, parse_apps
from realtime.domain.connections import Identity
from realtime.domain.errors import ServiceError, Unauthorized

SECRET, OTHER_SECRET = "s" * 64, "o" * 64
CLAIMS = {"sub": "u1", "team": "123", "exp": 4_000_000_000}


class Secret:
    """The Apps port over app 1 with these keys, and app 2."""

    def __init__(self, *keys: Mapping[str, object], enabled: bool = True) -> None:
        mine = {"id": "1", "name": "default", "enabled": enabled, "keys": keys}
        self._apps = parse_apps({"apps": [mine, {"id": "2", "keys": [key("of-another-app")]}]})

    def by_key(self, key: str) -> App | None:
        return next((app for app in self._apps for held in app.keys if held.key == key), None)

    def by_id(self, app_id: str) -> App | None:
        return next((app for app in self._apps if app.app_id == app_id), None)

    def all(self) -> Sequence[App]:
        return self._apps


class Failing(Secret):
    """The Apps port when Secrets Manager does not answer."""

    def by_key(self, key: str) -> App | None:
        raise ServiceError("GetSecretValue", "no answer")


def key(name: str, secret: object = SECRET, state: str = "active") -> dict[str, object]:
    return {"key": name, "secret": secret, "state": state, "createdAt": "2026-01-01T00:00:00Z"}


def tokens(secrets: Secret) -> JwtTokens:
    return JwtTokens(secrets, "1")


@pytest.fixture
def secrets() -> Secret:
    return Secret(key("k1"))


def token(claims: Mapping[str, Any] = CLAIMS, secret: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(dict(claims), secret, algorithm, {"kid": "k1", **header})


def part(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def reason(secrets: Secret, presented: str) -> str:
    with pytest.raises(Unauthorized) as refusal:
        tokens(secrets).verify(presented)
    return str(refusal.value)


def test_a_good_token_tells_whom_it_speaks_for(secrets):
    claims = {**CLAIMS, "channels": ["private-*", "presence-x"]}
    assert tokens(secrets).verify(token(claims)) == Identity("u1", "123", frozenset({"private-*", "presence-x"}), "k1")


def test_a_token_without_channels_opens_none_beyond_the_teams(secrets):
    assert tokens(secrets).verify(token()).patterns == frozenset()


@pytest.mark.parametrize("name", ["u", "x" * 128, "日本"])
@pytest.mark.parametrize("claim", ["sub", "team"])
def test_a_name_of_up_to_128_characters_is_good(secrets, claim, name):
    identity = tokens(secrets).verify(token({**CLAIMS, claim: name}))
    assert name in (identity.user_id, identity.team_id)


def test_a_bad_signature_is_refused(secrets):
    assert reason(secrets, token(secret=OTHER_SECRET)) == "InvalidSignatureError"


def test_an_expired_token_is_refused(secrets):
    assert reason(secrets, token({**CLAIMS, "exp": 1})) == "ExpiredSignatureError"


def test_a_token_that_is_not_yet_valid_is_refused(secrets):
    assert reason(secrets, token({**CLAIMS, "nbf": int(time.time()) + 3600})) == "ImmatureSignatureError"


def test_a_token_made_by_a_clock_that_is_ahead_is_good(secrets):
    assert tokens(secrets).verify(token({**CLAIMS, "iat": int(time.time()) + 3600})).user_id == CLAIMS["sub"]


@pytest.mark.parametrize("claim", ["sub", "team", "exp"])
def test_a_token_without_a_claim_is_refused(secrets, claim):
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    assert reason(secrets, token(claims)) == "MissingRequiredClaimError"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": 1},
        {"sub": "x" * 129},
        {"team": ""},
        {"team": 123},
        {"team": ["123"]},
        {"team": "x" * 129},
        {"exp": "soon"},
        {"exp": [1]},
        {"exp": float("inf")},
        {"channels": "private-*"},
        {"channels": None},
        {"channels": {"private-x": True}},
        {"channels": [1]},
        {"channels": ["no spaces"]},
        {"channels": [""]},
        {"channels": ["c"] * 51},
    ],
    ids=str,
)
def test_a_claim_of_another_kind_is_refused(secrets, claims):
    with pytest.raises(Unauthorized):
        tokens(secrets).verify(token({**CLAIMS, **claims}))


def test_a_token_of_another_hmac_is_refused(secrets):
    assert reason(secrets, token(algorithm="HS512")) == "InvalidAlgorithmError"


def test_a_token_without_a_signature_is_refused(secrets):
    assert reason(secrets, f"{part({'alg': 'none', 'kid': 'k1'})}.{part(CLAIMS)}.") == "InvalidAlgorithmError"


def test_a_token_signed_with_a_key_pair_is_refused(secrets):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert reason(secrets, token(secret=private, algorithm="RS256")) == "InvalidAlgorithmError"


@pytest.mark.parametrize(
    "presented",
    [
        "x",
        "a.b",
        "a.b.c",
        "..",
        "é.é.é",
        "\ud800",
        f"{part('no json')}.{part(CLAIMS)}.x",
        f"{part([])}.{part(CLAIMS)}.x",
        f"{part({'alg': 'HS256', 'kid': 1})}.{part(CLAIMS)}.x",
        f"{part({'alg': 'HS256', 'kid': ['k1']})}.{part(CLAIMS)}.x",
        f"{part('[' * 6000)}.{part(CLAIMS)}.x",
        f"{part('9' * 6000)}.{part(CLAIMS)}.x",
    ],
    ids=range(12),
)
def test_what_is_no_token_is_refused(secrets, presented):
    with pytest.raises(Unauthorized):
        tokens(secrets).verify(presented)


@pytest.mark.parametrize("presented", ["secret-looking.to.ken", token(secret=OTHER_SECRET)])
def test_a_refusal_does_not_quote_the_token(secrets, presented):
    assert not any(piece in reason(secrets, presented) for piece in presented.split("."))


@pytest.mark.parametrize("name", ["unknown", "of-another-app"])
def test_a_key_that_the_app_does_not_have_is_refused(secrets, name):
    assert reason(secrets, token(kid=name)) == "no active key of that id"


def test_a_token_that_names_no_key_is_refused(secrets):
    assert reason(secrets, jwt.encode(CLAIMS, SECRET, "HS256")) == "no active key of that id"


@pytest.mark.parametrize("state", ["revoked", "retired", ""])
def test_a_key_that_is_not_active_is_refused(state):
    assert reason(Secret(key("k1", state=state)), token()) == "no active key of that id"


def test_each_active_key_opens_with_its_own_secret():
    both = tokens(Secret(key("k1"), key("k2", OTHER_SECRET)))
    assert [both.verify(token()).key, both.verify(token(secret=OTHER_SECRET, kid="k2")).key] == ["k1", "k2"]


def test_no_token_opens_a_disabled_app():
    assert reason(Secret(key("k1"), enabled=False), token()) == "the app is disabled"


def test_whoever_cannot_be_checked_is_not_refused_but_an_error():
    with pytest.raises(ServiceError):
        tokens(Failing()).verify(token())
