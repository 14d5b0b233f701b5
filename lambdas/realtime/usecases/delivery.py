"""Post frames to the readers of a channel, each after its client has been told that it is in.

A reader's row is written before its client is told, so that no event is lost in between. Here is the other half: a row
that is fresh is delivered to only once the connection's own row names the channel, which it does from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Reader, is_server_to_user
from realtime.ports import Deliveries, Ports

# Older rows have been told, or their function has ended (functions.tf: it takes less to subscribe, failures included).
FRESH_MS = 20_000
# How long to wait for a client to be told, in seconds: it is a post and a write away.
_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.9)
# Who is not told by then may be one that left after its row was read: worth a read, before this pause's end.
_LOOK_AGAIN = 0.08

NOBODY = Deliveries()


class Frames(NamedTuple):
    """What readers get, by protocol; who speaks another gets nothing. Who `saw` the stamp knows it already.

    With `after` it is only for those who saw that stamp; `even_to` are connections that get it whatever they saw.
    """

    by_protocol: Mapping[str, str]
    stamp: str | None = None
    after: str | None = None
    even_to: Collection[str] = ()

    def are_for(self, row: Connection) -> bool:
        """Whether this connection is to get them."""
        if row.connection_id in self.even_to:
            return True
        return self.stamp not in row.saw and (self.after is None or self.after in row.saw)


def readers_of(channel: Channel, ports: Ports) -> list[Reader]:
    """The channel's live readers. A signed-in user's are those of `#server-to-user-<id>`."""
    now = ports.clock.now()
    if is_presence(channel.name) or is_server_to_user(channel.name):
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
    addressed = [reader for reader in readers if reader.protocol in frames.by_protocol]
    fresh = [reader for reader in addressed if now - reader.since < FRESH_MS]
    told, waiting = _sort(channel, fresh, frames, ports)
    settled = [reader for reader in addressed if now - reader.since >= FRESH_MS and frames.after is None]
    result = _post([*settled, *told], frames, ports, ends_at)
    for pause in _PAUSES:
        if not waiting or (ends_at is not None and ports.clock.now() + pause * 1000 >= ends_at):
            break
        ports.clock.sleep(pause)
        if pause == _LOOK_AGAIN:
            waiting = _still_readers(channel, waiting, ports)
        told, waiting = _sort(channel, waiting, frames, ports)
        result = _add(result, _post(told, frames, ports, ends_at))
    late = [reader.connection_id for reader in waiting]
    result = result._replace(failed=[*result.failed, *late])
    _tell_failures(channel, result, ports)
    return result


def _sort(channel: Channel, fresh: Sequence[Reader], frames: Frames, ports: Ports) -> tuple[list[Reader], list[Reader]]:
    """Of fresh readers: those whose client has been told and is to get this, and those still to be told."""
    if not fresh:
        return [], []
    rows = ports.connections.find_all([reader.connection_id for reader in fresh])
    there = [(reader, rows[reader.connection_id]) for reader in fresh if reader.connection_id in rows]
    told = [reader for reader, row in there if _is_told(row, channel) and frames.are_for(row)]
    return told, [reader for reader, row in there if not _is_told(row, channel)]


def _still_readers(channel: Channel, waiting: Sequence[Reader], ports: Ports) -> list[Reader]:
    current = {reader.connection_id for reader in readers_of(channel, ports)} if waiting else set()
    return [reader for reader in waiting if reader.connection_id in current]


def _is_told(row: Connection, channel: Channel) -> bool:
    # Signing in is what lets a connection hear its user's events, and is told in its own way.
    return row.user_data is not None if is_server_to_user(channel.name) else channel.name in row.channels


def _post(readers: Sequence[Reader], frames: Frames, ports: Ports, ends_at: float | None) -> Deliveries:
    if not readers:
        return NOBODY
    pairs = [(reader.connection_id, frames.by_protocol[reader.protocol]) for reader in readers]
    timeout = None if ends_at is None else max(0.0, (ends_at - ports.clock.now()) / 1000)
    return ports.outbox.post_each(pairs, timeout)


def _add(one: Deliveries, other: Deliveries) -> Deliveries:
    return Deliveries(*([*a, *b] for a, b in zip(one, other, strict=True)))


def _tell_failures(channel: Channel, result: Deliveries, ports: Ports) -> None:
    ports.telemetry.count("Deliveries", len(result.delivered))
    if result.throttled or result.failed:
        ports.telemetry.log(
            "ERROR",
            "deliveries failed",
            channel=channel.name,
            throttled=list(result.throttled),
            failed=list(result.failed),
        )
        ports.telemetry.count("DeliveriesFailed", len(result.throttled) + len(result.failed))
