"""Mint the tokens that open a connection, with a key of the app."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from ops.environments import Deployment
from ops.errors import OpsError
from realtime.aws.tokens import active_keys


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a token speaks for, for how many seconds, and the channels it opens beyond the team's (`*` as wildcard)."""

    user: str
    team: str
    seconds: int = 3600
    channels: Sequence[str] = ()


def mint(deployment: Deployment, grant: Grant, now: float | None = None) -> str:
    """A JWT for `grant`, signed with the newest active key of the deployment's app. Raises OpsError."""
    key, secret = _signing_key(deployment)
    issued = int(time.time() if now is None else now)
    claims: dict[str, object] = {"sub": grant.user, "team": grant.team, "iat": issued, "exp": issued + grant.seconds}
    if grant.channels:
        claims["channels"] = list(grant.channels)
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": key})


def _signing_key(deployment: Deployment) -> tuple[str, str]:
    name = deployment.outputs["apps_secret_name"]
    answer = deployment.client("secretsmanager").get_secret_value(SecretId=name)
    try:
        keys = active_keys(json.loads(answer["SecretString"]), deployment.outputs["app_id"])
    except (KeyError, TypeError, ValueError):
        keys = {}
    if not keys:
        raise OpsError(f"The secret {name} holds no active key of app {deployment.outputs['app_id']}.")
    return list(keys.items())[-1]
