"""The five tables, and what the last of them keeps besides. Every method may raise ServiceError.

Times are ms since the epoch unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from realtime.domain.connections import Channel, Connection, Presence, Reader, Subscription
from realtime.domain.errors import ServiceError
from realtime.domain.ranges import Range


class Removed(NamedTuple):
    """The connections that were removed, as they were; `failure` if some could not be."""

    connections: Sequence[Connection]
    failure: ServiceError | None = None


class Entry(NamedTuple):
    """What a connection's row gains when its client has been told that it is in `channel`.

    `user` is whom it is there (presence only), `team` fills an empty teamId, `saw` are stamps of what it knew already.
    """

    channel: str
    user: str | None = None
    team: str | None = None
    saw: frozenset[str] = frozenset()


class SignIn(NamedTuple):
    """What a connection's row gains by signing in. `team` replaces teamId if given."""

    user_id: str
    user_data: str
    team: str | None = None
    watching: frozenset[str] = frozenset()


class Connections(Protocol):
    """The rows of live connections."""

    def add(self, connection: Connection) -> None:
        """Write the row of a new connection."""

    def find(self, connection_id: str) -> Connection | None:
        """Read one row, consistently."""

    def find_all(self, connection_ids: Collection[str]) -> dict[str, Connection]:
        """Those of these that have a row, by id, read consistently."""

    def claim_welcome(self, connection_id: str, now: int) -> Connection | None:
        """Set `welcome` to TELLING and return the row, if nobody has told the client yet, nor began to within 10 s.

        None otherwise, and if there is no row.
        """

    def welcomed(self, connection_id: str) -> None:
        """Set `welcome` to TOLD, if the row is there."""

    def join(self, connection_id: str, entry: Entry, now: int) -> bool:
        """Add the entry to the row and note that the client was seen. False if the row is not there.

        Raises ClientError: TOO_MANY_CHANNELS when the row names as many others as it may, FORBIDDEN when it is in the
        channel as another user.
        """

    def leave(self, connection_id: str, channel: str, user: str | None = None) -> bool:
        """Take a channel off the row, and whom the connection was there. False if the row is not there."""

    def claim_user(self, connection_id: str, user_id: str) -> bool:
        """Have the connection be this user's from now on. False if the row is not there, or is another user's."""

    def sign_in(self, connection_id: str, sign_in: SignIn, now: int) -> bool:
        """Note who the client is. False if the row is not there, or signed in as somebody else."""

    def seen(self, connection_id: str, now: int) -> None:
        """Note that the client was seen at `now`, unless the row says so within the last minute or is gone."""

    def remove(self, connection_ids: Collection[str]) -> Removed:
        """Delete rows; return those that were there. A failure is in the result."""

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        """Which of these have a row, read consistently."""

    def pages(self) -> Iterator[list[Connection]]:
        """Every row, page by page, expired ones included."""


class Subscriptions(Protocol):
    """Who reads which channel, presence channels aside."""

    def add(self, subscription: Subscription) -> None:
        """Write the row; again is fine and renews `since`."""

    def add_all(self, subscriptions: Sequence[Subscription]) -> None:
        """Write many rows."""

    def take(self, channel: Channel, connection_id: str, before: int) -> bool:
        """Delete the row if its `since` is before `before`. False if it is not: the client has come back meanwhile."""

    def remove(self, pairs: Iterable[tuple[Channel, str]]) -> None:
        """Delete the rows of these (channel, connection id); missing ones are fine."""

    def readers(
        self, channel: Channel, now: int, within: Range | None = None, page: int | None = None
    ) -> Iterator[list[Reader]]:
        """The channel's readers whose rows have not expired at `now`, page by page in the order of their ids.

        Read consistently. `page` rows are read at a time, by default as many as fit an answer of DynamoDB's.
        """

    def existing(self, channel: Channel, connection_ids: Collection[str]) -> set[str]:
        """Which of these have a row in the channel, read consistently."""

    def count(self, channel: Channel, now: int) -> int:
        """How many readers the channel has at `now`, read consistently."""

    def last(self, channel: Channel) -> str | None:
        """The last connection id of the channel, None if it has no rows."""

    def occupied(self, channel: Channel, now: int) -> bool:
        """Whether the channel has a reader at `now`, read consistently."""

    def pages(self) -> Iterator[list[Subscription]]:
        """Every row, page by page."""


class Members(Protocol):
    """Who is in the presence channels, a row a user; and who is signed in (`server_to_user`)."""

    def join(self, channel: Channel, user: str, member: str, reader: Reader, now: int) -> Presence | None:
        """Add a reader to the user's row; return the row as it was before, None if there was none.

        Sets `touched_at`; if the user was not in, `joined_at` and `member` as well. Ends `left_at`.
        """

    def touch(self, channel: Channel, user: str, joined_at: int, now: int) -> bool:
        """Set `touched_at`, if the row still has this `joined_at`."""

    def leave(self, channel: Channel, user: str, reader: Reader) -> Presence | None:
        """Take a reader off the user's row; return the row as it is then. None if there is no row."""

    def claim_out(self, channel: Channel, user: str, now: int, until: int) -> Presence | None:
        """Turn a user without connections from in to out: end `joined_at` and `member`, set `left_at` to `now` and
        `telling_until`. Return the row as it was, None if it has connections or was not in.

        Only one claim is granted.
        """

    def settle_out(self, channel: Channel, user: str, left_at: int, *, keep: bool) -> Presence | None:
        """End the telling of `left_at`: delete the row, or with `keep` only end `telling_until`.

        Returns the row if it is another one by now: the user has come back.
        """

    def vanish(self, channel: Channel, user: str, left_at: int) -> bool:
        """Delete the row if it still is that of a user who went at `left_at`. False if the user has come back."""

    def rows(self, channel: Channel, now: int) -> Iterator[list[Presence]]:
        """The channel's rows that have not expired at `now`, in or not, page by page, read consistently."""

    def find(self, channels: Sequence[tuple[Channel, str]]) -> dict[tuple[Channel, str], Presence]:
        """The rows of these (channel, user) that are there, read consistently."""

    def pages(self) -> Iterator[list[Presence]]:
        """Every row, page by page."""


class Occupancy(NamedTuple):
    """One occupied channel. `vacating` is the token of a vacancy that waits for its grace to end."""

    channel: Channel
    vacating: str | None = None


class Channels(Protocol):
    """Which channels have readers: a row an occupied channel."""

    def occupy(self, channel: Channel) -> bool:
        """See to it that the channel's row is there and not vacating. True if there was none: the channel is new.

        One read where the row stands already, a conditional write otherwise.
        """

    def vacate(self, channel: Channel, token: str) -> bool:
        """Begin to vacate. False if there is no row."""

    def stay(self, channel: Channel, token: str) -> None:
        """End what `vacate` began, if it is still this token's."""

    def vacated(self, channel: Channel, token: str) -> bool:
        """Delete the row if it is still vacating with this token. False if it is not: the channel lives on."""

    def count_now(self, channel: Channel, now: int, pause: int) -> bool:
        """Whether subscribers may be counted out now: True if the last time is `pause` ms ago, and then this is one."""

    def occupied(self, app_id: str, prefix: str) -> Iterator[list[str]]:
        """Names of the app's occupied channels that begin with `prefix`, page by page; vacating ones left out."""

    def pages(self) -> Iterator[list[Occupancy]]:
        """Every row, page by page."""


class Cached(NamedTuple):
    """The event that a cache channel keeps. `data` as Pusher's readers get it; `event_id` tells it from the next."""

    event: str
    data: str
    event_id: str
    stored_at: int
    expires_at: int


class Progress(NamedTuple):
    """How far a share has come: every reader up to `cursor` has been tried, those in `open` are to be tried again."""

    cursor: str = ""
    open: frozenset[str] = frozenset()


class Shares(Protocol):
    """How far the shares of large publishes have come."""

    def claim(self, share_id: str, now: int, until: int) -> Progress | None:
        """Have the share until `until` (ms); return how far it has come. None if it is done.

        Raises ServiceError("claim", …) while another run has it.
        """

    def note(self, share_id: str, progress: Progress, until: int) -> None:
        """Note how far it has come, and have it until `until` (ms): in the past, another run may go on at once."""

    def finish(self, share_id: str, now: int) -> None:
        """Note that it is done, for as long as Lambda may start it again."""


class Quota(Protocol):
    """What publishing may take of the account's requests to API Gateway, over all functions."""

    def reserve(self, requests: int, rate: int, now: int) -> int:
        """Book so many requests behind those booked before, at `rate` a second; return the ms until they may begin.

        A negative number gives back what was booked and will not be used.
        """


class Buffers(Protocol):
    """Events that wait for others to share a frame with, by channel. `entry` is any text."""

    def append(self, channel: Channel, entry: str, now: int) -> bool:
        """Put an entry behind those that wait. True if none did, or if who was to take them has not come for long."""

    def take(self, channel: Channel, flush: str, now: int) -> list[str] | None:
        """Take all that wait, for the flush of this name; again for the same flush gives the same.

        None while another flush is at it, unless it has been for so long that it must have died.
        """

    def done(self, channel: Channel, flush: str) -> None:
        """The flush has delivered what it took."""


class State(Protocol):
    """Small values that end by themselves."""

    def cache(self, channel: Channel, cached: Cached) -> None:
        """Keep the channel's last event."""

    def cached(self, channel: Channel, now: int) -> Cached | None:
        """The channel's last event, read consistently, unless it has expired at `now`."""

    def hit(self, name: str, now: int) -> int:
        """Count one more of `name` within the second of `now`; return how many those are."""

    def once(self, name: str, now: int, seconds: int) -> bool:
        """True for the first caller of `name` within so many seconds."""

    def enter(self, name: str, most: int) -> bool:
        """Raise a count by one unless it is at `most` already: then False."""

    def exit(self, name: str) -> None:
        """Lower a count by one, never below zero."""

    def recount(self, name: str, value: int) -> None:
        """Set a count to what was found."""
