"""What a client of the plain protocol can ask for. Each action returns the frame of its answer, or None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, is_presence, may_use, team_of, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, Channel, Connection
from realtime.domain.errors import ClientError, ErrorCode, SubscriptionRefused
from realtime.domain.json_text import compact
from realtime.domain.members import Member
from realtime.domain.sockets import socket_id
from realtime.ports import Ports
from realtime.protocols import plain

from .leaving import unsubscribe as leave
from .publish import event_of_plain, publish
from .settling import once
from .subscribing import View, Wish
from .subscribing import subscribe as enter


class Call(NamedTuple):
    """One message of one connection, handled at `now`, received by API Gateway at `received_at` (ms)."""

    connection_id: str
    now: int
    received_at: int
    max_data_bytes: int


def subscribe(message: plain.Message, call: Call, ports: Ports) -> None:
    """Let the connection hear a channel. Again is fine. The answer goes out before the channel's events do."""
    name = plain.channel_of(message)
    connection = _find(call, ports)
    _check_may_join(connection, name)
    wish = Wish(Channel(connection.app_id, name), _member(connection, name), team_of(name), call.received_at)
    try:
        entered = enter(wish, connection, lambda view: _greeting(name, view, message.request_id), ports)
    except SubscriptionRefused as refusal:
        raise ClientError(ErrorCode.FORBIDDEN, refusal.message) from None
    if not entered:
        raise _unknown()


def unsubscribe(message: plain.Message, call: Call, ports: Ports) -> str:
    """Stop hearing a channel. Not having heard it is fine."""
    channel = plain.channel_of(message)
    if not leave(_find(call, ports), channel, call.received_at, ports):
        raise _unknown()
    return plain.unsubscribed(channel, message.request_id)


def broadcast(message: plain.Message, call: Call, ports: Ports) -> None:
    """Send an event to a channel's other subscribers. The sender's own subscription is the permission."""
    event = plain.broadcast_of(message, call.max_data_bytes)
    connection = once(_find(call, ports), lambda row: event.channel in row.channels, ports)
    if connection is None:
        raise _unknown()
    if event.channel not in connection.channels:
        raise ClientError(ErrorCode.NOT_SUBSCRIBED, "Only a subscriber of the channel may broadcast to it.")
    told = event_of_plain(Channel(connection.app_id, event.channel), event, connection.identity.user_id)
    publish(told._replace(exclude=socket_id(connection.connection_id)), ports)


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
    if connection.protocol != plain.NAME:
        raise ClientError(ErrorCode.FORBIDDEN, "This connection speaks Pusher's protocol.")
    return connection


def _check_may_join(connection: Connection, channel: str) -> None:
    identity = connection.identity
    if not may_use(channel, team=identity.team_id, patterns=identity.patterns):
        raise ClientError(ErrorCode.FORBIDDEN, "The token does not open this channel.")
    if is_presence(channel) and identity.user_id is None:
        raise ClientError(ErrorCode.FORBIDDEN, "A presence channel is for users: connect with a token.")
    if channel not in connection.channels and len(connection.channels) >= MAX_CHANNELS_PER_CONNECTION:
        raise too_many_channels()


def _member(connection: Connection, channel: str) -> Member | None:
    """As whom a plain client is in a presence channel: as its token's user, about whom nothing more is known."""
    user = connection.identity.user_id
    if not is_presence(channel) or user is None:
        return None
    return Member(user, compact({"user_id": user}))


def _greeting(channel: str, view: View, request_id: plain.RequestId) -> Sequence[str]:
    return [plain.subscribed(channel, request_id)]


def _unknown() -> ClientError:
    return ClientError(ErrorCode.CONNECTION_UNKNOWN, "This connection is not registered (any more): connect again.")
