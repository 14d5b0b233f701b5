"""A client of the plain protocol."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from ops.environments import Deployment
from ops.errors import OpsError
from ops.tokens import Grant, mint

ANSWER_SECONDS = 20
EVENT = "activity-logged"

Frame = dict[str, Any]


@dataclass(slots=True)
class Client:
    """One connected user of a team, and what it has heard."""

    user: str
    team: str
    socket: ClientConnection
    heard: list[Frame] = field(default_factory=list)
    unread: deque[Frame] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """How the demo calls it."""
        return f"{self.user}/{self.team}"

    async def ask(self, action: str, **fields: Any) -> Frame:
        """Send an action and wait for its answer; events that come before it are kept in `heard`."""
        await self.send(action, requestId=action, **fields)
        while True:
            frame = await self.receive()
            if frame.get("requestId") == action:
                return frame
            self.heard.append(frame)

    async def send(self, action: str, **fields: Any) -> None:
        """Send an action."""
        await self.socket.send(json.dumps({"action": action, **fields}))

    async def receive(self) -> Frame:
        """The next frame, or the next event of one that holds several. Raises OpsError if none comes."""
        if not self.unread:
            frame = await self._receive()
            self.unread += frame.get("events", [frame])
        return self.unread.popleft()

    async def _receive(self) -> Frame:
        try:
            frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), ANSWER_SECONDS))
        except TimeoutError:
            raise OpsError(
                f"{self.user} of team {self.team} heard nothing for {ANSWER_SECONDS} s.", "See: ops local logs"
            ) from None
        return frame

    async def hear(self, number: int, started: float) -> float:
        """Wait for the event of this number; return how many ms after `started` it came. Raises OpsError."""
        while True:
            frame = await self.receive()
            if frame["event"] == "error":
                raise OpsError(f"{self.name} was told: {frame['message']}")
            if frame["event"] == EVENT and frame["data"]["number"] == number:
                return (time.perf_counter() - started) * 1000


async def open_client(deployment: Deployment, user: str, team: str, stack: AsyncExitStack) -> Client:
    """A connected client; the stack closes it."""
    token = mint(deployment, Grant(user, team))
    url = f"{deployment.outputs['websocket_url']}?token={token}"
    # A proxy of the user's is not for loopback, and `websockets` would use one.
    socket = await stack.enter_async_context(connect(url, proxy=None, user_agent_header=f"demo/{user}"))
    return Client(user, team, socket)
