"""A client's connection and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# What a connection speaks.
PLAIN = "plain"
PUSHER = "pusher"
# API Gateway ends every connection after two hours (quota, not adjustable). The rest is room for a late $disconnect.
CONNECTION_LIFETIME_SECONDS = 2 * 3600 + 600
# Of events for each other, in ms. A shorter wait gains nothing beside what it takes to start an invocation.
SHORTEST_WAIT_MS = 50
# lastSeenAt is for operators and the sweep: a write a minute is exact enough and bounds what a busy client costs.
SEEN_RESOLUTION_MS = 60_000
# Of users and teams. They stand in every row and event, and nobody has asked for longer ones.
MAX_NAME_LENGTH = 128


class Channel(NamedTuple):
    """A channel of one app. Apps do not see each other's channels."""

    app_id: str
    name: str

    @property
    def key(self) -> str:
        """The name under which tables know it: `<app id>:<channel>`; neither part holds a colon."""
        return f"{self.app_id}:{self.name}" if self.app_id else self.name

    @classmethod
    def parse(cls, key: str) -> Channel:
        """The channel of a key. One without an app is of before there were apps: nobody reads it any more."""
        app_id, _, name = key.rpartition(":")
        return cls(app_id, name)


class Identity(NamedTuple):
    """Whom a token speaks for. `patterns` are the channels that it opens beyond those of the team."""

    user_id: str | None = None
    team_id: str | None = None
    patterns: frozenset[str] = frozenset()
    key: str | None = None


class Connection(NamedTuple):
    """One open WebSocket. Times: `*_at` in ms since the epoch, `expires_at` in seconds (DynamoDB's TTL wants those).

    `channels` are those whose client has been told that it is in; `members` the user (string form of the id) that it
    is in each presence channel. The rest is Pusher's: `welcome` is None, TELLING or TOLD, `refusal` a code with which
    the client is to be sent away, `user_data` what it signed in with, `watching` the users on its watchlist, `saw`
    stamps of what it knew already when it came into a channel, `counted` that it counts against the quota of its app.
    `coalesce` is the plain protocol's: how long (ms) an event may wait for others to share a frame with.
    """

    connection_id: str
    identity: Identity
    protocol: str
    app_id: str
    connected_at: int
    last_seen_at: int
    expires_at: int
    channels: frozenset[str] = frozenset()
    source_ip: str | None = None
    user_agent: str | None = None
    members: Mapping[str, str] = {}
    welcome: str | None = None
    refusal: int | None = None
    user_data: str | None = None
    counted: bool = False
    watching: frozenset[str] = frozenset()
    saw: frozenset[str] = frozenset()
    coalesce: int = 0


TELLING = "telling"
TOLD = "told"


class Subscription(NamedTuple):
    """One connection that reads one channel, presence channels aside. `since`: when it came in (ms).

    `coalesce` as in `Connection`.
    """

    channel: Channel
    connection_id: str
    protocol: str
    user_id: str | None
    since: int
    expires_at: int
    coalesce: int = 0


class Reader(NamedTuple):
    """One connection to deliver to. `user` is whom it is in a presence channel; `since`: when it came in (ms).

    `coalesce` as in `Connection`.
    """

    connection_id: str
    protocol: str
    since: int
    user: str | None = None
    coalesce: int = 0


class Presence(NamedTuple):
    """A user in a presence channel, or signed in (then the channel is `#server-to-user-<id>`).

    `member` is the JSON text that others are told: `{"user_id":…,"user_info":…}`. `joined_at` (ms) is there iff they
    are told that the user is in; `touched_at` (ms) is when its latest connection came, `left_at` (ms) when the last one
    went, `telling_until` (ms) how long whoever tells of that may take. `connections` are the user's readers.
    """

    channel: Channel
    user: str
    connections: tuple[Reader, ...] = ()
    member: str | None = None
    joined_at: int | None = None
    touched_at: int = 0
    left_at: int | None = None
    telling_until: int = 0

    @property
    def is_in(self) -> bool:
        """Whether others are told that the user is in."""
        return self.joined_at is not None


def is_name(value: object) -> bool:
    """Whether `value` can name a user or a team: printable, so no control, direction or surrogate characters."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME_LENGTH and value.isprintable()


def expires_at(connected_at: int) -> int:
    """When the rows of a connection opened at `connected_at` (ms) are garbage (s)."""
    return connected_at // 1000 + CONNECTION_LIFETIME_SECONDS


_SERVER_TO_USER = "#server-to-user-"


def server_to_user(app_id: str, user_id: str) -> Channel:
    """Where the connections that signed in as a user are found."""
    return Channel(app_id, f"{_SERVER_TO_USER}{user_id}")


def is_server_to_user(channel: str) -> bool:
    """Whether events to this name go to one signed-in user."""
    return channel.startswith(_SERVER_TO_USER)


def watchers_of(app_id: str, user_id: str) -> Channel:
    """Where the connections that watch a user are found."""
    return Channel(app_id, f"#watch-{user_id}")
