"""Let events wait for others to share a frame with: API Gateway meters by frame, not by event.

Events wait by channel, for the readers that asked for it. The first that waits starts an invocation, which takes all
that have come when the wait is over. So no event waits longer than asked, but for the time that it takes to start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.domain.json_text import compact
from realtime.ports import Ports

from .disconnect import forget
from .fanout import dispatch
from .later import tell_failure
from .parcel import Event, Parcel, decode_event, encode_event, plain_frame

KIND = "flush"
# API Gateway meters by 32 KB. What a frame has around its events is small.
_METERED_BYTES = 32_768 - 64
# How long to wait for the flush before, in seconds, and how often to look.
_PATIENCE = 10.0
_LOOK = 0.05


def wait(event: Event, window: int, ports: Ports) -> None:
    """Let the event wait for `window` ms at most, or less if others wait already.

    Raises ServiceError: it does not wait. Once it does nothing is raised: the caller would deliver it at once as well.
    """
    sharing, channel = ports.sharing(), event.channel
    entry = compact(encode_event(event))
    job = {"kind": KIND, "id": sharing.new_id(), "app": channel.app_id, "channel": channel.name, "wait": window}
    try:
        is_first = sharing.buffers.append(channel, entry, ports.clock.now())
    except ServiceError as failure:
        # More wait than a row can hold, most likely. This one must not overtake them.
        tell_failure(failure, ports, channel=channel.name)
        flush({**job, "id": sharing.new_id(), "wait": 0}, ports)
        is_first = sharing.buffers.append(channel, entry, ports.clock.now())
    if is_first:
        try:
            sharing.invoker.start([job])
        except ServiceError as failure:
            # Those that come next would count on it. Without it nothing waits.
            tell_failure(failure, ports, channel=channel.name)
            _flush_at_once(job, ports)


def _flush_at_once(job: Mapping[str, Any], ports: Ports) -> None:
    """What cannot be flushed waits for the next flush."""
    try:
        flush({**job, "wait": 0}, ports)
    except ServiceError as failure:
        tell_failure(failure, ports, channel=job["channel"])


def flush(job: Mapping[str, Any], ports: Ports) -> None:
    """Wait, then deliver all that has come meanwhile. Raises ServiceError: it is to be tried again.

    A flush that dies is tried again whole: what it took goes out twice then, at worst. Another that waits for it gives
    up after `_PATIENCE`, has taken nothing, and is tried again: after one minute, and after two more. By then the one
    before has ended or counts as dead (Buffers.take), and it takes all.
    """
    channel, buffers = Channel(job["app"], job["channel"]), ports.sharing().buffers
    ports.clock.sleep(job["wait"] / 1000)
    events = [decode_event(channel, json.loads(entry)) for entry in _take(channel, job["id"], ports)]
    if events:
        # All at once, each reader's in their order: one that hangs delays the others once, not once for each.
        published = dispatch(list(_parcels(channel, events)), ports)
        forget(published.deliveries.gone, ports, channel=channel)
        ports.telemetry.count("Coalesced", len(events))
        buffers.done(channel, job["id"])


def _take(channel: Channel, flush_id: str, ports: Ports) -> list[str]:
    """What waits, once the flush before has delivered what it took: events stay in their order."""
    buffers, ends_at = ports.sharing().buffers, ports.clock.now() + _PATIENCE * 1000
    while ports.clock.now() < ends_at:
        entries = buffers.take(channel, flush_id, ports.clock.now())
        if entries is not None:
            return entries
        ports.clock.sleep(_LOOK)
    raise ServiceError("take", "another flush of the channel does not end")


def _parcels(channel: Channel, events: Sequence[Event]) -> Iterator[Parcel]:
    """The events by frames of 32 KB at most; one that is larger by itself."""
    parcel: list[Event] = []
    size = 0
    for event in events:
        length = len(plain_frame(event).encode()) + 1
        if parcel and size + length > _METERED_BYTES:
            yield Parcel(channel, parcel, coalesced=True)
            parcel, size = [], 0
        parcel.append(event)
        size += length
    if parcel:
        yield Parcel(channel, parcel, coalesced=True)
