"""Connection tokens: HS256 JWTs signed with an active key of the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.domain.channels import is_pattern
from realtime.domain.connections import MAX_NAME_LENGTH, Identity, is_name
from realtime.domain.errors import Unauthorized
from realtime.ports import Apps

# When a token was made is no reason to refuse it: the clock that made it may be a little ahead of ours.
_CLAIMS: Any = {"require": ["sub", "team", "exp"], "verify_iat": False}
_MAX_PATTERNS = 50


class JwtTokens:
    """The Tokens port: the tokens of one app."""

    def __init__(self, apps: Apps, app_id: str) -> None:
        self._apps = apps
        self._app_id = app_id

    def verify(self, token: str) -> Identity:
        # Here, not above: it takes as long to import as all else together, and no Pusher client needs it.
        import jwt

        try:
            key = str(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(token, self._secret(key), algorithms=["HS256"], options=_CLAIMS)
        except (jwt.PyJWTError, ValueError) as failure:
            # The class alone: messages may quote the token.
            raise Unauthorized(type(failure).__name__) from None
        return _identity(claims, key)

    def _secret(self, key: str) -> str:
        app = self._apps.by_key(key)
        secret = app.secret_of(key) if app and app.app_id == self._app_id else None
        if app is None or secret is None:
            raise Unauthorized("no active key of that id")
        if not app.enabled:
            raise Unauthorized("the app is disabled")
        return secret


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
