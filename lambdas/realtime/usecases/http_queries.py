"""What a server asks about an app's channels."""

from __future__ import annotations

from typing import Any

from realtime.domain.channels import MAX_CHANNEL_LENGTH, is_presence
from realtime.domain.json_text import size_of
from realtime.ports import Ports
from realtime.protocols.http_messages import HttpError, Response, ok, one
from realtime.protocols.pusher_http import (
    CACHE,
    COUNTS,
    SUBSCRIPTION_COUNT,
    USER_COUNT,
    channel_of,
    info_of_query,
)

from .counting import members_of, user_count
from .http_info import Call, info_of_channel

# A Lambda answers with 6 MB at most, in which every quotation mark of ours takes two bytes.
_MAX_ANSWER_BYTES = 4_000_000


def channels(call: Call, ports: Ports) -> Response:
    """The occupied channels, by prefix. Raises HttpError, ServiceError."""
    prefix = one(call.params, "filter_by_prefix") or ""
    info = info_of_query(call.params, prefix, COUNTS, counts=call.app.settings.subscription_count)
    listed: dict[str, Any] = {}
    if len(prefix) > MAX_CHANNEL_LENGTH:
        return ok({"channels": listed})
    size = 0
    for page in ports.channels.occupied(call.app.app_id, prefix):
        for name in page:
            listed[name] = info_of_channel(name, info, call, ports)
            size += len(name) + size_of(str(listed[name])) + len('"":,')
            if size > _MAX_ANSWER_BYTES or call.late(ports):
                raise HttpError(400, "These are too many channels for one answer: filter_by_prefix takes fewer.")
    return ok({"channels": listed})


def channel(call: Call, ports: Ports) -> Response:
    """Whether a channel is occupied, and what else was asked. Raises HttpError, ServiceError."""
    name = channel_of(call.route.name)
    counts = call.app.settings.subscription_count
    info = info_of_query(call.params, name, (*COUNTS, CACHE), counts=counts)
    found = info_of_channel(name, info, call, ports)
    return ok({"occupied": _occupied(name, found, call, ports), **found})


def users(call: Call, ports: Ports) -> Response:
    """Who is in a presence channel. Raises HttpError, ServiceError."""
    name = channel_of(call.route.name)
    if not is_presence(name):
        raise HttpError(400, "Only presence channels have users.")
    return ok({"users": [{"id": member.user} for member in members_of(call.channel(name), ports)]})


def _occupied(name: str, found: dict[str, Any], call: Call, ports: Ports) -> bool:
    """Asked of the readers themselves, once: what is told of a channel must not contradict itself."""
    for count in (USER_COUNT, SUBSCRIPTION_COUNT):
        if count in found:
            return bool(found[count])
    where = call.channel(name)
    if is_presence(name):
        return user_count(where, ports) > 0
    return ports.subscriptions.occupied(where, ports.clock.now())
