"""One request of an app, and what it may ask of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from realtime.domain.apps import App
from realtime.domain.connections import Channel
from realtime.ports import Ports
from realtime.protocols.http_messages import Params, Request
from realtime.protocols.http_routes import Route
from realtime.protocols.pusher_http import CACHE, SUBSCRIPTION_COUNT, USER_COUNT, applies

from .counting import subscription_count, user_count


class Call(NamedTuple):
    """A request whose sender is known to be `app`. By `deadline` (ms since the epoch) it has to be answered."""

    app: App
    route: Route
    request: Request
    params: Params
    max_data_bytes: int
    deadline: int

    def channel(self, name: str) -> Channel:
        """A channel of the app."""
        return Channel(self.app.app_id, name)

    def late(self, ports: Ports) -> bool:
        """Whether nothing more should be begun."""
        return ports.clock.now() >= self.deadline


def info_of_channel(name: str, attributes: Iterable[str], call: Call, ports: Ports) -> dict[str, Any]:
    """Those of the attributes that the channel has. Raises ServiceError."""
    counts = call.app.settings.subscription_count
    channel = call.channel(name)
    return {
        attribute: _value(attribute, channel, ports)
        for attribute in attributes
        if applies(attribute, name, counts=counts)
    }


def _value(attribute: str, channel: Channel, ports: Ports) -> Any:
    return _VALUES[attribute](channel, ports)


def _cache(channel: Channel, ports: Ports) -> dict[str, Any] | None:
    now = ports.clock.now()
    cached = ports.state.cached(channel, now)
    return None if cached is None else {"data": cached.data, "ttl": max(0, cached.expires_at - now) // 1000}


_VALUES = {USER_COUNT: user_count, SUBSCRIPTION_COUNT: subscription_count, CACHE: _cache}
