"""Pusher's HTTP API: what the server libraries ask for. Every reader raises HttpError for what it does not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from realtime.domain.channels import (
    MAX_CHANNEL_LENGTH,
    MAX_EVENT_LENGTH,
    is_cache,
    is_channel,
    is_encrypted,
    is_event,
    is_presence,
)
from realtime.domain.connections import MAX_NAME_LENGTH, server_to_user
from realtime.domain.json_text import has_utf8, size_of
from realtime.domain.sockets import is_socket_id

from .http_messages import HttpError, Params, every, one

MAX_CHANNELS = 100
MAX_BATCH = 10
USER_COUNT, SUBSCRIPTION_COUNT, CACHE = "user_count", "subscription_count", "cache"
# What a publish and the list of channels can tell; a single channel can tell what it keeps as well.
COUNTS = (USER_COUNT, SUBSCRIPTION_COUNT)

_ALPHABET = "A-Z a-z 0-9 _ - = @ , . ;"
_TO_USER = server_to_user("", "").name


class Publication(NamedTuple):
    """An event for some channels, each named once. `info` is what to tell of them; None if nothing was asked."""

    name: str
    data: str
    channels: tuple[str, ...]
    socket_id: str | None
    info: tuple[str, ...] | None


def publication_of(fields: Mapping[str, Any], params: Params, max_bytes: int) -> Publication:
    """Read what is to be published; what the body does not say may stand in the query string.

    Raises HttpError: 400, and 413 for more than `max_bytes` of data.
    """
    given = {**_fields_of_query(params), **{name: value for name, value in fields.items() if value is not None}}
    channels = given.get("channels")
    if channels is None and "channel" in given:
        channels = [given["channel"]]
    return _publication(given, _channels(channels), max_bytes)


def batch_of(fields: Mapping[str, Any], max_bytes: int) -> list[Publication]:
    """Read a batch: an event and its one channel an item. Raises HttpError: 400 and 413."""
    items = fields.get("batch")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise HttpError(400, "The batch is not a list of objects.")
    if not 1 <= len(items) <= MAX_BATCH:
        raise HttpError(400, f"A batch has 1 to {MAX_BATCH} events.")
    return [_publication(item, _channels([item.get("channel")]), max_bytes) for item in items]


def info_of(text: str | None) -> tuple[str, ...]:
    """The attributes that are asked for, each once; they may be of any name."""
    names = (name.strip() for name in (text or "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def info_of_query(params: Params, channel: str, allowed: Sequence[str], *, counts: bool) -> tuple[str, ...]:
    """The attributes that a GET asks for. Raises HttpError(400) for one that `channel` does not have.

    Of a list of channels, `channel` is the prefix that they share. `counts`: whether the app counts subscriptions.
    """
    info = info_of(one(params, "info"))
    for name in info:
        if name not in allowed:
            raise HttpError(400, f"The info here is of {', '.join(allowed)}.")
        if not applies(name, channel, counts=counts):
            raise HttpError(400, f"{_NEEDS[name]}.")
    return info


def applies(attribute: str, channel: str, *, counts: bool) -> bool:
    """Whether a channel has this attribute. `counts`: whether the app counts subscriptions."""
    if attribute == USER_COUNT:
        return is_presence(channel)
    if attribute == SUBSCRIPTION_COUNT:
        return counts and not (is_presence(channel) or channel.startswith("#"))
    return attribute == CACHE and is_cache(channel)


def channel_of(name: str) -> str:
    """The channel that a path names. Raises HttpError(400)."""
    if not is_channel(name):
        raise HttpError(400, f"A channel name has 1 to {MAX_CHANNEL_LENGTH} characters of {_ALPHABET}")
    return name


def user_of(name: str) -> str:
    """The user that a path names. Raises HttpError(400)."""
    if not _is_user(name):
        raise HttpError(400, f"A user id has 1 to {MAX_NAME_LENGTH} characters of {_ALPHABET}")
    return name


_NEEDS = {
    USER_COUNT: "Only presence channels have a user_count: of a list, filter_by_prefix must begin with presence-",
    SUBSCRIPTION_COUNT: "Presence channels have no subscription_count, nor do apps whose setting of that name is off",
    CACHE: "Only cache channels keep an event",
}


def _fields_of_query(params: Params) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: value
        for name in ("name", "data", "channel", "socket_id", "info")
        if (value := one(params, name)) is not None
    }
    channels = every(params, "channels[]")
    return {**given, "channels": channels} if channels else given


def _publication(fields: Mapping[str, Any], channels: tuple[str, ...], max_bytes: int) -> Publication:
    name, data = _text(fields, "name"), _text(fields, "data")
    if not is_event(name):
        told = f"An event name has 1 to {MAX_EVENT_LENGTH} characters and begins with none of Pusher's own prefixes."
        raise HttpError(400, told)
    if size_of(data) > max_bytes:
        raise HttpError(413, f"The data have {size_of(data)} bytes; {max_bytes} are allowed.")
    socket_id = _optional(fields, "socket_id")
    if not (socket_id is None or is_socket_id(socket_id)):
        raise HttpError(400, "The socket_id is not of the form <digits>.<digits>")
    info = _optional(fields, "info")
    return Publication(name, data, channels, socket_id, None if info is None else info_of(info))


def _channels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHANNELS:
        raise HttpError(400, f"An event goes to a list of 1 to {MAX_CHANNELS} channels.")
    for name in value:
        if not (isinstance(name, str) and (is_channel(name) or _is_user_channel(name))):
            raise HttpError(400, f"A channel name has 1 to {MAX_CHANNEL_LENGTH} characters of {_ALPHABET}")
    channels = tuple(dict.fromkeys(value))
    # Its data are encrypted for one channel. Whoever sends them to another as well has not encrypted them.
    if len(channels) > 1 and any(map(is_encrypted, channels)):
        raise HttpError(400, "An event of an encrypted channel goes to that channel alone.")
    return channels


def _is_user_channel(name: str) -> bool:
    return name.startswith(_TO_USER) and _is_user(name.removeprefix(_TO_USER))


def _is_user(name: str) -> bool:
    """What can sign in: see `realtime.domain.users`."""
    return is_channel(name) and len(name) <= MAX_NAME_LENGTH


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = _optional(fields, name)
    if value is None:
        raise HttpError(400, f'The field "{name}" is missing.')
    return value


def _optional(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if not (value is None or isinstance(value, str)):
        raise HttpError(400, f'The field "{name}" is not a string.')
    if value is not None and not has_utf8(value):
        raise HttpError(400, f'The field "{name}" has no UTF-8 form.')
    return value
