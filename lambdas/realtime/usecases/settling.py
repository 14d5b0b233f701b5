"""A client may go on as soon as it is told something, which is a write before its connection's row says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realtime.domain.connections import Connection
from realtime.ports import Ports

# In seconds, half a second in all.
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.2)


def once(
    connection: Connection, so: Callable[[Connection], bool], ports: Ports, pauses: Sequence[float] = PAUSES
) -> Connection | None:
    """The connection's row once it is `so`, or as it is after the pauses (seconds); None if it is gone."""
    current: Connection | None = connection
    for pause in pauses:
        if current is None or so(current):
            break
        ports.clock.sleep(pause)
        current = ports.connections.find(connection.connection_id)
    return current
