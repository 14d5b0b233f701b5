"""Deliver one event to a channel, whichever protocols its readers speak."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from realtime.domain.channels import is_cache
from realtime.domain.connections import Channel
from realtime.domain.sockets import socket_id
from realtime.ports import Cached, Deliveries, Ports
from realtime.protocols import events, plain, pusher

from .delivery import Frames, deliver, readers_of
from .disconnect import forget

# Pusher: "up to 30 minutes".
CACHE_SECONDS = 30 * 60


class Event(NamedTuple):
    """An event for a channel. `data` is what Pusher's readers get, `plain` the JSON text for plain ones.

    `user_id` is the sender for plain readers, `user` the same as JSON text for Pusher's, presence channels only.
    """

    channel: Channel
    name: str
    data: str
    plain: str
    user_id: str | None = None
    user: str | None = None
    event_id: str | None = None


def event_of_pusher(channel: Channel, name: str, data: str) -> Event:
    """An event as Pusher's SDKs and clients send it: `data` is any text, mostly JSON."""
    return Event(channel, name, data, events.plain_data(data))


def event_of_plain(channel: Channel, broadcast: plain.Broadcast, user_id: str | None) -> Event:
    """An event as a plain client broadcasts it."""
    return Event(channel, broadcast.event, events.pusher_data(broadcast.data), broadcast.data, user_id)


def publish(
    event: Event, ports: Ports, exclude_socket: str | None = None, exclude_connection: str | None = None
) -> Deliveries:
    """Post the event to each reader but the excluded one, then forget those that turned out to be gone."""
    readers = [
        reader
        for reader in readers_of(event.channel, ports)
        if reader.connection_id != exclude_connection
        and (exclude_socket is None or socket_id(reader.connection_id) != exclude_socket)
    ]
    channel = event.channel
    frames = {
        plain.NAME: plain.event(channel.name, event.name, event.plain, event.user_id),
        pusher.NAME: pusher.event(channel.name, event.name, event.data, event.user),
    }
    stamp = None if event.event_id is None else event_stamp(channel, event.event_id)
    result = deliver(channel, readers, Frames(frames, stamp), ports)
    forget(result.gone, ports, channel=channel)
    return result


def trigger(event: Event, ports: Ports, exclude_socket: str | None = None) -> Deliveries:
    """Publish for a server: cache channels keep it."""
    if is_cache(event.channel.name):
        now = ports.clock.now()
        event_id = sha256(f"{now}\n{event.name}\n{event.data}".encode(errors="surrogatepass")).hexdigest()[:16]
        event = event._replace(event_id=event_id)
        # Kept before it is published: who subscribes meanwhile gets it once, from here or from there.
        cached = Cached(event.name, event.data, event_id, now, now + CACHE_SECONDS * 1000)
        ports.state.cache(event.channel, cached)
    return publish(event, ports, exclude_socket)


def event_stamp(channel: Channel, event_id: str) -> str:
    """What tells a cached event from the next; kept in `Connection.saw`."""
    return f"{sha256(channel.key.encode()).hexdigest()[:8]}{event_id}"
