"""Two teams of real WebSocket clients, talking through whatever is deployed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from ops.environments import Deployment
from ops.errors import OpsError
from ops.tokens import Grant, mint

_ANSWER_SECONDS = 20
_ROUNDS = 20

Frame = dict[str, Any]


@dataclass(slots=True)
class Client:
    """One connected user of a team, and what it has heard."""

    user: str
    team: str
    socket: ClientConnection
    heard: list[Frame] = field(default_factory=list)

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
        """The next frame. Raises OpsError if none comes."""
        try:
            frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), _ANSWER_SECONDS))
        except TimeoutError:
            raise OpsError(
                f"{self.user} of team {self.team} heard nothing for {_ANSWER_SECONDS} s.", "See: ops local logs"
            ) from None
        return frame


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the demo's report."""

    who: str
    what: str


async def play(deployment: Deployment, say: Callable[[Told], None], meanwhile: Callable[[], None]) -> None:
    """Connect, subscribe, broadcast, and tell who heard what and how fast; call `meanwhile` while all are connected."""
    async with AsyncExitStack() as stack:
        users = [("ana", "123"), ("ben", "123"), ("cleo", "123"), ("dan", "456")]
        clients = [await _connect(deployment, user, team, stack) for user, team in users]
        ana, ben, cleo, dan = clients
        for client in clients:
            answer = await client.ask("subscribe", channel=f"team-{client.team}")
            say(Told(_name(client), f"{answer['event']} {answer.get('channel', '')}"))
        refusal = await dan.ask("subscribe", channel="team-123")
        say(Told(_name(dan), f"tries team-123: {refusal.get('code', refusal['event'])}"))
        say(Told(_name(ana), "broadcasts activity-logged to team-123"))
        times = [await _round(ana, [ben, cleo], number) for number in range(_ROUNDS)]
        for position, client in enumerate((ben, cleo)):
            first, typical = times[0][position], median(row[position] for row in times)
            say(Told(_name(client), f"heard all {_ROUNDS}, the first after {first:.0f} ms, typically {typical:.0f} ms"))
        for client in (ana, dan):
            await client.ask("heartbeat")
            say(
                Told(
                    _name(client), f"heard {len(client.heard)}, as it should" if not client.heard else "heard too much"
                )
            )
        await asyncio.to_thread(meanwhile)


async def _connect(deployment: Deployment, user: str, team: str, stack: AsyncExitStack) -> Client:
    token = mint(deployment, Grant(user, team))
    url = f"{deployment.outputs['websocket_url']}?token={token}"
    # A proxy of the user's is not for loopback, and `websockets` would use one.
    socket = await stack.enter_async_context(connect(url, proxy=None, user_agent_header=f"demo/{user}"))
    return Client(user, team, socket)


async def _round(sender: Client, readers: list[Client], number: int) -> list[float]:
    """Broadcast once; return after how many ms each reader had it."""
    data = {"userId": sender.user, "distance": 2.5, "number": number}
    started = time.perf_counter()
    await sender.send("broadcast", channel=f"team-{sender.team}", event="activity-logged", data=data)
    return list(await asyncio.gather(*(_await_event(reader, number, started) for reader in readers)))


async def _await_event(reader: Client, number: int, started: float) -> float:
    while True:
        frame = await reader.receive()
        if frame["event"] == "error":
            raise OpsError(f"{_name(reader)} was told: {frame['message']}")
        if frame["event"] == "activity-logged" and frame["data"]["number"] == number:
            return (time.perf_counter() - started) * 1000


def _name(client: Client) -> str:
    return f"{client.user}/{client.team}"
