"""Deliver an event to a channel: to a few readers at once, to many by invocations of their own.

A publisher's events reach a small channel in the order in which it published them, because each is delivered before
its publish returns. Beyond `Limits.direct_readers` there is no such order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import NamedTuple

from realtime.domain.connections import SHORTEST_WAIT_MS, Channel, Reader
from realtime.domain.errors import ServiceError
from realtime.ports import Deliveries, Ports

from .delivery import NOBODY, are_by_user, deliver, readers_of
from .later import tell_failure
from .parcel import Event, Parcel, frames_of


class Published(NamedTuple):
    """What became of an event: who has it, in how many `shares` it is on its way, for how many it waits."""

    deliveries: Deliveries = NOBODY
    shares: int = 0
    waiting: int = 0


def fan_out(event: Event, ports: Ports) -> Published:
    """Deliver to each reader but the excluded one. The gone are in the result, forgotten by nobody.

    Where there are no more readers than `Limits.direct_readers`, they have it when this returns. Raises ServiceError.
    """
    readers, are_all = first(ports.limits.direct_readers, event.channel, ports)
    waiting = _let_wait(event, readers, are_all, ports) if ports.limits.coalesce_max_ms > 0 and event.plain else None
    parcel = Parcel(event.channel, [event], None if waiting is None else False)
    return _dispatch([parcel], readers, are_all, ports)._replace(waiting=waiting or 0)


def dispatch(parcels: Sequence[Parcel], ports: Ports) -> Published:
    """Deliver parcels of one channel, one at least, to those that they are for, as `fan_out` does."""
    readers, are_all = first(ports.limits.direct_readers, parcels[0].channel, ports)
    return _dispatch(parcels, readers, are_all, ports)


def _dispatch(parcels: Sequence[Parcel], readers: Sequence[Reader], are_all: bool, ports: Ports) -> Published:
    if are_all:
        frames, *then = map(frames_of, parcels)
        return Published(deliver(parcels[0].channel, readers, frames._replace(then=then), ports))
    from .sharing import share_out

    return Published(shares=sum(share_out(parcel, readers, ports) for parcel in parcels))


def first(most: int, channel: Channel, ports: Ports) -> tuple[list[Reader], bool]:
    """The channel's readers and True; or, where there are more than `most`, the first of them and False."""
    if are_by_user(channel):
        return readers_of(channel, ports), True
    pages = ports.subscriptions.readers(channel, ports.clock.now(), page=most + 1)
    readers = list(islice(chain.from_iterable(pages), most + 1))
    return readers, len(readers) <= most


def _let_wait(event: Event, readers: Sequence[Reader], are_all: bool, ports: Ports) -> int | None:
    """Let the event wait for those readers that want it so; return how many are known. None: nobody is to wait for it.

    It waits as long as the most hasty of them wants, the excluded one included: others that come meanwhile are for it.
    Where not all readers are known, that is as short as can be.
    """
    hasty = min((reader.coalesce for reader in readers if reader.coalesce > 0), default=SHORTEST_WAIT_MS)
    frames = frames_of(Parcel(event.channel, [event], coalesced=True))
    waiting = sum(frames.of(reader) is not None for reader in readers)
    if are_all and not waiting:
        return 0
    from .coalescing import wait

    try:
        wait(event, min(ports.limits.coalesce_max_ms, hasty if are_all else SHORTEST_WAIT_MS), ports)
    except ServiceError as failure:
        # More wait than a row can hold, say. They get it with all others, and before those that wait.
        tell_failure(failure, ports, channel=event.channel.name)
        return None
    return waiting
