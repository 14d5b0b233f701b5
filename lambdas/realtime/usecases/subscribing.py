"""A connection comes into a channel, whichever protocol it speaks.

The order of the writes is what keeps it whole (docs/architecture.md, "Data flow"): the reader's row, the channel's row,
the frame that tells the client, and last the connection's own row, from where on its events flow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from realtime.domain.channels import is_cache, is_presence
from realtime.domain.connections import Channel, Connection, Presence, Reader, Subscription
from realtime.domain.errors import ClientError, ServiceError, SubscriptionRefused
from realtime.domain.members import MAX_MEMBERS, Member
from realtime.ports import Cached, Entry, Ports

from . import later, occupancy, presence
from .counting import tell_count
from .delivery import FRESH_MS
from .disconnect import forget
from .parcel import event_stamp

# Who tells of comings and goings waits so long (ms) for a newcomer to be told that it is in; beyond, it looks itself.
_SLOW_MS = 1_500


class Wish(NamedTuple):
    """What a connection asks for. `member` is whom it is in a presence channel; `team` fills its empty teamId.

    `received_at` (ms) is when it asked.
    """

    channel: Channel
    member: Member | None = None
    team: str | None = None
    received_at: int = 0


class View(NamedTuple):
    """What the client is told: the members of a presence channel, else None; the event that a cache channel keeps."""

    members: Sequence[Member] | None = None
    cached: Cached | None = None


Greet = Callable[[View], Sequence[str]]


class _Entrance(NamedTuple):
    wish: Wish
    reader: Reader
    arrival: presence.Arrival | None
    rows: Sequence[Presence]
    arrived_at: int


def subscribe(wish: Wish, connection: Connection, greet: Greet, ports: Ports) -> bool:
    """Let the connection hear the channel and tell its client with the frames of `greet`. Again is fine.

    False if the client is gone. Raises ClientError, SubscriptionRefused, ServiceError; then it is not in the channel.
    """
    entrance = _enter(wish, connection, ports)
    try:
        entered = _tell(entrance, connection, greet, ports)
    except (ClientError, ServiceError):
        # Who was in before this stays in.
        if wish.channel.name not in connection.channels:
            _undo(entrance, ports)
        raise
    if not entered:
        _undo(entrance, ports)
        return False
    _tell_others(entrance, ports)
    return True


def _tell_others(entrance: _Entrance, ports: Ports) -> None:
    """The client is in: what fails from here on is no refusal, and logged."""
    channel = entrance.wish.channel
    try:
        gone = set(tell_count(channel, ports).gone)
        if entrance.arrival is not None:
            gone |= set(presence.tell_in(entrance.arrival, entrance.rows, ports).gone)
        forget(sorted(gone), ports)
    except ServiceError as failure:
        later.tell_failure(failure, ports, channel=channel.name)


def _enter(wish: Wish, connection: Connection, ports: Ports) -> _Entrance:
    user = None if wish.member is None else wish.member.user
    now = ports.clock.now()
    reader = Reader(connection.connection_id, connection.protocol, now, user, connection.coalesce)
    if not is_presence(wish.channel.name):
        user_id = connection.identity.user_id
        subscription = Subscription(
            wish.channel,
            reader.connection_id,
            reader.protocol,
            user_id,
            wish.received_at or now,
            connection.expires_at,
            connection.coalesce,
        )
        ports.subscriptions.add(subscription)
        return _Entrance(wish, reader, None, (), now)
    assert wish.member is not None, "a presence channel is joined as somebody"
    arrival = presence.come(wish.channel, wish.member, reader, ports)
    rows = presence.rows_of(wish.channel, ports)
    if arrival.edge and _is_full(arrival, rows):
        forget(presence.take_back(arrival, reader, ports).gone, ports)
        raise SubscriptionRefused("LimitReached", f"The channel has {MAX_MEMBERS} members.", 4100)
    return _Entrance(wish, reader, arrival, rows, now)


def _is_full(arrival: presence.Arrival, rows: Sequence[Presence]) -> bool:
    """Whether so many were in before this one: of two that come at once, the order of their edges decides."""
    ranks = sorted((row.joined_at, row.user) for row in rows if row.joined_at is not None)
    return (arrival.joined_at, arrival.member.user) in ranks[MAX_MEMBERS:]


def _tell(entrance: _Entrance, connection: Connection, greet: Greet, ports: Ports) -> bool:
    wish, now = entrance.wish, ports.clock.now()
    if not _is_settled(entrance, now):
        occupancy.came(wish.channel, ports)
    cached = ports.state.cached(wish.channel, now) if is_cache(wish.channel.name) else None
    members = None
    if entrance.arrival is not None:
        # Itself first: a frame that would be too large loses what is known of the last ones.
        rows = sorted(entrance.rows, key=lambda row: row.user != entrance.reader.user)
        members = list(presence.members_in(rows).values())
    frames = [(connection.connection_id, frame) for frame in greet(View(members, cached))]
    result = ports.outbox.post_each(frames)
    forget(result.gone, ports, channel=wish.channel)
    if not result.delivered:
        return False
    known = entrance.rows
    if entrance.arrival is not None and ports.clock.now() - entrance.arrived_at > _SLOW_MS:
        known = presence.catch_up(wish.channel, entrance.reader, known, ports)
    stamps = _stamps(wish.channel, known, cached, ports.clock.now())
    entry = Entry(wish.channel.name, entrance.reader.user, wish.team, stamps)
    entered = ports.connections.join(connection.connection_id, entry, now)
    if entered and is_cache(wish.channel.name) and cached is None:
        _tell_cache_miss(wish.channel, ports)
    return entered


def _is_settled(entrance: _Entrance, now: int) -> bool:
    """Whether others have been in a presence channel for long enough to have seen to the channel's row."""
    return any(
        row.connections and row.user != entrance.reader.user and now - row.touched_at >= FRESH_MS
        for row in entrance.rows
    )


def _stamps(channel: Channel, rows: Sequence[Presence], cached: Cached | None, now: int) -> frozenset[str]:
    """What this client knows already and may be told again by others that are at it right now."""
    stamps = {stamp for row in rows for stamp in presence.stamps(row, now)}
    if cached is not None and now - cached.stored_at < FRESH_MS:
        stamps.add(event_stamp(channel, cached.event_id))
    return frozenset(stamps)


def _tell_cache_miss(channel: Channel, ports: Ports) -> None:
    if later.wants(channel, "cache_miss", ports) and ports.state.once(
        f"cache_miss:{channel.key}", ports.clock.now(), later.GRACE_SECONDS
    ):
        later.tell_app(channel, "cache_miss", ports)


def _undo(entrance: _Entrance, ports: Ports) -> None:
    """Take the reader out again. A failure is logged: the sweep finds what is left."""
    wish, reader, arrival = entrance.wish, entrance.reader, entrance.arrival
    try:
        if arrival is None:
            ports.subscriptions.remove([(wish.channel, reader.connection_id)])
        else:
            forget(sorted(presence.come_and_go(arrival, reader, ports)), ports)
        occupancy.went(wish.channel, reader.connection_id, ports)
    except ServiceError as failure:
        later.tell_failure(failure, ports, channel=wish.channel.name)
