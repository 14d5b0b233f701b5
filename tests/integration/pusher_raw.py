"""A client of Pusher's protocol that is no library of Pusher's: it sees every frame as it is."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from tests.integration.client import Client, Frame
from tests.integration.pusher_apps import App, Pair

JS = "protocol=7&client=js&version=8.6.0&flash=false"


def auth_of(pair: Pair, text: str) -> str:
    """A signature as clients send it."""
    return f"{pair.key}:{hmac.new(pair.secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


class Raw(Client):
    """One connection. `said` is sent before anything is heard."""

    def __init__(self, url: str, app: App, said: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(url, **options)
        self.app = app
        for text in said:
            self.send_text(text)

    def welcomed(self) -> Raw:
        """Hear the welcome, which comes first."""
        first = self.receive()
        assert first["event"] == "pusher:connection_established", first
        self.socket_id: str = json.loads(first["data"])["socket_id"]
        return self

    def emit(self, event: str, **fields: Any) -> None:
        """Send a frame."""
        self.send_text(json.dumps({"event": event, **fields}))

    def sign(self, channel: str, channel_data: str | None = None, pair: Pair | None = None) -> dict[str, Any]:
        """The data of a `pusher:subscribe`, signed with the app's key or with another."""
        text = f"{self.socket_id}:{channel}" + ("" if channel_data is None else f":{channel_data}")
        data = {"channel": channel, "auth": auth_of(pair or self.app.keys[0], text)}
        return data if channel_data is None else {**data, "channel_data": channel_data}

    def enter(self, channel: str, channel_data: str | None = None) -> Frame:
        """Subscribe, signed, and return the next frame."""
        self.emit("pusher:subscribe", data=self.sign(channel, channel_data))
        return self.receive()

    def heard_before_pong(self) -> list[Frame]:
        """What arrived so far: the answer to a ping comes after it."""
        self.emit("pusher:ping", data={})
        return self.receive_until("pusher:pong")[:-1]
