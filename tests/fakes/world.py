"""All fakes together."""

from __future__ import annotations

from collections.abc import Callable

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Reader, Subscription, server_to_user, watchers_of
from realtime.ports import Limits, Occupancy, Ports, Sharing, Tables
from realtime.usecases.coalescing import flush
from realtime.usecases.share import deliver_share
from realtime.usecases.sharing import share_of

from .builders import NOW, presence
from .journal import Journal
from .people import FakeMembers
from .rows import FakeConnections, FakeSubscriptions
from .services import FakeApps, FakeClock, FakeInvoker, FakeOutbox, FakeTasks, FakeTelemetry
from .sharing import FakeBuffers, FakeQuota, FakeShares
from .values import FakeChannels, FakeState

# When what a world begins with came: long ago, so that nobody has to look whether its client has been told.
SETTLED = NOW - 60_000
_READS = frozenset(
    {
        *("connections.find", "connections.find_all", "connections.existing", "connections.pages"),
        *("subscriptions.readers", "subscriptions.occupied", "subscriptions.pages"),
        *("subscriptions.existing", "subscriptions.count", "subscriptions.last"),
        *("members.rows", "members.find", "members.pages", "channels.occupied", "channels.pages", "state.cached"),
    }
)


class World:
    """All fakes; `ports` is what a use case is given."""

    def __init__(self, *connections: Connection) -> None:
        """Each connection with the rows of all that it names: channels, users, watched users."""
        self.journal = Journal()
        self.clock = FakeClock()
        self.connections = FakeConnections(self.journal)
        self.subscriptions = FakeSubscriptions(self.journal)
        self.members = FakeMembers(self.journal, self.clock)
        self.channels = FakeChannels(self.journal)
        self.state = FakeState(self.journal)
        self.shares = FakeShares(self.journal)
        self.quota = FakeQuota(self.journal)
        self.buffers = FakeBuffers(self.journal)
        self.limits = Limits()
        self.outbox = FakeOutbox(self.journal, self.clock)
        self.tasks = FakeTasks(self.journal)
        self.invoker = FakeInvoker(self.journal)
        self.apps = FakeApps()
        self.telemetry = FakeTelemetry()
        self.ids: list[str] = []
        for row in connections:
            self.open(row)

    @property
    def tables(self) -> Tables:
        return Tables(self.connections, self.subscriptions, self.members, self.channels, self.state)

    @property
    def ports(self) -> Ports:
        return Ports(
            tables=self.tables,
            outbox=self.outbox,
            apps=self.apps,
            tasks=self.tasks,
            clock=self.clock,
            telemetry=self.telemetry,
            sharing=lambda: self.sharing,
            limits=self.limits,
        )

    @property
    def sharing(self) -> Sharing:
        return Sharing(self.invoker, self.shares, self.quota, self.buffers, self._new_id)

    def _new_id(self) -> str:
        self.ids.append(f"id{len(self.ids) + 1}")
        return self.ids[-1]

    @property
    def writes(self) -> list[str]:
        """The port calls that change rows, in order."""
        others = ("outbox.", "tasks.", "invoker.")
        return [name for name in self.journal.calls if name not in _READS and not name.startswith(others)]

    def deliver(self, remaining_ms: Callable[[], int] = lambda: 300_000) -> int:
        """Do what was started, one after the other, and what that starts; return how many invocations that took."""
        count = 0
        while self.invoker.started:
            job = self.invoker.started.pop(0)
            count += 1
            if job["kind"] == "share":
                deliver_share(share_of(job), self.ports, remaining_ms)
            else:
                flush(job, self.ports)
        return count

    def open(self, row: Connection) -> None:
        """Write a connection's row and those of all that it names."""
        self.connections.rows[row.connection_id] = row
        for name in sorted(row.channels):
            channel = Channel(row.app_id, name)
            self.channels.rows[channel] = Occupancy(channel)
            if not is_presence(name):
                self.subscribe(name, row)
            elif name in row.members:
                self.enter(channel, row.members[name], row)
        for user in sorted(row.watching):
            self.subscribe(watchers_of(row.app_id, user).name, row)
        if row.user_data is not None and row.identity.user_id is not None:
            self.enter(server_to_user(row.app_id, row.identity.user_id), row.identity.user_id, row)

    def subscribe(self, channel: str, row: Connection, since: int = SETTLED) -> None:
        """Write a subscription's row, and nothing else."""
        self.subscriptions.rows[Channel(row.app_id, channel), row.connection_id] = Subscription(
            channel=Channel(row.app_id, channel),
            connection_id=row.connection_id,
            protocol=row.protocol,
            user_id=row.identity.user_id,
            since=since,
            expires_at=row.expires_at,
            coalesce=row.coalesce,
        )

    def enter(self, channel: Channel, user: str, row: Connection, at: int = SETTLED) -> None:
        """Write a connection into a user's row, and nothing else; the user is in since `at` unless it is already."""
        known = self.members.held.get((channel, user))
        joined = presence(channel, user, joined_at=known.joined_at if known else at)
        reader = Reader(row.connection_id, row.protocol, joined.touched_at, user, row.coalesce)
        readers = {*(known.connections if known else ()), reader}
        in_order = sorted(readers, key=lambda one: (one.protocol, one.connection_id))
        self.members.held[channel, user] = joined._replace(connections=tuple(in_order))
