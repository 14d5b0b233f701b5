"""All fakes together."""

from __future__ import annotations

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Subscription, server_to_user, watchers_of
from realtime.ports import Occupancy, Ports, Tables

from .builders import NOW, presence
from .journal import Journal
from .people import FakeMembers
from .rows import FakeConnections, FakeSubscriptions
from .services import FakeApps, FakeClock, FakeInvoker, FakeOutbox, FakeTasks, FakeTelemetry
from .values import FakeChannels, FakeState

# When what a world begins with came: long ago, so that nobody has to look whether its client has been told.
SETTLED = NOW - 60_000
_READS = frozenset(
    {
        *("connections.find", "connections.find_all", "connections.existing", "connections.pages"),
        *("subscriptions.readers", "subscriptions.occupied", "subscriptions.pages"),
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
        self.outbox = FakeOutbox(self.journal)
        self.tasks = FakeTasks(self.journal)
        self.invoker = FakeInvoker(self.journal)
        self.apps = FakeApps()
        self.telemetry = FakeTelemetry()
        for row in connections:
            self.open(row)

    @property
    def tables(self) -> Tables:
        return Tables(self.connections, self.subscriptions, self.members, self.channels, self.state)

    @property
    def ports(self) -> Ports:
        return Ports(self.tables, self.outbox, self.apps, self.tasks, self.clock, self.telemetry)

    @property
    def writes(self) -> list[str]:
        """The port calls that change rows, in order."""
        others = ("outbox.", "tasks.", "invoker.")
        return [name for name in self.journal.calls if name not in _READS and not name.startswith(others)]

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
            Channel(row.app_id, channel), row.connection_id, row.protocol, row.identity.user_id, since, row.expires_at
        )

    def enter(self, channel: Channel, user: str, row: Connection, at: int = SETTLED) -> None:
        """Write a connection into a user's row, and nothing else; the user is in since `at` unless it is already."""
        entry = (row.protocol, row.connection_id)
        known = self.members.held.get((channel, user))
        entries = [(reader.protocol, reader.connection_id) for reader in known.connections] if known else []
        came = known.joined_at if known else at
        self.members.held[channel, user] = presence(channel, user, *sorted({*entries, entry}), joined_at=came)
