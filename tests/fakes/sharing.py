"""Fakes of what large publishes and events that wait keep."""

from __future__ import annotations

from typing import NamedTuple

from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.ports import Progress

from .journal import Journal

_TAKER_MS = 6_000
_FLUSH_MS = 130_000
_ROW_BYTES = 400 * 1024


class _Share(NamedTuple):
    progress: Progress = Progress()
    until: int = -1
    is_done: bool = False


class FakeShares:
    """The Shares port. `noted` is all progress that was noted, in order, by share; `done` are those that are."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.noted: dict[str, tuple[Progress, ...]] = {}
        self._rows: dict[str, _Share] = {}
        self._journal = journal or Journal()

    @property
    def done(self) -> set[str]:
        return {name for name, row in self._rows.items() if row.is_done}

    def claim(self, share_id: str, now: int, until: int) -> Progress | None:
        self._journal.enter("shares.claim")
        row = self._rows.get(share_id, _Share())
        if row.is_done:
            return None
        if row.until >= now:
            raise ServiceError("claim", "another run has the share")
        self._rows[share_id] = row._replace(until=until)
        return row.progress

    def note(self, share_id: str, progress: Progress, until: int) -> None:
        self._journal.enter("shares.note")
        if share_id not in self.done:
            self._rows[share_id] = _Share(progress, until)
            self.noted[share_id] = (*self.noted.get(share_id, ()), progress)

    def finish(self, share_id: str, now: int) -> None:
        self._journal.enter("shares.finish")
        self._rows[share_id] = _Share(is_done=True)


class FakeQuota:
    """The Quota port. `booked` are the sizes of all bookings, in order."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.booked: list[int] = []
        self._until = 0
        self._journal = journal or Journal()

    def reserve(self, requests: int, rate: int, now: int) -> int:
        self._journal.enter("quota.reserve")
        self.booked.append(requests)
        start = max(self._until, now * 1000)
        self._until = start - (-requests * 1_000_000 // rate)
        return -(-(start - now * 1000) // 1000)


class _Buffer(NamedTuple):
    events: tuple[str, ...] = ()
    since: int = 0
    flush: str | None = None
    taken: tuple[str, ...] = ()
    taken_at: int = 0


class FakeBuffers:
    """The Buffers port. `waiting` are the entries that nobody has taken yet, by channel."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._rows: dict[Channel, _Buffer] = {}
        self._journal = journal or Journal()

    @property
    def waiting(self) -> dict[Channel, list[str]]:
        return {channel: list(row.events) for channel, row in self._rows.items() if row.events}

    @property
    def is_empty(self) -> bool:
        return not self._rows

    def append(self, channel: Channel, entry: str, now: int) -> bool:
        self._journal.enter("buffers.append")
        row = self._rows.get(channel, _Buffer())
        events = (*row.events, entry)
        if sum(len(held.encode()) for held in (*events, *row.taken)) > _ROW_BYTES:
            raise ServiceError("append", "more events wait than a row can hold")
        is_taker = len(events) == 1 or row.since < now - _TAKER_MS
        self._rows[channel] = row._replace(events=events, since=now if is_taker else row.since)
        return is_taker

    def take(self, channel: Channel, flush: str, now: int) -> list[str] | None:
        self._journal.enter("buffers.take")
        row = self._rows.get(channel)
        if row is None:
            return []
        if row.flush != flush:
            if row.flush is not None and row.taken_at >= now - _FLUSH_MS:
                return None
            self._rows[channel] = row = _Buffer((), 0, flush, (*row.taken, *row.events), now)
        return list(row.taken)

    def done(self, channel: Channel, flush: str) -> None:
        self._journal.enter("buffers.done")
        row = self._rows.get(channel)
        if row is not None and row.flush == flush:
            self._rows[channel] = _Buffer(row.events, row.since)
            if not row.events:
                del self._rows[channel]
