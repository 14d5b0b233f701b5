"""Readers on real WebSockets and one client who speaks to them, on the local AWS: ours, or the samples' chat."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from bench.chat import Chat
from bench.local_aws import LocalAws

CHANNEL = "bench"
# A publisher makes sure of readers that came in the last twenty seconds; these are to have been there for longer.
SETTLED_SECONDS = 21
_EVENT, _TEXT = "measured", "x" * 140
_PATIENCE_SECONDS = 60
# What the local AWS has sandboxes for.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Crowd:
    """`request` is the frame with which the speaker reaches every reader; `rest` waits until no function runs."""

    readers: Sequence[ClientConnection]
    speaker: ClientConnection
    request: str
    rest: Callable[[], None]

    async def hear(self) -> float:
        """Speak; return the milliseconds until the last reader has heard it. Raises TimeoutError."""
        waiting = [asyncio.create_task(reader.recv()) for reader in self.readers]
        await asyncio.sleep(0)
        started = time.perf_counter()
        await self.speaker.send(self.request)
        await asyncio.wait_for(asyncio.gather(*waiting), _PATIENCE_SECONDS)
        elapsed = (time.perf_counter() - started) * 1000
        await asyncio.to_thread(self.rest)
        return elapsed


def event_text() -> str:
    """What a reader hears: about 200 bytes."""
    return json.dumps({"event": _EVENT, "channel": CHANNEL, "data": {"text": _TEXT}}, separators=(",", ":"))


def dial(url: str) -> connect:
    """A client to be entered. No pings: some hundreds of them would be measured too."""
    return connect(url, proxy=None, ping_interval=None, open_timeout=_PATIENCE_SECONDS, close_timeout=1)


@asynccontextmanager
async def ours(aws: LocalAws, count: int) -> AsyncIterator[Crowd]:
    """So many subscribers of a channel, and one more who broadcasts to it."""
    fields = {"action": "broadcast", "channel": CHANNEL, "event": _EVENT, "data": {"text": _TEXT}}
    async with _clients(aws.deployment.outputs["websocket_url"], count + 1) as (speaker, *readers):
        subscribe = json.dumps({"action": "subscribe", "channel": CHANNEL})
        for client in (speaker, *readers):
            await client.send(subscribe)
            await client.recv()
        yield Crowd(readers, speaker, json.dumps(fields), aws.rest)


@asynccontextmanager
async def samples(aws: LocalAws, chat: Chat, count: int) -> AsyncIterator[Crowd]:
    """So many clients of the chat, and one more who sends; it hears itself, as in the samples."""
    async with _clients(chat.url, count + 1) as (speaker, *readers):
        deaf = asyncio.create_task(_ignore(speaker))
        try:
            yield Crowd(readers, speaker, json.dumps({"action": "sendmessage", "data": event_text()}), aws.rest)
        finally:
            deaf.cancel()


@asynccontextmanager
async def _clients(url: str, count: int) -> AsyncIterator[list[ClientConnection]]:
    places = asyncio.Semaphore(_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def enter() -> ClientConnection:
            async with places:
                return await stack.enter_async_context(dial(url))

        yield await asyncio.gather(*(enter() for _ in range(count)))


async def _ignore(client: ClientConnection) -> None:
    async for _ in client:
        pass
