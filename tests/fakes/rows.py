"""Fakes of the tables of connections and of subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, another_user, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, TELLING, TOLD, Channel, Connection, Reader, Subscription
from realtime.domain.errors import ServiceError
from realtime.domain.ranges import EVERY, Range
from realtime.ports import Entry, Removed, SignIn

from .journal import Journal, pages


class FakeConnections:
    """The Connections port. `stuck` are ids whose row cannot be removed."""

    def __init__(self, journal: Journal | None = None, *, page_size: int = 2) -> None:
        self.rows: dict[str, Connection] = {}
        self.stuck: dict[str, ServiceError] = {}
        self._welcoming: dict[str, int] = {}
        self._journal = journal or Journal()
        self._page_size = page_size

    def add(self, connection: Connection) -> None:
        self._journal.enter("connections.add")
        self.rows[connection.connection_id] = connection
        self._welcoming.pop(connection.connection_id, None)

    def find(self, connection_id: str) -> Connection | None:
        self._journal.enter("connections.find")
        return self.rows.get(connection_id)

    def find_all(self, connection_ids: Collection[str]) -> dict[str, Connection]:
        self._journal.enter("connections.find_all")
        return {name: self.rows[name] for name in connection_ids if name in self.rows}

    def claim_welcome(self, connection_id: str, now: int) -> Connection | None:
        self._journal.enter("connections.claim_welcome")
        row = self.rows.get(connection_id)
        if row is None or row.welcome == TOLD or now - self._welcoming.get(connection_id, 0) < 10_000:
            return None
        self._welcoming[connection_id] = now
        self.rows[connection_id] = row._replace(welcome=TELLING)
        return self.rows[connection_id]

    def welcomed(self, connection_id: str) -> None:
        self._journal.enter("connections.welcomed")
        if connection_id in self.rows:
            self.rows[connection_id] = self.rows[connection_id]._replace(welcome=TOLD)

    def join(self, connection_id: str, entry: Entry, now: int) -> bool:
        self._journal.enter("connections.join")
        row = self.rows.get(connection_id)
        if row is None or row.refusal is not None:
            return False
        is_in = entry.channel in row.channels
        if is_in and entry.user is not None and row.members.get(entry.channel) != entry.user:
            raise another_user()
        channels = row.channels | {entry.channel}
        if len(channels) > max(len(row.channels), MAX_CHANNELS_PER_CONNECTION):
            raise too_many_channels()
        self.rows[connection_id] = row._replace(
            identity=row.identity._replace(team_id=row.identity.team_id or entry.team),
            channels=channels,
            members=row.members if entry.user is None else {**row.members, entry.channel: entry.user},
            saw=row.saw | entry.saw,
            last_seen_at=now,
        )
        return True

    def leave(self, connection_id: str, channel: str, user: str | None = None) -> bool:
        self._journal.enter("connections.leave")
        row = self.rows.get(connection_id)
        if row is not None:
            members = {name: who for name, who in row.members.items() if (name, who) != (channel, user)}
            self.rows[connection_id] = row._replace(channels=row.channels - {channel}, members=members)
        return row is not None

    def claim_user(self, connection_id: str, user_id: str) -> bool:
        self._journal.enter("connections.claim_user")
        row = self.rows.get(connection_id)
        if row is None or row.identity.user_id not in (None, user_id):
            return False
        self.rows[connection_id] = row._replace(identity=row.identity._replace(user_id=user_id))
        return True

    def sign_in(self, connection_id: str, sign_in: SignIn, now: int) -> bool:
        self._journal.enter("connections.sign_in")
        row = self.rows.get(connection_id)
        if row is None or row.identity.user_id not in (None, sign_in.user_id):
            return False
        self.rows[connection_id] = row._replace(
            identity=row.identity._replace(user_id=sign_in.user_id, team_id=sign_in.team or row.identity.team_id),
            user_data=sign_in.user_data,
            watching=row.watching | sign_in.watching,
            last_seen_at=now,
        )
        return True

    def seen(self, connection_id: str, now: int) -> None:
        self._journal.enter("connections.seen")
        row = self.rows.get(connection_id)
        if row is not None and row.last_seen_at <= now - SEEN_RESOLUTION_MS:
            self.rows[connection_id] = row._replace(last_seen_at=now)

    def remove(self, connection_ids: Collection[str]) -> Removed:
        self._journal.enter("connections.remove")
        stuck = [self.stuck[name] for name in connection_ids if name in self.stuck]
        removable = [name for name in connection_ids if name in self.rows and name not in self.stuck]
        return Removed([self.rows.pop(name) for name in removable], stuck[-1] if stuck else None)

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        self._journal.enter("connections.existing")
        return {name for name in connection_ids if name in self.rows}

    def pages(self) -> Iterator[list[Connection]]:
        self._journal.enter("connections.pages")
        return pages(list(self.rows.values()), self._page_size)


class FakeSubscriptions:
    """The Subscriptions port."""

    def __init__(self, journal: Journal | None = None, *, page_size: int = 2) -> None:
        self.rows: dict[tuple[Channel, str], Subscription] = {}
        self._journal = journal or Journal()
        self._page_size = page_size

    def add(self, subscription: Subscription) -> None:
        self._journal.enter("subscriptions.add")
        self.rows[subscription.channel, subscription.connection_id] = subscription

    def add_all(self, subscriptions: Sequence[Subscription]) -> None:
        self._journal.enter("subscriptions.add_all")
        self.rows.update({(row.channel, row.connection_id): row for row in subscriptions})

    def take(self, channel: Channel, connection_id: str, before: int) -> bool:
        self._journal.enter("subscriptions.take")
        row = self.rows.get((channel, connection_id))
        if row is not None and row.since >= before:
            return False
        self.rows.pop((channel, connection_id), None)
        return True

    def remove(self, pairs: Iterable[tuple[Channel, str]]) -> None:
        self._journal.enter("subscriptions.remove")
        for pair in pairs:
            self.rows.pop(pair, None)

    def readers(
        self, channel: Channel, now: int, within: Range | None = None, page: int | None = None
    ) -> Iterator[list[Reader]]:
        self._journal.enter("subscriptions.readers")
        first, last = within or EVERY
        rows = [row for row in self._live(channel, now) if first <= row.connection_id <= last]
        readers = [Reader(row.connection_id, row.protocol, row.since, row.user_id, row.coalesce) for row in rows]
        return pages(sorted(readers), min(page or self._page_size, self._page_size))

    def existing(self, channel: Channel, connection_ids: Collection[str]) -> set[str]:
        self._journal.enter("subscriptions.existing")
        return {name for name in connection_ids if (channel, name) in self.rows}

    def count(self, channel: Channel, now: int) -> int:
        self._journal.enter("subscriptions.count")
        return len(self._live(channel, now))

    def last(self, channel: Channel) -> str | None:
        self._journal.enter("subscriptions.last")
        return max((name for where, name in self.rows if where == channel), default=None)

    def occupied(self, channel: Channel, now: int) -> bool:
        self._journal.enter("subscriptions.occupied")
        return bool(self._live(channel, now))

    def pages(self) -> Iterator[list[Subscription]]:
        self._journal.enter("subscriptions.pages")
        return pages(list(self.rows.values()), self._page_size)

    def _live(self, channel: Channel, now: int) -> list[Subscription]:
        return [row for row in self.rows.values() if row.channel == channel and row.expires_at > now // 1000]
