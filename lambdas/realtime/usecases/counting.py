"""How many read a channel, and the frame that tells them."""

from __future__ import annotations

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Presence
from realtime.domain.json_text import compact
from realtime.ports import Deliveries, Ports

from . import later
from .delivery import NOBODY, deliver
from .fanout import fan_out, first
from .parcel import Event, Parcel, frames_of

# Above so many subscribers they are told every so often (ms), as at Pusher.
_MANY = 100
_PAUSE_MS = 5_000


def members_of(channel: Channel, ports: Ports) -> list[Presence]:
    """The users that are in a presence channel."""
    return [row for page in ports.members.rows(channel, ports.clock.now()) for row in page if row.connections]


def user_count(channel: Channel, ports: Ports) -> int:
    """How many users are in a presence channel."""
    return len(members_of(channel, ports))


def subscription_count(channel: Channel, ports: Ports) -> int:
    """How many connections read a channel."""
    if is_presence(channel.name):
        return sum(len(row.connections) for row in members_of(channel, ports))
    return ports.subscriptions.count(channel, ports.clock.now())


def tell_count(channel: Channel, ports: Ports) -> Deliveries:
    """Tell the subscribers, and the app's endpoints, how many they are: if the app wants it, and not too often."""
    app = ports.apps.by_id(channel.app_id)
    if app is None or not app.settings.subscription_count or is_presence(channel.name):
        return NOBODY
    now = ports.clock.now()
    readers, are_all = first(_MANY, channel, ports)
    if not are_all and not ports.channels.count_now(channel, now, _PAUSE_MS):
        # One task for all the changes until then.
        if ports.state.once(f"count:{channel.key}", now, _PAUSE_MS // 1000):
            later.send([later.count(channel, _PAUSE_MS // 1000)], ports)
        return NOBODY
    count = len(readers) if are_all else subscription_count(channel, ports)
    later.tell_app(channel, "subscription_count", ports, subscription_count=count)
    event = Event(channel, "pusher_internal:subscription_count", compact({"subscription_count": count}), plain=False)
    if are_all:
        return deliver(channel, readers, frames_of(Parcel(channel, [event])), ports)
    return fan_out(event, ports).deliveries
