"""pusher-js, unmodified, in a Node process: the driver that the tests use (tests/clients/driver.js), line by line."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ops.errors import OpsError
from ops.paths import ROOT

from .plain import ANSWER_SECONDS, EVENT

CLIENTS = ROOT / "tests" / "clients"
_NAME = "demo"

Heard = dict[str, Any]
# Channel and socket id in, what an app's server answers out: `auth`, and `channel_data` for a presence channel.
Sign = Callable[[str, str], Mapping[str, str]]


def missing(search_path: str | None = None, folder: Path = CLIENTS) -> str | None:
    """What pusher-js lacks here and how to get it, or None. Node is searched in `search_path`, by default in PATH."""
    if shutil.which("node", path=search_path) is None:
        return "Node is not on PATH. Install 18 or newer (https://nodejs.org), then: make demo"
    if not (folder / "node_modules" / "pusher-js").is_dir():
        return "it is not installed. With npm on PATH: make demo"
    return None


class PusherJs:
    """One pusher-js client."""

    def __init__(self, process: Process, sign: Sign) -> None:
        self._process = process
        self._sign = sign

    async def connect(self, key: str, options: Mapping[str, Any]) -> float:
        """Connect with these options of the library's; return how many ms that took. Raises OpsError, as all do."""
        await self._do("connect", key=key, options=options)
        # Node itself has to start first, and answers as soon as the library has begun.
        await self._until(lambda heard: "answer" in heard)
        started = time.perf_counter()
        await self._until(lambda heard: heard.get("current") == "connected")
        return (time.perf_counter() - started) * 1000

    async def subscribe(self, channel: str) -> Any:
        """Subscribe to a channel; return what the library tells of it, such as its members."""
        await self._do("subscribe", channel=channel)
        return await self.told(channel, "pusher:subscription_succeeded")

    async def told(self, channel: str, event: str) -> Any:
        """Wait for an event of a channel; return its data."""
        heard = await self._until(lambda heard: _is(heard, channel, event))
        return heard.get("data")

    async def hear(self, channel: str, number: int, started: float) -> float:
        """Wait for the event of this number; return how many ms after `started` it came."""
        await self._until(lambda heard: _is(heard, channel, EVENT) and heard["data"]["number"] == number)
        return (time.perf_counter() - started) * 1000

    async def _until(self, matches: Callable[[Heard], bool]) -> Heard:
        while True:
            heard = await self._next()
            if heard.get("kind") == "ask":
                auth = self._sign(heard["channelName"], heard["socketId"])
                await self._do("grant", grant=heard["grant"], auth=auth)
            elif (trouble := _trouble(heard)) is not None:
                raise OpsError(f"pusher-js was told: {json.dumps(trouble)}", "See: ops local logs")
            elif matches(heard):
                return heard

    async def _next(self) -> Heard:
        assert self._process.stdout
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_SECONDS)
        except TimeoutError:
            raise OpsError(f"pusher-js heard nothing for {ANSWER_SECONDS} s.", "See: ops local logs") from None
        if not line:
            raise OpsError("The Node process ended.", "pusher-js needs Node 18 or newer: node --version")
        heard: Heard = json.loads(line)
        return heard

    async def _do(self, command: str, **fields: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": 0, "do": command, "client": _NAME, **fields}).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def pusher_js(sign: Sign) -> AsyncIterator[PusherJs]:
    """A client that is not connected yet. Its process ends with the context."""
    node = shutil.which("node")
    assert node, "see missing()"
    process = await asyncio.create_subprocess_exec(node, "driver.js", cwd=CLIENTS, stdin=PIPE, stdout=PIPE)
    try:
        yield PusherJs(process, sign)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


def _is(heard: Heard, channel: str, event: str) -> bool:
    return (heard.get("kind"), heard.get("channel"), heard.get("event")) == ("event", channel, event)


def _trouble(heard: Heard) -> Any:
    """What went wrong: a command, the connection, or a subscription. Else None."""
    refused = heard.get("event") == "pusher:subscription_error"
    return heard.get("failure") or heard.get("error") or (heard.get("data") if refused else None)
