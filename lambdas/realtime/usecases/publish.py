"""Publish one event to a channel, whichever protocols its readers speak."""

from __future__ import annotations

from hashlib import sha256

from realtime.domain.channels import is_cache
from realtime.domain.connections import Channel
from realtime.ports import Cached, Ports
from realtime.protocols import events, plain

from .disconnect import forget
from .fanout import Published, fan_out
from .parcel import Event

# Pusher: "up to 30 minutes".
CACHE_SECONDS = 30 * 60


def event_of_pusher(channel: Channel, name: str, data: str) -> Event:
    """An event as Pusher's SDKs and clients send it: `data` is any text, mostly JSON."""
    return Event(channel, name, data)


def event_of_plain(channel: Channel, broadcast: plain.Broadcast, user_id: str | None) -> Event:
    """An event as a plain client broadcasts it."""
    return Event(channel, broadcast.event, events.pusher_data(broadcast.data), user_id)


def publish(event: Event, ports: Ports) -> Published:
    """Deliver the event (`fan_out`), then forget those that turned out to be gone. Raises ServiceError."""
    published = fan_out(event, ports)
    forget(published.deliveries.gone, ports, channel=event.channel)
    return published


def trigger(event: Event, ports: Ports) -> Published:
    """Publish for a server: cache channels keep it."""
    if is_cache(event.channel.name):
        now = ports.clock.now()
        event_id = sha256(f"{now}\n{event.name}\n{event.data}".encode(errors="surrogatepass")).hexdigest()[:16]
        event = event._replace(event_id=event_id)
        # Kept before it is published: who subscribes meanwhile gets it once, from here or from there.
        cached = Cached(event.name, event.data, event_id, now, now + CACHE_SECONDS * 1000)
        ports.state.cache(event.channel, cached)
    return publish(event, ports)
