"""A fake of the table of members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from realtime.domain.connections import Channel, Presence, Reader, expires_at
from realtime.ports import Clock

from .journal import Journal, pages
from .services import FakeClock

Key = tuple[Channel, str]


class FakeMembers:
    """The Members port. `held` are the rows; `clock` tells `find` what has expired."""

    def __init__(self, journal: Journal | None = None, clock: Clock | None = None, *, page_size: int = 2) -> None:
        self.held: dict[Key, Presence] = {}
        self._expires: dict[Key, int] = {}
        self._journal = journal or Journal()
        self._clock = clock or FakeClock()
        self._page_size = page_size

    def join(self, channel: Channel, user: str, member: str, reader: Reader, now: int) -> Presence | None:
        self._journal.enter("members.join")
        key = (channel, user)
        before = self.held.get(key)
        if before is not None and self._expired(before, now):
            before = None
        row = before or Presence(channel, user)
        row = row._replace(
            joined_at=now if row.joined_at is None else row.joined_at,
            member=row.member or member,
            touched_at=now,
            left_at=None,
            connections=(*(other for other in row.connections if _name(other) != _name(reader)), reader),
        )
        self._expires[key] = expires_at(now)
        self._set(row)
        return before

    def touch(self, channel: Channel, user: str, joined_at: int, now: int) -> bool:
        self._journal.enter("members.touch")
        row = self.held.get((channel, user))
        if row is None or row.joined_at != joined_at:
            return False
        self._set(row._replace(touched_at=now))
        return True

    def leave(self, channel: Channel, user: str, reader: Reader) -> Presence | None:
        self._journal.enter("members.leave")
        row = self.held.get((channel, user))
        if row is None:
            return None
        left = tuple(other for other in row.connections if _name(other) != _name(reader))
        return self._set(row._replace(connections=left))

    def claim_out(self, channel: Channel, user: str, now: int, until: int) -> Presence | None:
        self._journal.enter("members.claim_out")
        row = self.held.get((channel, user))
        if row is None or row.joined_at is None or row.connections:
            return None
        self._set(row._replace(joined_at=None, member=None, left_at=now, telling_until=until))
        return row

    def settle_out(self, channel: Channel, user: str, left_at: int, *, keep: bool) -> Presence | None:
        self._journal.enter("members.settle_out")
        row = self.held.get((channel, user))
        if row is None or not _is_out_since(row, left_at):
            return row
        if keep:
            self._set(row._replace(telling_until=0))
        else:
            del self.held[channel, user]
        return None

    def vanish(self, channel: Channel, user: str, left_at: int) -> bool:
        self._journal.enter("members.vanish")
        row = self.held.get((channel, user))
        if row is None or not _is_out_since(row, left_at):
            return False
        del self.held[channel, user]
        return True

    def rows(self, channel: Channel, now: int) -> Iterator[list[Presence]]:
        self._journal.enter("members.rows")
        live = [row for row in self.held.values() if row.channel == channel and not self._expired(row, now)]
        return pages(sorted(live, key=lambda row: row.user), self._page_size)

    def find(self, channels: Sequence[Key]) -> dict[Key, Presence]:
        self._journal.enter("members.find")
        now = self._clock.now()
        return {key: self.held[key] for key in channels if key in self.held and not self._expired(self.held[key], now)}

    def pages(self) -> Iterator[list[Presence]]:
        self._journal.enter("members.pages")
        return pages(list(self.held.values()), self._page_size)

    def _set(self, row: Presence) -> Presence:
        readers = [other._replace(since=row.touched_at, user=row.user) for other in row.connections]
        row = row._replace(connections=tuple(sorted(readers, key=_name)))
        self.held[row.channel, row.user] = row
        return row

    def _expired(self, row: Presence, now: int) -> bool:
        return self._expires.get((row.channel, row.user), expires_at(row.touched_at)) <= now // 1000


def _name(reader: Reader) -> str:
    return f"{reader.protocol}{f'+{reader.coalesce}' if reader.coalesce else ''}:{reader.connection_id}"


def _is_out_since(row: Presence, left_at: int) -> bool:
    return row.left_at == left_at and row.joined_at is None
