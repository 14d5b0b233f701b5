"""What a test of Pusher's protocol works with: apps, pusher-js clients, both server libraries, received webhooks."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import sys
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import pusher

from tests.integration.pusher_apps import MASTER_KEY, App
from tests.integration.pusher_browser import Browser
from tests.integration.pusher_driver import Driver
from tests.integration.pusher_hooks import Hooks
from tests.integration.pusher_raw import JS, Raw
from tests.integration.world import World


class PusherWorld:
    """Of one test. Its clients are closed when the test is over."""

    def __init__(self, world: World, driver: Driver, apps: dict[str, App], hooks: Hooks) -> None:
        self.world = world
        self.apps = apps
        self.hooks = hooks
        self.driver = driver
        address = urlsplit(world.url)
        assert address.hostname and address.port
        self.host, self.port = address.hostname, address.port
        self._prefix = f"{secrets.token_hex(4)}-"
        self._numbers = itertools.count(1)

    def __enter__(self) -> PusherWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.driver.ask("close", prefix=self._prefix)

    def channel(self, prefix: str = "") -> str:
        """A channel that no other test knows."""
        return f"{prefix}{self._prefix}{next(self._numbers)}"

    def user(self, name: str = "user") -> str:
        """A user id that no other test knows."""
        return f"{self._prefix}{name}"

    def client(self, app: str = "main", **setup: Any) -> Browser:
        """A pusher-js client. `key` is the app's first unless it is given, `options` are the library's."""
        held = self.apps[app]
        options = {
            "cluster": "x",
            "wsHost": self.host,
            "wsPort": self.port,
            "forceTLS": False,
            "enabledTransports": ["ws", "wss"],
            **setup.pop("options", {}),
        }
        return Browser(
            self.driver,
            f"{self._prefix}{next(self._numbers)}",
            **{"key": held.key, "signer": self.node_options(app), **setup, "options": options},
        )

    def connected(self, app: str = "main", **setup: Any) -> Browser:
        """A pusher-js client that is connected."""
        client = self.client(app, **setup)
        client.connected()
        return client

    def url(self, key: str, query: str = JS) -> str:
        """Where a client connects."""
        return f"ws://{self.host}:{self.port}/app/{key}?{query}"

    def raw(self, app: str = "main", query: str = JS, key: str | None = None, **options: Any) -> Raw:
        """A connection whose frames the test reads itself. It is closed by the world."""
        held = self.apps[app]
        client = Raw(self.url(held.key if key is None else key, query), held, **options)
        self.world.clients.append(client)
        return client

    def python(self, app: str = "main", **changes: Any) -> Any:
        """The Python server library."""
        held = self.apps[app]
        options = {
            "app_id": held.id,
            "key": held.key,
            "secret": held.secret,
            "host": self.host,
            "port": self.port,
            "ssl": False,
            "timeout": 30,
            "encryption_master_key_base64": MASTER_KEY,
            # Handed to `requests`: a proxy of the user's must not get to see what is meant for loopback.
            "proxies": {"no_proxy": self.host},
        }
        return pusher.Pusher(**{**options, **changes})

    def node_options(self, app: str, number: int = 0) -> dict[str, Any]:
        """What the Node server library is set up with; the app's first key unless another is named."""
        held = self.apps[app]
        return {
            "appId": held.id,
            "key": held.keys[number].key,
            "secret": held.keys[number].secret,
            "host": self.host,
            "port": str(self.port),
            "encryptionMasterKeyBase64": MASTER_KEY,
        }

    def node(self, call: str, *args: Any, app: str = "main", **changes: Any) -> dict[str, Any]:
        """Call the Node server library; the answer's `status` and `body`. Raises Failure."""
        options = {**self.node_options(app), **changes}
        answer: dict[str, Any] = self.driver.ask("server", app=options, call=call, args=args)
        return answer

    def ops(self, *arguments: str) -> str:
        """What a command of `ops` prints."""
        environ = {**os.environ, "OPS_LOCAL_DIR": str(self.world.daemon.folder)}
        done = subprocess.run([sys.executable, "-m", "ops", *arguments], env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
