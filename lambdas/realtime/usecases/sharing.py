"""Share a large channel's readers out to invocations of their own, by ranges of connection ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from realtime.domain.connections import Channel, Reader
from realtime.domain.ranges import EVERY, Range, estimate, split
from realtime.ports import Ports

from .parcel import Parcel, decode, encode

KIND = "share"


class Share(NamedTuple):
    """A parcel for those readers of its channel whose ids are in a range. `published_at` in ms.

    Each share of a publish has an `id` of its own, under which its progress is kept.
    """

    id: str
    parcel: Parcel
    within: Range
    published_at: int

    def job(self) -> dict[str, Any]:
        """The share as the payload of an invocation."""
        within, parcel = list(self.within), encode(self.parcel)
        return {"kind": KIND, "id": self.id, "within": within, "publishedAt": self.published_at, "parcel": parcel}


def share_of(job: Mapping[str, Any]) -> Share:
    """The share of an invocation's payload."""
    return Share(job["id"], decode(job["parcel"]), Range(*job["within"]), job["publishedAt"])


def share_out(parcel: Parcel, known: Sequence[Reader], ports: Ports) -> int:
    """Start a share for each range of the channel's ids; return how many. `known` are the first readers, one at least.

    Raises ServiceError; some shares may have been started then.
    """
    sharing, now = ports.sharing(), ports.clock.now()
    publish_id = sharing.new_id()
    shares = [
        Share(f"{publish_id}.{number}", parcel, within, now)
        for number, within in enumerate(_ranges(parcel.channel, known, ports))
    ]
    sharing.invoker.start([share.job() for share in shares])
    ports.telemetry.count("Shares", len(shares))
    return len(shares)


def _ranges(channel: Channel, known: Sequence[Reader], ports: Ports) -> list[Range]:
    low, reached = known[0].connection_id, known[-1].connection_id
    high = ports.subscriptions.last(channel) or reached
    readers = estimate(low, reached, high, len(known))
    wanted = -(-readers // ports.limits.share_readers)
    parts = min(wanted, ports.limits.max_shares)
    return split(low, high, parts) if parts > 1 else [EVERY]
