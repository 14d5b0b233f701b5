"""Post frames to the readers of a channel, each after its client has been told that it is in.

A reader's row is written before its client is told, so that no event is lost in between. Here is the other half: a row
that is fresh is delivered to only once the connection's own row names the channel, which it does from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Reader, is_server_to_user
from realtime.domain.sockets import socket_id
from realtime.ports import Deliveries, Fate, Ports, Posted

# Older rows have been told, or their function has ended (functions.tf: it takes less to subscribe, failures included).
FRESH_MS = 20_000
# How long to wait for a client to be told, in seconds: it is a post and a write away.
_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.9)
# Who is not told by then may be one that left after its row was read: worth a read, before this pause's end.
_LOOK_AGAIN = 0.08

# So many connections are named in a line of the log.
_NAMED_MOST = 100
NEVER_TOLD = "never told of the channel"

NOBODY = Deliveries()


class Frames(NamedTuple):
    """What readers get, by protocol; who speaks another gets nothing. Who `saw` the stamp knows it already.

    With `after` it is only for those who saw that stamp; `even_to` are connections that get it whatever they saw.
    `instead` is what a connection gets that has one of these socket ids: another frame, or None for nothing.
    `coalesced`: only for those that let events wait (True), only for the others (False). `then` are further frames for
    the same readers, each after the one before: who does not get one gets none of the next.
    """

    by_protocol: Mapping[str, str]
    stamp: str | None = None
    after: str | None = None
    even_to: Collection[str] = ()
    instead: Mapping[str, str | None] = {}
    coalesced: bool | None = None
    then: Sequence[Frames] = ()

    def all_of(self, reader: Reader) -> list[str]:
        """What this reader gets, in its order."""
        found = [frames.of(reader) for frames in (self, *self.then)]
        return [frame for frame in found if frame is not None]

    def of(self, reader: Reader) -> str | None:
        """What this reader gets, `then` aside."""
        if self.coalesced is not None and self.coalesced != (reader.coalesce > 0):
            return None
        frame = self.by_protocol.get(reader.protocol)
        if not self.instead or frame is None:
            return frame
        return self.instead.get(socket_id(reader.connection_id), frame)

    def are_for(self, row: Connection) -> bool:
        """Whether this connection is to get them."""
        if row.connection_id in self.even_to:
            return True
        return self.stamp not in row.saw and (self.after is None or self.after in row.saw)


def are_by_user(channel: Channel) -> bool:
    """Whether readers are kept by user, in `members`: as many as a channel has members, or a user connections."""
    return is_presence(channel.name) or is_server_to_user(channel.name)


def readers_of(channel: Channel, ports: Ports) -> list[Reader]:
    """The channel's live readers. A signed-in user's are those of `#server-to-user-<id>`."""
    now = ports.clock.now()
    if are_by_user(channel):
        return [reader for page in ports.members.rows(channel, now) for row in page for reader in row.connections]
    return [reader for page in ports.subscriptions.readers(channel, now) for reader in page]


def deliver(
    channel: Channel, readers: Iterable[Reader], frames: Frames, ports: Ports, timeout: float | None = None
) -> Deliveries:
    """Post to each reader that speaks one of the protocols. Nobody is forgotten here: the gone are in the result.

    `timeout` in seconds ends all of it.
    """
    now = ports.clock.now()
    ends_at = None if timeout is None else now + timeout * 1000
    ready, waiting = sort(channel, readers, frames, ports)
    result = _post(ready, frames, ports, ends_at)
    for pause in _PAUSES:
        if not waiting or (ends_at is not None and ports.clock.now() + pause * 1000 >= ends_at):
            break
        ports.clock.sleep(pause)
        if pause == _LOOK_AGAIN:
            waiting = _still_readers(channel, waiting, ports)
        told, waiting = _sort_fresh(channel, waiting, frames, ports)
        result = _add(result, _post(told, frames, ports, ends_at))
    late = [reader.connection_id for reader in waiting]
    reasons = {**result.reasons, NEVER_TOLD: len(late)} if late else result.reasons
    result = result._replace(failed=[*result.failed, *late], reasons=reasons)
    ports.telemetry.count("Deliveries", len(result.delivered))
    tell_failures(channel, result, ports)
    return result


def sort(
    channel: Channel, readers: Iterable[Reader], frames: Frames, ports: Ports
) -> tuple[list[Reader], list[Reader]]:
    """Those of the readers that are to get the frames now, and those whose clients have yet to be told."""
    now = ports.clock.now()
    addressed = [reader for reader in readers if frames.all_of(reader)]
    fresh = [reader for reader in addressed if now - reader.since < FRESH_MS]
    told, waiting = _sort_fresh(channel, fresh, frames, ports)
    settled = [reader for reader in addressed if now - reader.since >= FRESH_MS and frames.after is None]
    return [*settled, *told], waiting


def _sort_fresh(
    channel: Channel, fresh: Sequence[Reader], frames: Frames, ports: Ports
) -> tuple[list[Reader], list[Reader]]:
    """Of fresh readers: those whose client has been told and is to get this, and those still to be told."""
    if not fresh:
        return [], []
    rows = ports.connections.find_all([reader.connection_id for reader in fresh])
    there = [(reader, rows[reader.connection_id]) for reader in fresh if reader.connection_id in rows]
    told = [reader for reader, row in there if _is_told(row, channel) and frames.are_for(row)]
    return told, [reader for reader, row in there if not _is_told(row, channel)]


def _still_readers(channel: Channel, waiting: Sequence[Reader], ports: Ports) -> list[Reader]:
    if not waiting:
        return []
    if are_by_user(channel):
        current = {reader.connection_id for reader in readers_of(channel, ports)}
    else:
        current = ports.subscriptions.existing(channel, {reader.connection_id for reader in waiting})
    return [reader for reader in waiting if reader.connection_id in current]


def _is_told(row: Connection, channel: Channel) -> bool:
    # Signing in is what lets a connection hear its user's events, and is told in its own way.
    return row.user_data is not None if is_server_to_user(channel.name) else channel.name in row.channels


def _post(readers: Sequence[Reader], frames: Frames, ports: Ports, ends_at: float | None) -> Deliveries:
    if not readers:
        return NOBODY
    pairs = [(reader.connection_id, frame) for reader in readers for frame in frames.all_of(reader)]
    timeout = None if ends_at is None else max(0.0, (ends_at - ports.clock.now()) / 1000)
    return ports.outbox.post_each(pairs, timeout)


def _add(one: Deliveries, other: Deliveries) -> Deliveries:
    reasons = {name: one.reasons.get(name, 0) + other.reasons.get(name, 0) for name in {**one.reasons, **other.reasons}}
    return Deliveries(
        [*one.delivered, *other.delivered],
        [*one.gone, *other.gone],
        [*one.throttled, *other.throttled],
        [*one.failed, *other.failed],
        reasons,
    )


class Tally:
    """What became of what was posted, when those who have it are too many to name."""

    def __init__(self) -> None:
        self.delivered = 0
        self._others: dict[Fate, list[str]] = {"gone": [], "throttled": [], "failed": []}
        self._reasons: dict[str, int] = {}

    def add(self, posted: Posted) -> None:
        """Count one."""
        if posted.fate == "delivered":
            self.delivered += 1
            return
        self._others[posted.fate].append(posted.connection_id)
        if posted.reason is not None and posted.fate != "gone":
            self._reasons[posted.reason] = self._reasons.get(posted.reason, 0) + 1

    def deliveries(self) -> Deliveries:
        """All but the delivered."""
        return Deliveries((), self._others["gone"], self._others["throttled"], self._others["failed"], self._reasons)


def tell_failures(channel: Channel, result: Deliveries, ports: Ports) -> None:
    """Log and count what was not delivered."""
    if not result.throttled and not result.failed:
        return
    ports.telemetry.log(
        "ERROR",
        "deliveries failed",
        channel=channel.name,
        throttled=list(result.throttled[:_NAMED_MOST]),
        failed=list(result.failed[:_NAMED_MOST]),
        reasons=dict(result.reasons),
    )
    ports.telemetry.count("DeliveriesFailed", len(result.throttled) + len(result.failed))
