"""What a client of the plain protocol can ask for. Each action returns the frame of its answer, or None."""

from __future__ import annotations

from typing import NamedTuple

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, may_use, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, Connection, Subscription
from realtime.domain.errors import ClientError, ErrorCode
from realtime.ports import Ports
from realtime.protocols import plain

from .publish import publish, readers_of


class Call(NamedTuple):
    """One message of one connection, received at `now` (ms)."""

    connection_id: str
    now: int
    max_data_bytes: int


def subscribe(message: plain.Message, call: Call, ports: Ports) -> str:
    """Let the connection hear a channel. Again is fine."""
    channel = plain.channel_of(message)
    connection = _find(call, ports)
    _check_may_join(connection, channel)
    # The subscription first: a $disconnect in between deletes what the connection's row names, so the row must come
    # to name it last. Is the row gone by then, the subscription is taken back.
    ports.subscriptions.add(
        Subscription(channel, call.connection_id, connection.identity.user_id, connection.expires_at)
    )
    try:
        joined = ports.connections.join(call.connection_id, channel, call.now)
    except ClientError:
        ports.subscriptions.remove([(channel, call.connection_id)])
        raise
    if not joined:
        ports.subscriptions.remove([(channel, call.connection_id)])
        raise _unknown()
    return plain.subscribed(channel, message.request_id)


def unsubscribe(message: plain.Message, call: Call, ports: Ports) -> str:
    """Stop hearing a channel. Not having heard it is fine."""
    channel = plain.channel_of(message)
    # The connection's row first: were it last, it could forget a channel that another message joins meanwhile, and the
    # $disconnect would not know of that subscription.
    known = ports.connections.leave(call.connection_id, channel)
    ports.subscriptions.remove([(channel, call.connection_id)])
    if not known:
        raise _unknown()
    return plain.unsubscribed(channel, message.request_id)


def broadcast(message: plain.Message, call: Call, ports: Ports) -> None:
    """Send an event to a channel's other subscribers. The sender's own subscription is the permission."""
    event = plain.broadcast_of(message, call.max_data_bytes)
    readers = readers_of(event.channel, ports, call.now)
    sender = next((reader for reader in readers if reader.connection_id == call.connection_id), None)
    if sender is None:
        raise ClientError(ErrorCode.NOT_SUBSCRIBED, "Only a subscriber of the channel may broadcast to it.")
    publish(event, [reader for reader in readers if reader is not sender], sender.user_id, ports)


def heartbeat(message: plain.Message, call: Call, ports: Ports) -> str:
    """Answer with the server's time and note, at most once a minute, that the client is there."""
    connection = _find(call, ports)
    # Reading costs a fraction of the write that it saves: that of the row and of its copy in the index.
    if call.now - connection.last_seen_at >= SEEN_RESOLUTION_MS:
        ports.connections.seen(call.connection_id, call.now)
    return plain.heartbeat(call.now, message.request_id)


def unknown(message: plain.Message, call: Call, ports: Ports) -> None:
    """Whatever no route took."""
    plain.unknown_action(message)


def _find(call: Call, ports: Ports) -> Connection:
    connection = ports.connections.find(call.connection_id)
    if connection is None:
        raise _unknown()
    return connection


def _check_may_join(connection: Connection, channel: str) -> None:
    identity = connection.identity
    if not may_use(channel, team=identity.team_id, patterns=identity.patterns):
        raise ClientError(ErrorCode.FORBIDDEN, "The token does not open this channel.")
    if channel not in connection.channels and len(connection.channels) >= MAX_CHANNELS_PER_CONNECTION:
        raise too_many_channels()


def _unknown() -> ClientError:
    return ClientError(ErrorCode.CONNECTION_UNKNOWN, "This connection is not registered (any more): connect again.")
