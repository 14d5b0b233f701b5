"""DynamoDB, as far as large publishes use it: time, units, and what a partition or an item takes."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count

from ops.simulation.assumptions import Assumptions
from ops.simulation.gateway import Quota, Run
from ops.simulation.timeline import Timeline
from realtime.domain.connections import Channel, Connection, Identity, Reader
from realtime.domain.errors import ServiceError
from realtime.domain.ranges import EVERY, Range
from realtime.ports import Progress
from realtime.protocols import plain

_READ_BYTES, _WRITE_BYTES = 4_096, 1_024
# When the readers came (ms; the first publish is at 0): their clients have been told.
_LONG_AGO = -3_600_000
# A page ends at a megabyte.
_PAGE_BYTES = 1 << 20
# Of a progress row beside its connection ids, and of each of those.
_PROGRESS_BYTES, _ID_BYTES = 150, 17
_KEYS_A_BATCH = 100
# As the adapters: so many tries, and pauses that double.
_TRIES, _FIRST_PAUSE = 4, 0.05


class Database:
    """What all runs share. `calls` by "service:Operation"; units as they are billed; `throttled` answers."""

    def __init__(self, assumptions: Assumptions, ids: Sequence[str], dice: random.Random) -> None:
        self.assumptions = assumptions
        self.ids = ids
        self.dice = dice
        self.calls: Counter[str] = Counter()
        self.read_units = 0.0
        self.write_units = 0.0
        self.throttled = 0
        self.progress: dict[str, tuple[Progress, int, bool]] = {}
        self.quota_next = 0.0
        self.readers = self._reads()
        self.quota = self._writes()
        self._items: dict[str, Quota] = {}

    def item(self, name: str) -> Quota:
        """What one item takes."""
        return self._items.setdefault(name, self._writes())

    def _reads(self) -> Quota:
        return Quota(self.assumptions.partition_read_units, self.assumptions.partition_read_units)

    def _writes(self) -> Quota:
        return Quota(self.assumptions.partition_write_units, self.assumptions.partition_write_units)


class Client:
    """DynamoDB from within one run."""

    def __init__(self, database: Database, timeline: Timeline, run: Run) -> None:
        self.database, self.timeline = database, timeline
        self._answer = database.assumptions.dynamodb_ms / 1000
        self.row_seconds = database.assumptions.row_us / 1e6 / run.core

    def read(self, operation: str, size: int) -> None:
        """Read so many bytes of the channel's rows, consistently. Raises ServiceError."""
        units = max(1, math.ceil(size / _READ_BYTES))
        self._call(operation, self.database.readers, units)
        self.database.read_units += units

    def get(self, count: int) -> None:
        """Read so many rows of different partitions, a hundred a call; none of the partitions is busy."""
        for _ in range(0, count, _KEYS_A_BATCH):
            self.database.calls["dynamodb:BatchGetItem"] += 1
            self.timeline.advance(self._answer)
        self.database.read_units += count

    def write(self, bucket: Quota, size: int = _WRITE_BYTES) -> None:
        """Write an item of so many bytes. Raises ServiceError."""
        units = max(1, math.ceil(size / _WRITE_BYTES))
        self._call("UpdateItem", bucket, units)
        self.database.write_units += units

    def _call(self, operation: str, bucket: Quota, units: int) -> None:
        for attempt in range(1, _TRIES + 1):
            self.database.calls[f"dynamodb:{operation}"] += 1
            taken = bucket.take(units, self.timeline.now)
            self.timeline.advance(self._answer)
            if taken:
                return
            self.database.throttled += 1
            if attempt < _TRIES:
                self.timeline.advance(_FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + self.database.dice.random() / 2))
        raise ServiceError(operation, "ProvisionedThroughputExceededException")


class SimulatedSubscriptions:
    """Of the Subscriptions port, what reads one large channel."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ids = client.database.ids
        self._row_bytes = client.database.assumptions.row_bytes

    def readers(
        self, channel: Channel, now: int, within: Range | None = None, page: int | None = None
    ) -> Iterator[list[Reader]]:
        first, last = within or EVERY
        start, end = bisect_left(self._ids, first), bisect_right(self._ids, last)
        size = min(page or len(self._ids), max(1, _PAGE_BYTES // self._row_bytes))
        while True:
            part = self._ids[start : min(end, start + size)]
            self._client.read("Query", len(part) * self._row_bytes)
            self._client.timeline.advance(len(part) * self._client.row_seconds)
            yield [Reader(connection_id, plain.NAME, _LONG_AGO) for connection_id in part]
            # A full page does not say that it is the last one.
            if len(part) < size:
                return
            start += size

    def last(self, channel: Channel) -> str | None:
        self._client.read("Query", self._row_bytes)
        return self._ids[-1] if self._ids else None

    def existing(self, channel: Channel, connection_ids: Collection[str]) -> set[str]:
        self._client.get(len(connection_ids))
        return set(connection_ids)


class SimulatedConnections:
    """Of the Connections port, what tells that readers have been told of the channel."""

    def __init__(self, client: Client, channel: Channel) -> None:
        self._client = client
        self._told = frozenset({channel.name})

    def find_all(self, connection_ids: Collection[str]) -> dict[str, Connection]:
        self._client.get(len(connection_ids))
        return {name: self._row(name) for name in connection_ids}

    def _row(self, name: str) -> Connection:
        return Connection(name, Identity(), plain.NAME, "", _LONG_AGO, _LONG_AGO, 0, self._told)


class SimulatedShares:
    """The Shares port."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rows = client.database.progress

    def claim(self, share_id: str, now: int, until: int) -> Progress | None:
        self._client.write(self._client.database.item(share_id))
        progress, held_until, done = self._rows.get(share_id, (Progress(), -1, False))
        if done:
            return None
        if held_until >= now:
            raise ServiceError("claim", "another run has the share")
        self._rows[share_id] = progress, until, False
        return progress

    def note(self, share_id: str, progress: Progress, until: int) -> None:
        size = _PROGRESS_BYTES + len(progress.open) * _ID_BYTES
        self._client.write(self._client.database.item(share_id), size)
        self._rows[share_id] = progress, until, False

    def finish(self, share_id: str, now: int) -> None:
        self._client.write(self._client.database.item(share_id))
        self._rows[share_id] = Progress(), 0, True


class SimulatedQuota:
    """The Quota port: one call where requests are booked already, two where none are."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def reserve(self, requests: int, rate: int, now: int) -> int:
        database = self._client.database
        self._client.write(database.quota)
        if database.quota_next < now:
            self._client.write(database.quota)
        begins = max(database.quota_next, float(now))
        database.quota_next = begins + requests * 1000 / rate
        return round(begins - now)


def numbers() -> Callable[[], str]:
    """Ids of publishes."""
    found = count(1)
    return lambda: str(next(found))
