"""Events that share frames: what API Gateway bills, beside readers of the same channel who let no event wait.

On the local AWS, end to end, over real WebSockets. API Gateway meters a frame by each 32 KB begun. What waiting takes
besides, a buffer in DynamoDB and invocations that wait, is counted against it.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection

from bench import invocations
from bench.crowd import SETTLED_SECONDS, dial
from bench.figures import Bar, Bars, Figure, Table
from bench.local_aws import LocalAws, local_aws
from ops.cost.prices import Usage, dollars

_READERS = 10
_EVENT = "measured"
_METERED_BYTES = 32 * 1024
_KB = 1024
_PATIENCE_SECONDS = 30
_LONGEST_MS = 1_000
_NEAR = 0.9


class Load(NamedTuple):
    """`events` of `size` bytes, so many a second (each once the one before was heard), and a `window` in ms."""

    window: int
    rate: int
    events: int
    size: int

    @property
    def name(self) -> str:
        size = f"{self.size} B" if self.size < _KB else f"{self.size // _KB} KB"
        return f"{self.rate}/s of {size}, window {self.window} ms"


_LOADS = (
    Load(window=250, rate=10, events=60, size=200),
    Load(window=500, rate=10, events=60, size=200),
    Load(window=1_000, rate=10, events=60, size=200),
    Load(window=1_000, rate=1, events=10, size=200),
    Load(window=1_000, rate=10, events=60, size=9 * _KB),
)


@dataclass(slots=True)
class Reader:
    """A subscriber: sizes of its frames in bytes and the events of each, and the seconds that each event took."""

    socket: ClientConnection
    frames: list[tuple[int, int]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, events: int) -> None:
        """Return when it has heard so many."""
        while len(self.delays) < events:
            text = str(await asyncio.wait_for(self.socket.recv(), _PATIENCE_SECONDS))
            now, frame = time.time(), json.loads(text)
            told = frame.get("events", [frame])
            self.frames.append((len(text.encode()), len(told)))
            self.delays += [now - event["data"]["at"] for event in told]
            self.news.set()

    @property
    def billed(self) -> int:
        """The messages that API Gateway bills for it."""
        return sum(math.ceil(size / _METERED_BYTES) for size, _ in self.frames)


@dataclass(frozen=True, slots=True)
class Group:
    """A channel's readers of either kind, and who speaks to them."""

    load: Load
    channel: str
    speaker: ClientConnection
    waiting: Sequence[Reader]
    others: Sequence[Reader]


def run() -> Table:
    """Each load once: what is billed follows from how events fall into windows, which are many."""
    table = Table(f"{_READERS} readers who let events wait for each other", f"{_READERS} who do not")
    with local_aws() as aws:
        _allow(aws)
        asyncio.run(_fill(table, aws))
    return table


def _allow(aws: LocalAws) -> None:
    """Let clients ask for it: the default is off."""
    functions = aws.deployment.client("lambda")
    for name in aws.deployment.outputs["function_names"].values():
        held = functions.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        if "COALESCE_MAX_MS" in held:
            variables = {**held, "COALESCE_MAX_MS": str(_LONGEST_MS)}
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


async def _fill(table: Table, aws: LocalAws) -> None:
    bars = []
    async with AsyncExitStack() as stack:
        groups = [await stack.enter_async_context(_group(aws, number)) for number in range(len(_LOADS))]
        await asyncio.sleep(SETTLED_SECONDS)
        for group in groups:
            usage, rate = await _measure(aws, group)
            bars += _add(table, group, usage)
            if rate < _NEAR * group.load.rate:
                table.notes.append(f"{group.load.name}: this machine came to {rate:.1f}/s only.")
    table.notes.append("Dollars: the readers' messages at list price; of those who wait, buffers and invocations too.")
    table.charts = [Bars("Billed messages a reader for 100 events", "", bars)]


@asynccontextmanager
async def _group(aws: LocalAws, number: int) -> AsyncIterator[Group]:
    load, url, channel = _LOADS[number], aws.deployment.outputs["websocket_url"], f"coalesce-{number}"
    async with AsyncExitStack() as stack:

        async def enter(query: str) -> ClientConnection:
            entered = await stack.enter_async_context(dial(url + query))
            await entered.send(json.dumps({"action": "subscribe", "channel": channel}))
            await entered.recv()
            return entered

        waiting = [Reader(await enter(f"?coalesce={load.window}")) for _ in range(_READERS)]
        others = [Reader(await enter("")) for _ in range(_READERS)]
        yield Group(load, channel, await enter(""), waiting, others)


async def _measure(aws: LocalAws, group: Group) -> tuple[Usage, float]:
    """Publish until everybody has heard all; return what waiting took beside the messages, and the rate."""
    before = len(_flushes(aws))
    hearing = [asyncio.create_task(reader.hear(group.load.events)) for reader in (*group.waiting, *group.others)]
    rate = await _publish(group)
    await asyncio.gather(*hearing)
    while sum(flushes := _flushes(aws)[before:]) < group.load.events:
        await asyncio.sleep(0.05)
    logs, name = aws.deployment.client("logs"), aws.deployment.outputs["function_names"]["deliver"]
    runs = await asyncio.to_thread(invocations.last, logs, f"/aws/lambda/{name}", len(flushes))
    usage = Usage(
        lambda_requests=len(runs),
        lambda_gb_seconds=sum(run.gb_seconds for run in runs),
        dynamodb_write_units=sum(_write_units(events, group.load.size) for events in flushes),
    )
    return usage, rate


def _flushes(aws: LocalAws) -> list[int]:
    """How many events each invocation delivered that had waited for them, so far."""
    return [line["Coalesced"] for line in aws.log("deliver") if "Coalesced" in line]


async def _publish(group: Group) -> float:
    """Return how many events a second those were."""
    first, started = group.others[0], time.monotonic()
    for number in range(group.load.events):
        while len(first.delays) < number:
            first.news.clear()
            await first.news.wait()
        await asyncio.sleep(max(0.0, started + number / group.load.rate - time.monotonic()))
        data: dict[str, Any] = {"at": time.time(), "text": ""}
        data["text"] = "x" * (group.load.size - len(json.dumps(_request(group, data))))
        await group.speaker.send(json.dumps(_request(group, data)))
    return group.load.events / (time.monotonic() - started)


def _request(group: Group, data: dict[str, Any]) -> dict[str, Any]:
    return {"action": "broadcast", "channel": group.channel, "event": _EVENT, "data": data}


def _write_units(events: int, size: int) -> int:
    """Of so many events that are put into a buffer one by one, taken, and forgotten: each writes the whole row."""
    sizes = [size * count for count in range(1, events + 1)]
    return sum(math.ceil(size / _KB) for size in (*sizes, sizes[-1], sizes[-1]))


def _add(table: Table, group: Group, usage: Usage) -> list[Bar]:
    """The figures of one load; return its bars."""
    name, events = group.load.name, group.load.events
    ours, theirs = (sum(reader.billed for reader in readers) for readers in (group.waiting, group.others))
    table.figures.append(Figure(f"{name}: billed messages", ours, "messages", theirs))
    costs, their_costs = _dollars(ours, usage), _dollars(theirs, Usage())
    table.figures.append(Figure(f"{name}: in dollars", costs, "µ$", their_costs))
    if theirs > ours:
        extra, saved = _dollars(0, usage), _dollars(theirs - ours, Usage()) / _READERS
        table.figures.append(Figure(f"{name}: pays from", math.ceil(extra / saved), "readers"))
    delays, their_delays = (_delay(readers) for readers in (group.waiting, group.others))
    table.figures.append(Figure(f"{name}: median time to a reader", delays, "ms", their_delays))
    per_hundred = 100 / _READERS / events
    return [Bar(name, ours * per_hundred, True), Bar("", theirs * per_hundred)]


def _dollars(messages: int, usage: Usage) -> float:
    return 1e6 * dollars(replace(usage, websocket_messages=messages))["total"]


def _delay(readers: Sequence[Reader]) -> float:
    return 1000 * median(delay for reader in readers for delay in reader.delays)
