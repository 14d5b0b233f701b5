"""Mint the tokens that open a connection, with a key of the app."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from ops.apps import app_of
from ops.apps_secret import open_secret
from ops.environments import Deployment
from ops.errors import OpsError
from realtime.domain.apps import Key


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a token speaks for, for how many seconds, and the channels it opens beyond the team's (`*` as wildcard)."""

    user: str
    team: str
    seconds: int = 3600
    channels: Sequence[str] = ()


def mint(deployment: Deployment, grant: Grant, now: float | None = None) -> str:
    """A JWT for `grant`, signed with the newest active key of the deployment's app. Raises OpsError."""
    key = _signing_key(deployment)
    issued = int(time.time() if now is None else now)
    claims: dict[str, object] = {"sub": grant.user, "team": grant.team, "iat": issued, "exp": issued + grant.seconds}
    if grant.channels:
        claims["channels"] = list(grant.channels)
    return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.key})


def _signing_key(deployment: Deployment) -> Key:
    app = app_of(open_secret(deployment).read().apps, deployment.outputs["app_id"])
    if not app.enabled:
        raise OpsError(f"App {app.app_id} is disabled: no token opens it.", f"Enable it: ops apps enable {app.app_id}")
    key = app.newest_key()
    if key is None:
        name = deployment.outputs["apps_secret_name"]
        raise OpsError(
            f"The secret {name} holds no active key of app {app.app_id}.",
            f"Create one: ops keys create --app {app.app_id}",
        )
    return key
