"""Connection tokens: HS256 JWTs signed with a key of the app, which Secrets Manager holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from realtime.domain.channels import is_pattern
from realtime.domain.connections import MAX_NAME_LENGTH, Identity, is_name
from realtime.domain.errors import ServiceError, Unauthorized

from .json_service import JsonService

# How stale a key may be: a key that is made or revoked counts within this time, on every warm Lambda.
_KEYS_TTL_SECONDS = 60.0
# A token with a key id that we do not know yet makes us look again, but no more often than this.
_UNKNOWN_KEY_PAUSE_SECONDS = 5.0
# When a token was made is no reason to refuse it: the clock that made it may be a little ahead of ours.
_CLAIMS: Any = {"require": ["sub", "team", "exp"], "verify_iat": False}
_MAX_PATTERNS = 50

Keys = Mapping[str, str]


class AppKeys:
    """The active keys of one app: key → secret. Read from Secrets Manager at most once a minute."""

    def __init__(self, service: JsonService, secret_id: str, app_id: str, clock: Callable[[], float]) -> None:
        self._service = service
        self._secret_id = secret_id
        self._app_id = app_id
        self._clock = clock
        self._keys: Keys = {}
        self._read_at = float("-inf")

    def secret(self, key: str) -> str | None:
        """The secret of an active key, or None. Raises ServiceError."""
        age = self._clock() - self._read_at
        if age >= _KEYS_TTL_SECONDS or (key not in self._keys and age >= _UNKNOWN_KEY_PAUSE_SECONDS):
            self._keys = self._read()
            self._read_at = self._clock()
        return self._keys.get(key)

    def _read(self) -> Keys:
        answer = self._service.call("GetSecretValue", {"SecretId": self._secret_id})
        try:
            return active_keys(json.loads(answer["SecretString"]), self._app_id)
        except (KeyError, TypeError, ValueError):
            # Not chained: the cause would quote the secret.
            raise ServiceError("GetSecretValue", "the secret is not in the documented form") from None


def active_keys(secret: Mapping[str, Any], app_id: str) -> Keys:
    """The active keys of an app in the secret's JSON (docs/architecture.md, "Secret").

    Raises KeyError or TypeError if it has another form.
    """
    apps = [app for app in secret["apps"] if app["id"] == app_id]
    keys = {key["key"]: key["secret"] for app in apps for key in app["keys"] if key["state"] == "active"}
    if not all(isinstance(value, str) for value in keys.values()):
        raise TypeError("a secret is a string")
    return keys


class JwtTokens:
    """The Tokens port."""

    def __init__(self, keys: AppKeys) -> None:
        self._keys = keys

    def verify(self, token: str) -> Identity:
        try:
            key = str(jwt.get_unverified_header(token).get("kid"))
            secret = self._keys.secret(key)
            if secret is None:
                raise Unauthorized("no active key of that id")
            claims = jwt.decode(token, secret, algorithms=["HS256"], options=_CLAIMS)
        except (jwt.PyJWTError, ValueError) as failure:
            # The class alone: messages may quote the token.
            raise Unauthorized(type(failure).__name__) from None
        return _identity(claims, key)


def _identity(claims: Mapping[str, Any], key: str) -> Identity:
    user, team, channels = claims["sub"], claims["team"], claims.get("channels", [])
    for value in (user, team):
        if not is_name(value):
            raise Unauthorized(f"sub and team are 1 to {MAX_NAME_LENGTH} printable characters")
    if not isinstance(channels, list) or len(channels) > _MAX_PATTERNS:
        raise Unauthorized(f"channels is a list of at most {_MAX_PATTERNS} patterns")
    if not all(isinstance(pattern, str) and is_pattern(pattern) for pattern in channels):
        raise Unauthorized("channels holds what is not a pattern")
    return Identity(user, team, frozenset(channels), key)
