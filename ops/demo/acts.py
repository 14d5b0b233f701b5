"""What the demo shows: two teams that do not hear each other, then Pusher's libraries beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from ops.environments import Deployment

from .plain import EVENT, Client, open_client
from .pusher_js import PusherJs, missing, pusher_js
from .server import Server

_ROUNDS = 20
_CHANNEL = "team-123"
_PRESENCE = "presence-team-123"
_PUSHER_JS = "pusher-js"
_SERVER = "server"
_PUSHER_USER = "eve"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the demo's report."""

    who: str
    what: str


Say = Callable[[Told], None]


async def play(deployment: Deployment, say: Say, meanwhile: Callable[[], None]) -> None:
    """Connect, subscribe, publish, and tell who heard what and how fast; call `meanwhile` while all are connected."""
    async with AsyncExitStack() as stack:
        users = [("ana", "123"), ("ben", "123"), ("cleo", "123"), ("dan", "456")]
        clients = [await open_client(deployment, user, team, stack) for user, team in users]
        await _teams(clients, say)
        await _pusher(deployment, clients, say, stack)
        await asyncio.to_thread(meanwhile)


async def _teams(clients: Sequence[Client], say: Say) -> None:
    ana, ben, cleo, dan = clients
    for client in clients:
        await _subscribe(client, f"team-{client.team}", say)
    refusal = await dan.ask("subscribe", channel=_CHANNEL)
    say(Told(dan.name, f"tries {_CHANNEL}: {refusal.get('code', refusal['event'])}"))
    say(Told(ana.name, f"broadcasts {EVENT} to {_CHANNEL}"))
    times = [await _broadcast(ana, [ben, cleo], number) for number in range(_ROUNDS)]
    _say_times([ben.name, cleo.name], times, say)
    for client in (ana, dan):
        await client.ask("heartbeat")
        say(Told(client.name, "heard too much" if client.heard else "heard 0, as it should"))


async def _pusher(deployment: Deployment, clients: Sequence[Client], say: Say, stack: AsyncExitStack) -> None:
    _, ben, cleo, _ = clients
    server = await asyncio.to_thread(Server, deployment)
    browser = await _open_browser(deployment, server, say, stack)
    say(Told(_SERVER, f"triggers {EVENT} in {_CHANNEL} with Pusher's Python SDK"))
    times = [await _trigger(server, ben, browser, number) for number in range(_ROUNDS)]
    _say_times([ben.name, _PUSHER_JS], times, say)
    if browser is not None:
        await _presence(ben, cleo, browser, say)


async def _open_browser(deployment: Deployment, server: Server, say: Say, stack: AsyncExitStack) -> PusherJs | None:
    """A subscribed pusher-js client, or None where there is no Node."""
    lacks = missing()
    if lacks is not None:
        say(Told(_PUSHER_JS, f"is left out: {lacks}"))
        return None
    browser = await stack.enter_async_context(
        pusher_js(lambda channel, socket_id: server.sign(channel, socket_id, _PUSHER_USER))
    )
    where = deployment.outputs["pusher"]
    options = {
        "cluster": "x",
        "wsHost": where["host"],
        "wsPort": where["port"],
        "wssPort": where["port"],
        "forceTLS": where["tls"],
        "enabledTransports": ["ws", "wss"],
    }
    took = await browser.connect(server.key, options)
    say(Told(_PUSHER_JS, f"connected after {took:.0f} ms"))
    await browser.subscribe(_CHANNEL)
    say(Told(_PUSHER_JS, f"subscribed {_CHANNEL}"))
    return browser


async def _presence(ben: Client, cleo: Client, browser: PusherJs, say: Say) -> None:
    """Users of both protocols see each other in a presence channel."""
    for client in (ben, cleo):
        await _subscribe(client, _PRESENCE, say)
    members = await browser.subscribe(_PRESENCE)
    say(Told(_PUSHER_JS, f"subscribed {_PRESENCE} as {members['myID']}; members: {', '.join(members['members'])}"))


async def _subscribe(client: Client, channel: str, say: Say) -> None:
    answer = await client.ask("subscribe", channel=channel)
    say(Told(client.name, f"{answer['event']} {answer.get('channel', '')}"))


async def _broadcast(sender: Client, readers: Sequence[Client], number: int) -> list[float]:
    """Broadcast once; return after how many ms each reader had it."""
    data = {"userId": sender.user, "distance": 2.5, "number": number}
    started = time.perf_counter()
    await sender.send("broadcast", channel=_CHANNEL, event=EVENT, data=data)
    return list(await asyncio.gather(*(reader.hear(number, started) for reader in readers)))


async def _trigger(server: Server, reader: Client, browser: PusherJs | None, number: int) -> list[float]:
    """Trigger one event by HTTP; return after how many ms each reader had it."""
    number += _ROUNDS  # those before it were broadcast
    data = {"distance": 2.5, "number": number}
    started = time.perf_counter()
    heard: list[Awaitable[float]] = [reader.hear(number, started)]
    if browser is not None:
        heard.append(browser.hear(_CHANNEL, number, started))
    triggered = asyncio.to_thread(server.trigger, _CHANNEL, EVENT, data)
    _, times = await asyncio.gather(triggered, asyncio.gather(*heard))
    return times


def _say_times(names: Sequence[str], times: Sequence[Sequence[float]], say: Say) -> None:
    """`times` has a row a round and a column a reader; a name too many has no column."""
    for name, column in zip(names, zip(*times, strict=True), strict=False):
        say(Told(name, f"heard all {_ROUNDS}, the first after {column[0]:.0f} ms, typically {median(column):.0f} ms"))
