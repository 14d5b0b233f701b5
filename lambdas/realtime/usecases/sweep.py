"""Find what no `$disconnect` told us of: it is best effort, and a client that loses its network sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from realtime.domain.connections import Connection
from realtime.ports import Ports

from .disconnect import disconnect


class Swept(NamedTuple):
    """What one run did. `complete` is False when the time ran out; the next run starts anew."""

    connections: int
    subscriptions: int
    complete: bool


def sweep(ports: Ports, now: int, silent_after_ms: int, has_time: Callable[[], bool]) -> Swept:
    """Remove connections that the gateway does not know any more, then subscriptions that belong to none."""
    connections = subscriptions = 0
    for page in ports.connections.pages():
        connections += _sweep_connections(page, ports, now, silent_after_ms)
        if not has_time():
            return Swept(connections, subscriptions, complete=False)
    for rows in ports.subscriptions.pages():
        live = ports.connections.existing({row.connection_id for row in rows})
        orphans = [(row.channel, row.connection_id) for row in rows if row.connection_id not in live]
        ports.subscriptions.remove(orphans)
        subscriptions += len(orphans)
        if not has_time():
            return Swept(connections, subscriptions, complete=False)
    return Swept(connections, subscriptions, complete=True)


def _sweep_connections(page: list[Connection], ports: Ports, now: int, silent_after_ms: int) -> int:
    expired = {row.connection_id for row in page if row.expires_at * 1000 <= now}
    silent = [
        row.connection_id
        for row in page
        if row.connection_id not in expired and now - row.last_seen_at >= silent_after_ms
    ]
    gone = ports.outbox.gone(silent) if silent else set()
    return disconnect(sorted(expired | gone), ports) if expired or gone else 0
