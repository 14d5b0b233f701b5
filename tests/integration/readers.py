"""Many clients of one channel, of either protocol, that read all the while in a thread of their own.

aiohttp's client shows pongs in their place among the frames: whoever has the answer to a ping has heard all before it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

import aiohttp

from tests.integration.client import PATIENCE_SECONDS, Frame

T = TypeVar("T")

# So many come at the same time: each is two Lambdas.
_AT_ONCE = 16
_IN = ("subscribed", "pusher_internal:subscription_succeeded")


class Reader:
    """One subscriber, and the frames that it heard since it is in, as they came."""

    def __init__(self, name: str, channel: str, news: asyncio.Condition, heard: list[tuple[Reader, Frame]]) -> None:
        self.name = name
        self.channel = channel
        self.frames: list[Frame] = []
        # How often it heard events of each name.
        self.counts: Counter[str] = Counter()
        self._news = news
        self._heard = heard
        self._in = False
        self._pongs = 0
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None

    async def enter(self, session: aiohttp.ClientSession, url: str) -> None:
        """Connect, subscribe, and be in."""
        headers = {"User-Agent": self.name}
        self._socket = await session.ws_connect(url, headers=headers, autoping=False, max_msg_size=0)
        self._task = asyncio.create_task(self._read(self._socket))
        await self._socket.send_str(self.greeting(url))
        await self.until(lambda: self._in, "being in")

    def greeting(self, url: str) -> str:
        """What it says first, in the protocol of its address."""
        if "/app/" in url:
            return json.dumps({"event": "pusher:subscribe", "data": {"channel": self.channel}})
        return json.dumps({"action": "subscribe", "channel": self.channel})

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something is true of what was heard."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(holds), PATIENCE_SECONDS)
            except TimeoutError:
                raise AssertionError(f"{self.name} waits for {what}; it heard {self.frames[-5:]}") from None

    async def catch_up(self) -> None:
        """Read all that has been written by now."""
        assert self._socket
        pongs = self._pongs
        await self._socket.ping()
        await self.until(lambda: self._pongs > pongs, "a pong")

    async def leave(self) -> None:
        """Close."""
        if self._socket and self._task:
            await self._socket.close()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
                continue
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PONG):
                return
            async with self._news:
                if message.type is aiohttp.WSMsgType.PONG:
                    self._pongs += 1
                else:
                    self._hear(json.loads(message.data))
                self._news.notify_all()

    def _hear(self, frame: Frame) -> None:
        if self._in:
            self.frames.append(frame)
            self.counts.update(event["event"] for event in events_of(frame))
            self._heard.append((self, frame))
        self._in = self._in or frame.get("event") in _IN


class Readers:
    """The readers of one test. They are gone when it is over."""

    def __init__(self) -> None:
        self.all: list[Reader] = []
        # What any of them heard, in the order in which it came to all of them together.
        self.heard: list[tuple[Reader, Frame]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="readers")
        self._session: aiohttp.ClientSession | None = None
        self._news: asyncio.Condition | None = None

    def __enter__(self) -> Readers:
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def enter(self, channel: str, urls: Sequence[str]) -> list[Reader]:
        """So many more readers of the channel, each by its address; their names are in their rows as `userAgent`."""
        assert self._news
        first = len(self.all)
        readers = [Reader(f"reader-{first + number}", channel, self._news, self.heard) for number in range(len(urls))]
        self.all += readers
        self._run(self._enter(list(zip(readers, urls, strict=True))))
        return readers

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something is true of what the readers heard; asked again whenever one of them hears something."""
        self._run(self._until(holds, what))

    def catch_up(self) -> None:
        """Read all that has been written by now."""
        self._run(self._catch_up())

    def leave(self) -> None:
        """Close them all."""
        self._run(self._leave())

    async def _leave(self) -> None:
        await asyncio.gather(*(reader.leave() for reader in self.all))

    async def _begin(self) -> None:
        self._news = asyncio.Condition()
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS))

    async def _end(self) -> None:
        assert self._session
        await self._session.close()

    async def _enter(self, comers: Sequence[tuple[Reader, str]]) -> None:
        assert self._session
        session, places = self._session, asyncio.Semaphore(_AT_ONCE)

        async def enter(reader: Reader, url: str) -> None:
            async with places:
                await reader.enter(session, url)

        await asyncio.gather(*(enter(reader, url) for reader, url in comers))

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        assert self._news
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(holds), PATIENCE_SECONDS)
            except TimeoutError:
                raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}") from None

    async def _catch_up(self) -> None:
        await asyncio.gather(*(reader.catch_up() for reader in self.all))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def events_of(frame: Frame) -> list[Frame]:
    """The events of a frame: one, or those that share it."""
    events: list[Frame] = frame.get("events", [frame])
    return events
