"""What is delivered to a channel: an event, or several that share a frame; and its form between invocations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from realtime.domain.connections import Channel
from realtime.protocols import events, plain, pusher

from .delivery import Frames


class Event(NamedTuple):
    """An event for a channel. `data` is what Pusher's readers get; plain ones get it as JSON, or not at all (`plain`).

    `user_id` is the sender for plain readers, `user` the same as JSON text for Pusher's, presence channels only.
    `event_id` tells it from others in a cache channel. The reader with the socket id `exclude` does not get it.
    """

    channel: Channel
    name: str
    data: str
    user_id: str | None = None
    user: str | None = None
    event_id: str | None = None
    exclude: str | None = None
    plain: bool = True


class Parcel(NamedTuple):
    """Events of one channel, in their order. `coalesced`: for those who let events wait (True), for the others (False),
    or for everybody (None).
    """

    channel: Channel
    events: Sequence[Event]
    coalesced: bool | None = None


def frames_of(parcel: Parcel) -> Frames:
    """What the readers get."""
    excluded = {event.exclude for event in parcel.events if event.exclude is not None}
    if parcel.coalesced:
        texts = [(event, plain_frame(event)) for event in parcel.events]
        instead = {
            socket: _batch([text for event, text in texts if event.exclude != socket]) for socket in sorted(excluded)
        }
        whole = _batch([text for _, text in texts])
        by_protocol = {} if whole is None else {plain.NAME: whole}
        return Frames(by_protocol, instead=instead, coalesced=True)
    (event,) = parcel.events
    by_protocol = {pusher.NAME: pusher.event(parcel.channel.name, event.name, event.data, event.user)}
    if event.plain:
        by_protocol[plain.NAME] = plain_frame(event)
    stamp = None if event.event_id is None else event_stamp(event.channel, event.event_id)
    return Frames(by_protocol, stamp, instead=dict.fromkeys(excluded), coalesced=parcel.coalesced)


def event_stamp(channel: Channel, event_id: str) -> str:
    """What tells a cached event from the next; kept in `Connection.saw`."""
    return f"{sha256(channel.key.encode()).hexdigest()[:8]}{event_id}"


def plain_frame(event: Event) -> str:
    """What a plain reader gets of one event."""
    return plain.event(event.channel.name, event.name, events.plain_data(event.data), event.user_id)


def encode(parcel: Parcel) -> dict[str, Any]:
    """The parcel as a JSON object."""
    return {
        "app": parcel.channel.app_id,
        "channel": parcel.channel.name,
        "coalesced": parcel.coalesced,
        "events": [encode_event(event) for event in parcel.events],
    }


def decode(fields: Mapping[str, Any]) -> Parcel:
    """The parcel of a JSON object."""
    channel = Channel(fields["app"], fields["channel"])
    return Parcel(channel, [decode_event(channel, event) for event in fields["events"]], fields["coalesced"])


def encode_event(event: Event) -> dict[str, Any]:
    """The event as a JSON object, without its channel and what is not set."""
    fields = {name: value for name, value in event._asdict().items() if name != "channel" and value is not None}
    return {name: value for name, value in fields.items() if value is not True}


def decode_event(channel: Channel, fields: Mapping[str, Any]) -> Event:
    """The event of a JSON object."""
    return Event(channel, **fields)


def _batch(frames: Sequence[str]) -> str | None:
    return plain.coalesced(frames) if frames else None
