"""Settings of the deployed functions that a test needs otherwise, and what the functions wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pusher

from tests.integration.pusher_apps import App
from tests.integration.world import World


@contextmanager
def tuned(world: World, **variables: object) -> Iterator[None]:
    """Have the functions that deliver run with other values of these variables for a while.

    A sandbox keeps the variables that it began with: from the next invocation on there are others.
    """
    client = world.deployment.client("lambda")
    before: dict[str, dict[str, str]] = {}
    changed = {name: str(value) for name, value in variables.items()}
    try:
        for name in world.deployment.outputs["function_names"].values():
            found = client.get_function_configuration(FunctionName=name)
            environment = found.get("Environment", {}).get("Variables", {})
            if changed.keys() & environment.keys():
                held = {key: value for key, value in changed.items() if key in environment}
                client.update_function_configuration(
                    FunctionName=name, Environment={"Variables": {**environment, **held}}
                )
                before[name] = environment
        assert changed.keys() <= {key for environment in before.values() for key in environment}
        yield
    finally:
        for name, environment in before.items():
            client.update_function_configuration(FunctionName=name, Environment={"Variables": environment})


def lines(world: World, function: str) -> list[dict[str, Any]]:
    """The JSON objects that a function, by its short name, has written, oldest first."""
    name = world.deployment.outputs["function_names"][function]
    text = (world.daemon.folder / "logs" / f"{name}.log").read_text()
    return [json.loads(line[line.index("{") :]) for line in text.splitlines() if line.endswith("}") and "{" in line]


def total(written: list[dict[str, Any]], metric: str) -> int:
    """What a metric adds up to."""
    return sum(line[metric] for line in written if "_aws" in line and metric in line)


def publisher(world: World, app: App) -> Any:
    """A server's SDK over one connection that is kept open."""
    address = world.url.split("/")[2]
    host, _, port = address.partition(":")
    return pusher.Pusher(
        app_id=app.id,
        key=app.key,
        secret=app.secret,
        host=host,
        port=int(port),
        ssl=False,
        timeout=30,
        # Handed to `requests`: a proxy of the user's must not get to see what is meant for loopback.
        proxies={"no_proxy": host},
    )


def pusher_url(world: World, app: App) -> str:
    """Where a Pusher client connects."""
    return f"ws://{world.url.split('/')[2]}/app/{app.key}?protocol=7"
