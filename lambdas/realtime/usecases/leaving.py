"""A connection leaves a channel that it was told to be in."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Reader
from realtime.domain.errors import ClientError
from realtime.ports import Entry, Ports

from . import occupancy, presence
from .counting import tell_count
from .disconnect import forget
from .settling import PAUSES, once


def unsubscribe(
    connection: Connection, channel_name: str, received_at: int, ports: Ports, pauses: Sequence[float] = PAUSES
) -> bool:
    """Stop hearing a channel; `received_at` (ms) is when the client asked. Not having heard it is fine.

    Waits `pauses` (seconds) for a subscription that is still under way.

    False if the connection's row is gone.
    """
    current = once(connection, lambda row: channel_name in row.channels, ports, pauses)
    if current is None:
        return False
    channel = Channel(connection.app_id, channel_name)
    if is_presence(channel_name):
        known, gone = _leave_presence(channel, current, ports)
    else:
        known, gone = _leave(channel, current, received_at, ports), set()
    if channel_name in current.channels:
        occupancy.went(channel, connection.connection_id, ports)
        gone |= set(tell_count(channel, ports).gone)
    forget(sorted(gone), ports)
    return known


def _leave(channel: Channel, connection: Connection, received_at: int, ports: Ports) -> bool:
    # The connection's row first: were it last, it could forget a channel that another message joins meanwhile, and the
    # $disconnect would not know of that subscription.
    known = ports.connections.leave(connection.connection_id, channel.name)
    if ports.subscriptions.take(channel, connection.connection_id, received_at):
        return known
    # It has come back since it asked: frames of one connection may overtake each other.
    if _join_again(connection, Entry(channel.name), ports):
        return True
    ports.subscriptions.remove([(channel, connection.connection_id)])
    return known


def _leave_presence(channel: Channel, connection: Connection, ports: Ports) -> tuple[bool, set[str]]:
    """The user's row first: who subscribes again waits for the connection's row, and so for all of this."""
    user = connection.members.get(channel.name)
    if user is None:
        return ports.connections.leave(connection.connection_id, channel.name), set()
    reader = Reader(connection.connection_id, connection.protocol, 0, user, connection.coalesce)
    gone = set(presence.go(channel, user, reader, ports).gone)
    known = ports.connections.leave(connection.connection_id, channel.name, user)
    row = ports.members.find([(channel, user)]).get((channel, user))
    if row is not None and any(one.connection_id == reader.connection_id for one in row.connections):
        # It did not wait, and has come back in between.
        known = _join_again(connection, Entry(channel.name, user), ports)
    return known, gone


def _join_again(connection: Connection, entry: Entry, ports: Ports) -> bool:
    """Put back what a return has written and this leaving has taken off. False if that cannot be."""
    try:
        return ports.connections.join(connection.connection_id, entry, ports.clock.now())
    except ClientError:
        return False  # meanwhile it has all the channels it may have, or is in this one as another user
