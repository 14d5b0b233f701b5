"""The apps that the tests of Pusher's protocol use, each with settings of its own.

They are all written before the first Lambda looks: it keeps what it read for a minute.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any, NamedTuple

from ops.environments import Deployment

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


class Pair(NamedTuple):
    """A key and its secret."""

    key: str
    secret: str


class App(NamedTuple):
    """One app as its users know it."""

    id: str
    keys: tuple[Pair, ...]

    @property
    def key(self) -> str:
        return self.keys[0].key

    @property
    def secret(self) -> str:
        return self.keys[0].secret


def settings_of(hooks: str) -> dict[str, dict[str, Any]]:
    """The settings of each app by its name; `hooks` is where webhooks are received."""
    return {
        "main": {},
        "other": {},
        "disabled": {},
        "single": {"max_connections": 1},
        "origins": {"origins": ["https://app.example.com", "*.example.org"]},
        "quiet": {"client_events": False},
        "errors": {"subscription_errors": "error"},
        "counting": {"subscription_count": True},
        "unwatched": {"watchlist": False},
        "closed": {"team_channels_closed": True},
        "hasty": {"authorized_timeout_seconds": 2},
        "throttled": {"requests_per_second": 1},
        "hooks": {"subscription_count": True, "webhooks": [{"url": f"{hooks}/hooks"}]},
        "failing": {"webhooks": [{"url": f"{hooks}/failing"}, {"url": f"{hooks}/healthy"}]},
        "filtered": {
            "webhooks": [
                {"url": f"{hooks}/prefixed", "prefixes": ["private-a-", "presence-a-"]},
                {"url": f"{hooks}/kinds", "events": ["client_event"]},
            ]
        },
    }


def _created_at(year: int) -> str:
    return f"{year}-01-01T00:00:00Z"


def write_apps(deployment: Deployment, hooks: str) -> dict[str, App]:
    """Write the apps beside the first one and return all by name; the first one is "default".

    Each has three keys: two are active, of which the first is the older, the third is disabled.
    """
    client = deployment.client("secretsmanager")
    name = deployment.outputs["apps_secret_name"]
    held = json.loads(client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["SecretString"])
    first = held["apps"][0]
    apps = {"default": App(first["id"], tuple(Pair(key["key"], key["secret"]) for key in first["keys"]))}
    for number, (app, settings) in enumerate(settings_of(hooks).items(), 101):
        pairs = tuple(Pair(secrets.token_hex(10), secrets.token_hex(20)) for _ in range(3))
        keys = [
            {**pair._asdict(), "state": state, "createdAt": _created_at(year)}
            for pair, state, year in zip(pairs, ("active", "active", "disabled"), (2024, 2025, 2023), strict=True)
        ]
        held["apps"].append(
            {"id": str(number), "name": app, "enabled": app != "disabled", "keys": keys, "settings": settings}
        )
        apps[app] = App(str(number), pairs)
    client.put_secret_value(SecretId=name, SecretString=json.dumps(held))
    return apps
