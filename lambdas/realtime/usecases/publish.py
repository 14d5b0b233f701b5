"""Deliver one event to a channel."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.domain.connections import Subscription
from realtime.ports import Deliveries, Ports
from realtime.protocols import plain

from .disconnect import forget


def readers_of(channel: str, ports: Ports, now: int) -> list[Subscription]:
    """The channel's live subscriptions at `now` (ms)."""
    return [reader for page in ports.subscriptions.readers(channel, now) for reader in page]


def publish(
    broadcast: plain.Broadcast, readers: Sequence[Subscription], user_id: str | None, ports: Ports
) -> Deliveries:
    """Post the event to each reader, then forget those that turned out to be gone."""
    frame = plain.event(broadcast.channel, broadcast.event, broadcast.data, user_id)
    result = ports.outbox.post([reader.connection_id for reader in readers], frame)
    ports.telemetry.count("Deliveries", len(result.delivered))
    if result.throttled or result.failed:
        ports.telemetry.log(
            "ERROR",
            "deliveries failed",
            channel=broadcast.channel,
            throttled=list(result.throttled),
            failed=list(result.failed),
        )
        ports.telemetry.count("DeliveriesFailed", len(result.throttled) + len(result.failed))
    if result.gone:
        forget(result.gone, ports, channel=broadcast.channel)
    return result
