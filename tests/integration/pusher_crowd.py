"""Many connections at once: what each of them hears of a presence channel, and whether it adds up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.pusher_apps import App
from tests.integration.pusher_driver import PATIENCE_SECONDS
from tests.integration.pusher_raw import auth_of

Frame = dict[str, Any]


class Tab:
    """One connection of one user, and all that it heard. It reads as long as it is open."""

    def __init__(self, url: str, app: App, user: str) -> None:
        self.user = user
        self.frames: list[Frame] = []
        self._url = url
        self._app = app
        self._news = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self) -> Tab:
        """Connect and hear the welcome."""
        self._socket = await connect(self._url, proxy=None, open_timeout=PATIENCE_SECONDS, ping_interval=None)
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.until(lambda: bool(self.frames), "the welcome")
        assert self.frames[0]["event"] == "pusher:connection_established", self.frames[0]
        self.socket_id: str = json.loads(self.frames[0]["data"])["socket_id"]
        return self

    async def send(self, event: str, **fields: Any) -> None:
        """Send a frame."""
        assert self._socket
        await self._socket.send(json.dumps({"event": event, **fields}))

    async def subscribe(self, channel: str) -> None:
        """Ask to be in; do not wait."""
        data = json.dumps({"user_id": self.user})
        presence = channel.startswith("presence-")
        signed = f"{self.socket_id}:{channel}" + (f":{data}" if presence else "")
        fields = {"channel": channel, "auth": auth_of(self._app.keys[0], signed)}
        await self.send("pusher:subscribe", data={**fields, "channel_data": data} if presence else fields)

    async def enter(self, channel: str) -> None:
        """Be in."""
        before = self.count("pusher_internal:subscription_succeeded", channel)
        await self.subscribe(channel)
        await self.until(
            lambda: self.count("pusher_internal:subscription_succeeded", channel) > before, f"a success of {channel}"
        )

    async def leave(self, channel: str) -> None:
        """Unsubscribe. There is no answer to this."""
        await self.send("pusher:unsubscribe", data={"channel": channel})

    async def close(self, *, politely: bool = True) -> None:
        """End the connection, with a close frame or without."""
        if self._socket is None or self._reader is None:
            return
        if politely:
            await self._socket.close()
        else:
            self._socket.transport.abort()
        await self._reader

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something is true of what was heard."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(holds), PATIENCE_SECONDS)
            except TimeoutError:
                raise AssertionError(f"{self.user} waits for {what}; it heard {self.frames[-5:]}") from None

    async def has_heard(self, channel: str, event: str) -> None:
        """Wait for an event of a channel."""
        await self.until(lambda: self.count(event, channel) > 0, f"{event} in {channel}")

    async def has_members(self, channel: str, users: set[str]) -> None:
        """Wait until these are in, as a client makes it out."""
        try:
            await self.until(lambda: self.members(channel) == users, "the true list")
        except AssertionError as failure:
            differ = sorted(self.members(channel) ^ users)
            told = {user: self._told_of(user) for user in differ}
            raise AssertionError(f"{self.user}, of {len(users)} users: {told}") from failure

    def count(self, event: str, channel: str) -> int:
        """How often it heard an event of a channel."""
        return len([frame for frame in self.frames if (frame["event"], frame.get("channel")) == (event, channel)])

    def members(self, channel: str) -> set[str]:
        """Who is in, as a client makes it out; an edge that is told twice, or of nobody, or too early, fails."""
        inside: set[str] | None = None
        for frame in self.frames:
            if frame.get("channel") == channel:
                inside = self._after(frame, inside)
        return inside or set()

    def _after(self, frame: Frame, inside: set[str] | None) -> set[str]:
        event, data = frame["event"], json.loads(frame["data"])
        if event == "pusher_internal:subscription_succeeded":
            return set(data["presence"]["ids"])
        assert inside is not None, f"{event} came before the success"
        if event == "pusher_internal:member_added":
            assert data["user_id"] != self.user, "it heard its own coming"
            assert data["user_id"] not in inside, f"{data} came twice for {self.user}: {self._told(data)}"
            return inside | {data["user_id"]}
        if event == "pusher_internal:member_removed":
            assert data["user_id"] in inside, f"{data} went twice for {self.user}: {self._told(data)}"
            return inside - {data["user_id"]}
        return inside

    def _told(self, data: dict[str, Any]) -> list[str]:
        return self._told_of(data["user_id"])

    def _told_of(self, user: str) -> list[str]:
        """The events that name a user; the success does where it is in the list."""
        return [frame["event"] for frame in self.frames if f'"{user}"' in str(frame.get("data"))]

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                async with self._news:
                    self.frames.append(json.loads(text))
                    self._news.notify_all()
        except ConnectionClosed:
            pass
