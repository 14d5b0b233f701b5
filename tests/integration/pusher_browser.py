"""A pusher-js client as a test sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.integration.pusher_driver import Driver, Heard

SUCCEEDED = "pusher:subscription_succeeded"
REFUSED = "pusher:subscription_error"


class Browser:
    """One client. What it heard is kept from its beginning; `wait` finds it however early it came."""

    def __init__(self, driver: Driver, name: str, **setup: Any) -> None:
        self._driver = driver
        self.name = name
        self.ask("connect", **setup)

    def ask(self, do: str, **fields: Any) -> Any:
        return self._driver.ask(do, client=self.name, **fields)

    def all(self, kind: str, after: int = 0, **fields: Any) -> list[Heard]:
        """Everything of a kind heard so far, with these fields, after the one with the `seq` of `after`."""
        return self._driver.all(self._matching(kind, after, fields))

    def wait(self, kind: str, after: int = 0, **fields: Any) -> Heard:
        """The first of a kind with these fields, once it is there."""
        return self._driver.wait(
            self._matching(kind, after, fields),
            lambda: f"{self.name} hears {kind} {fields}; so far {json.dumps(self._history()[-12:])[:3000]}",
        )

    def event(self, channel: str, event: str, after: int = 0) -> Any:
        """The data of the first such event of a channel."""
        return self.wait("event", after, channel=channel, event=event).get("data")

    def data(self, channel: str, event: str) -> list[Any]:
        """The data of all such events so far."""
        return [heard.get("data") for heard in self.all("event", channel=channel, event=event)]

    def connected(self) -> str:
        """Wait for the connection; its socket id."""
        self.wait("state", current="connected")
        return self.socket_id()

    def socket_id(self) -> str:
        socket_id: str = self.inspect()["socketId"]
        return socket_id

    def inspect(self, channel: str | None = None) -> dict[str, Any]:
        inspected: dict[str, Any] = self.ask("inspect", channel=channel)
        return inspected

    def subscribe(self, channel: str, **fields: Any) -> Any:
        """Subscribe and wait for the success; its data."""
        after = self.latest()
        self.ask("subscribe", channel=channel, **fields)
        return self.event(channel, SUCCEEDED, after)

    def refused(self, channel: str, **fields: Any) -> Any:
        """Subscribe and wait for the refusal; its data."""
        after = self.latest()
        self.ask("subscribe", channel=channel, **fields)
        return self.event(channel, REFUSED, after)

    def signed_in(self, **user: Any) -> Heard:
        """Sign in and wait for the success."""
        after = self.latest()
        self.ask("signin", user=user)
        return self.wait("frame", after, event="pusher:signin_success")

    def error(self, after: int = 0) -> dict[str, Any]:
        """The data of the first `pusher:error`: `code` and `message`."""
        data: dict[str, Any] = self.wait("frame", after, event="pusher:error")["frame"]["data"]
        return data

    def settle(self) -> None:
        """Come to where everything has arrived that was posted before: the answer to a ping comes after it."""
        after = self.latest()
        self.ask("send", event="pusher:ping", data={})
        self.wait("frame", after, event="pusher:pong")

    def latest(self) -> int:
        """The `seq` of what it heard last."""
        history = self._history()
        return int(history[-1]["seq"]) if history else 0

    def _history(self) -> list[Heard]:
        return self._driver.all(lambda heard: heard["client"] == self.name)

    def _matching(self, kind: str, after: int, fields: dict[str, Any]) -> Callable[[Heard], bool]:
        def matches(heard: Heard) -> bool:
            if (heard["client"], heard["kind"]) != (self.name, kind) or heard["seq"] <= after:
                return False
            told = heard["frame"] if kind == "frame" else heard
            return all(name in told and told[name] == value for name, value in fields.items())

        return matches
