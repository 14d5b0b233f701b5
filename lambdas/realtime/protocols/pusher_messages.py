"""What a Pusher client says. Every reader takes what any client library sends, and raises PusherError for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from realtime.domain.channels import MAX_EVENT_LENGTH, is_channel, needs_signature
from realtime.domain.errors import PusherError
from realtime.domain.json_text import compact, has_utf8, parse, size_of

CLIENT_PREFIX = "client-"

_UNAUTHORIZED = 4009
_CLIENT_EVENT_REFUSED = 4301


class Frame(NamedTuple):
    """A client's frame. `data` is of any JSON type; None where it is null or absent."""

    event: str
    channel: str | None
    data: Any


class Subscribe(NamedTuple):
    """`channel` is any string yet. `auth` may be empty: pusher-js sends that for public channels."""

    channel: str
    auth: str | None
    channel_data: str | None


class Signin(NamedTuple):
    """`user_data` is exactly what was signed."""

    auth: str
    user_data: str


class ClientEvent(NamedTuple):
    """`channel` is a private or presence channel by its name; whether the sender is in it is another question."""

    channel: str
    event: str
    data: str


def decode(body: str) -> Frame:
    """Read a frame. Raises PusherError without a code: Pusher has none for this."""
    try:
        fields = parse(body)
    except ValueError:
        raise PusherError(None, "The frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise PusherError(None, "The frame is not a JSON object.")
    return Frame(_text(fields, "event"), _text_or_none(fields, "channel"), fields.get("data"))


def subscribe_of(frame: Frame) -> Subscribe:
    """The parts of `pusher:subscribe`. The channel's name is not checked: a bad one has an answer of its own.

    An empty `channel_data` counts as absent, as it does for the libraries that sign. Raises PusherError.
    """
    fields = _fields(frame)
    channel_data = _text_or_none(fields, "channel_data") or None
    return Subscribe(_text(fields, "channel"), _text_or_none(fields, "auth"), channel_data)


def unsubscribe_of(frame: Frame) -> str:
    """The channel of `pusher:unsubscribe`, possibly `#server-to-user-…`. Raises PusherError."""
    channel = _text(_fields(frame), "channel")
    if not is_channel(channel.removeprefix("#")):
        raise PusherError(_UNAUTHORIZED, "There is no such channel name.")
    return channel


def signin_of(frame: Frame) -> Signin:
    """The parts of `pusher:signin`. Raises PusherError(4009)."""
    try:
        fields = _fields(frame)
        return Signin(_text(fields, "auth"), _text(fields, "user_data"))
    except PusherError as refusal:
        raise PusherError(_UNAUTHORIZED, refusal.message) from None


def client_event_of(frame: Frame, max_bytes: int) -> ClientEvent:
    """The parts of a `client-…` event. Raises PusherError: 4301 for a long name or more than `max_bytes` of data.

    Data that are no string become JSON, as Swift's library reads strings only. Without data they are "null": pusher-js
    leaves `undefined` out, Java's library fails on an event that has no data, and null is what is nearest.
    """
    if not frame.event.startswith(CLIENT_PREFIX):
        raise PusherError(None, f'The name of a client event begins with "{CLIENT_PREFIX}".')
    if len(frame.event) > MAX_EVENT_LENGTH:
        raise PusherError(_CLIENT_EVENT_REFUSED, f"An event name has at most {MAX_EVENT_LENGTH} characters.")
    if frame.channel is None or not is_channel(frame.channel) or not needs_signature(frame.channel):
        raise PusherError(None, "Client events are for private and presence channels.")
    data = _data(frame.data, max_bytes)
    if not (has_utf8(frame.event) and has_utf8(data)):
        raise PusherError(None, "The name or the data of the event have no UTF-8 form.")
    return ClientEvent(frame.channel, frame.event, data)


def _data(value: Any, limit: int) -> str:
    try:
        text = value if isinstance(value, str) else compact(value)
    except ValueError:
        raise PusherError(None, "The data hold a number beyond JSON's range, or are nested too deeply.") from None
    if size_of(text) > limit:
        raise PusherError(_CLIENT_EVENT_REFUSED, f"The data have {size_of(text)} bytes; {limit} are allowed.")
    return text


def _fields(frame: Frame) -> Mapping[str, Any]:
    """The data of one of Pusher's own events: an object, or a string that holds one."""
    try:
        fields = parse(frame.data) if isinstance(frame.data, str) else frame.data
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise PusherError(None, "The data of this event are neither an object nor the JSON of one.")
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = _text_or_none(fields, name)
    if value is None:
        raise PusherError(None, f'The field "{name}" is missing.')
    return value


def _text_or_none(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if not (value is None or isinstance(value, str)):
        raise PusherError(None, f'The field "{name}" is not a string.')
    return value
