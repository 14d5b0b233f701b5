"""A connection ends: told by `$disconnect`, found out by a send, or found by the sweep. The three may race."""

from __future__ import annotations

from collections.abc import Collection

from realtime.domain.errors import ErrorCode, ServiceError
from realtime.ports import Rows


def disconnect(connection_ids: Collection[str], rows: Rows, *, channel: str | None = None) -> int:
    """Remove connections and all their subscriptions; return how many were still there. Raises ServiceError.

    The row goes first and tells its channels: a subscribe that comes later finds no row and takes itself back.
    `channel` is one that they are known to be subscribed to even if their row has gone already.
    """
    removed = rows.connections.remove(connection_ids)
    pairs = {(name, connection_id) for connection_id, names in removed.channels.items() for name in names}
    if channel is not None:
        pairs |= {(channel, connection_id) for connection_id in connection_ids}
    rows.subscriptions.remove(sorted(pairs))
    rows.telemetry.count("Disconnects", len(removed.channels))
    if removed.failure is not None:
        raise removed.failure
    return len(removed.channels)


def forget(connection_ids: Collection[str], rows: Rows, *, channel: str | None = None) -> None:
    """Remove connections that a send found gone. A failure is logged, not raised: the sweep will come by."""
    rows.telemetry.count("Gone", len(connection_ids))
    rows.telemetry.log("INFO", "connections gone", connectionIds=list(connection_ids))
    try:
        disconnect(connection_ids, rows, channel=channel)
    except ServiceError as failure:
        rows.telemetry.log("ERROR", "service failed", operation=failure.operation, reason=failure.reason)
        rows.telemetry.error(ErrorCode.INTERNAL_ERROR)
