"""Fakes of the tables of channels and of small values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from realtime.domain.connections import Channel
from realtime.ports import Cached, Occupancy

from .journal import Journal, pages


class FakeChannels:
    """The Channels port."""

    def __init__(self, journal: Journal | None = None, *, page_size: int = 2) -> None:
        self.rows: dict[Channel, Occupancy] = {}
        self._counted: dict[Channel, int] = {}
        self._journal = journal or Journal()
        self._page_size = page_size

    def occupy(self, channel: Channel) -> bool:
        self._journal.enter("channels.occupy")
        is_new = channel not in self.rows
        self.rows[channel] = Occupancy(channel)
        return is_new

    def vacate(self, channel: Channel, token: str) -> bool:
        self._journal.enter("channels.vacate")
        if channel not in self.rows:
            return False
        self.rows[channel] = Occupancy(channel, token)
        return True

    def stay(self, channel: Channel, token: str) -> None:
        self._journal.enter("channels.stay")
        if self.rows.get(channel) == Occupancy(channel, token):
            self.rows[channel] = Occupancy(channel)

    def vacated(self, channel: Channel, token: str) -> bool:
        self._journal.enter("channels.vacated")
        if self.rows.get(channel) != Occupancy(channel, token):
            return False
        del self.rows[channel]
        self._counted.pop(channel, None)
        return True

    def count_now(self, channel: Channel, now: int, pause: int) -> bool:
        self._journal.enter("channels.count_now")
        last = self._counted.get(channel)
        if channel not in self.rows or (last is not None and last > now - pause):
            return False
        self._counted[channel] = now
        return True

    def occupied(self, app_id: str, prefix: str) -> Iterator[list[str]]:
        self._journal.enter("channels.occupied")
        names = [row.channel.name for row in self.rows.values() if row.channel.app_id == app_id and not row.vacating]
        return pages(sorted(name for name in names if name.startswith(prefix)), self._page_size)

    def pages(self) -> Iterator[list[Occupancy]]:
        self._journal.enter("channels.pages")
        return pages(list(self.rows.values()), self._page_size)


class FakeState:
    """The State port."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.kept: dict[Channel, Cached] = {}
        self.hits: Counter[tuple[str, int]] = Counter()
        self.counts: Counter[str] = Counter()
        self._until: dict[str, int] = {}
        self._journal = journal or Journal()

    def cache(self, channel: Channel, cached: Cached) -> None:
        self._journal.enter("state.cache")
        if channel not in self.kept or self.kept[channel].stored_at <= cached.stored_at:
            self.kept[channel] = cached

    def cached(self, channel: Channel, now: int) -> Cached | None:
        self._journal.enter("state.cached")
        found = self.kept.get(channel)
        return None if found is None or found.expires_at <= now else found

    def hit(self, name: str, now: int) -> int:
        self._journal.enter("state.hit")
        self.hits[name, now // 1000] += 1
        return self.hits[name, now // 1000]

    def once(self, name: str, now: int, seconds: int) -> bool:
        self._journal.enter("state.once")
        if self._until.get(name, now) > now:
            return False
        self._until[name] = now + seconds * 1000
        return True

    def enter(self, name: str, most: int) -> bool:
        self._journal.enter("state.enter")
        if self.counts[name] >= most:
            return False
        self.counts[name] += 1
        return True

    def exit(self, name: str) -> None:
        self._journal.enter("state.exit")
        self.counts[name] = max(0, self.counts[name] - 1)

    def recount(self, name: str, value: int) -> None:
        self._journal.enter("state.recount")
        self.counts[name] = value
