"""One local AWS for all tests in here: the real Terraform, the real zips, real Lambda processes, on its own port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.environments import Deployment
from ops.local import stack as local_stack
from ops.local.control import Running, running
from tests.integration.client import Client
from tests.integration.pusher_apps import App, write_apps
from tests.integration.pusher_driver import Driver
from tests.integration.pusher_hooks import Hooks
from tests.integration.pusher_world import PusherWorld
from tests.integration.world import Deployed, World


class _Quiet:
    def step(self, text: str) -> None:
        pass

    def progress(self, done: int, total: int, what: str) -> None:
        pass


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "local"


@pytest.fixture(scope="session")
def outputs(folder: Path) -> Iterator[dict[str, Any]]:
    yield local_stack.up(local_stack.Options(port=free_port()), _Quiet(), folder)
    local_stack.down(folder)


@pytest.fixture(scope="session")
def deployment(outputs: dict[str, Any], apps: dict[str, App]) -> Deployment:
    return Deployed("local", outputs)


@pytest.fixture(scope="session")
def daemon(folder: Path, outputs: dict[str, Any]) -> Running:
    return running(folder)


@pytest.fixture
def world(deployment: Deployment, daemon: Running) -> Iterator[World]:
    """Clients, tables and faults of one test; afterwards the clients are closed, the faults off, the tables empty."""
    with World(deployment, daemon) as world:
        yield world


@pytest.fixture(scope="session")
def hooks() -> Iterator[Hooks]:
    with Hooks() as hooks:
        yield hooks


@pytest.fixture(scope="session")
def apps(outputs: dict[str, Any], hooks: Hooks) -> dict[str, App]:
    """The apps. Whoever gets at the stack has them written: before any test makes a Lambda look for the first."""
    return write_apps(Deployed("local", outputs), hooks.url)


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    with Driver() as driver:
        yield driver


@pytest.fixture
def pushers(world: World, driver: Driver, apps: dict[str, App], hooks: Hooks) -> Iterator[PusherWorld]:
    """Pusher's clients and server libraries; afterwards the clients are closed."""
    with PusherWorld(world, driver, apps, hooks) as pushers:
        yield pushers


__all__ = ["Client"]
