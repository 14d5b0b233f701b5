"""A connection ends: told by `$disconnect`, found out by a send, or found by the sweep. The three may race."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection, Reader, server_to_user, watchers_of
from realtime.domain.errors import ServiceError
from realtime.ports import Ports

from . import later, occupancy, presence
from .counting import tell_count

_Step = Callable[[], Collection[str]]


def disconnect(connection_ids: Collection[str], ports: Ports, *, channel: Channel | None = None) -> int:
    """Remove connections from everywhere and tell whom it concerns; return how many were still there.

    The rows go first and say what else there is: a subscribe that comes later finds no row and takes itself back.
    Connections that turn out to be gone on the way are removed as well. `channel` is one that all are known to read
    even if their row has gone already. Raises ServiceError, when all that could be done has been.
    """
    removed, failures = 0, _Failures()
    waiting = set(connection_ids)
    while waiting:
        result = ports.connections.remove(sorted(waiting))
        failures.add(result.failure)
        removed += len(result.connections)
        steps: list[_Step] = [partial(_unsubscribe, result.connections, waiting, channel, ports)]
        steps += [step for connection in result.connections for step in _steps(connection, ports)]
        found = {name for step in steps for name in failures.run(step)}
        channel, waiting = None, found - set(connection_ids)
        connection_ids = waiting
    ports.telemetry.count("Disconnects", removed)
    if failures.last is not None:
        raise failures.last
    return removed


class _Failures:
    """Runs steps of which none may keep the others from being taken."""

    def __init__(self) -> None:
        self.last: ServiceError | None = None

    def add(self, failure: ServiceError | None) -> None:
        self.last = failure or self.last

    def run(self, step: _Step) -> Collection[str]:
        try:
            return step()
        except ServiceError as failure:
            self.add(failure)
            return ()


def forget(connection_ids: Collection[str], ports: Ports, *, channel: Channel | None = None) -> None:
    """Remove connections that a send found gone. A failure is logged, not raised: the sweep will come by."""
    if not connection_ids:
        return
    ports.telemetry.count("Gone", len(connection_ids))
    ports.telemetry.log("INFO", "connections gone", connectionIds=list(connection_ids))
    try:
        disconnect(connection_ids, ports, channel=channel)
    except ServiceError as failure:
        later.tell_failure(failure, ports)


def _unsubscribe(
    connections: Collection[Connection], connection_ids: Collection[str], channel: Channel | None, ports: Ports
) -> Collection[str]:
    pairs = {
        (Channel(row.app_id, name), row.connection_id)
        for row in connections
        for name in row.channels
        if not is_presence(name)
    }
    pairs |= {(watchers_of(row.app_id, user), row.connection_id) for row in connections for user in row.watching}
    if channel is not None and not is_presence(channel.name):
        pairs |= {(channel, connection_id) for connection_id in connection_ids}
    if pairs:
        ports.subscriptions.remove(sorted(pairs))
    return ()


def _steps(connection: Connection, ports: Ports) -> list[_Step]:
    """What there is to do for a connection that is gone. Each step returns who was found gone on the way."""
    channels = [Channel(connection.app_id, name) for name in sorted(connection.channels)]
    steps: list[_Step] = [partial(_leave, channel, connection, ports) for channel in channels]
    if connection.user_data is not None and connection.identity.user_id is not None:
        steps.append(partial(_go, server_to_user(connection.app_id, connection.identity.user_id), connection, ports))
    if connection.counted:
        steps.append(partial(_uncount, connection, ports))
    return steps


def _leave(channel: Channel, connection: Connection, ports: Ports) -> Collection[str]:
    gone = set(_go(channel, connection, ports)) if channel.name in connection.members else set()
    occupancy.went(channel, connection.connection_id, ports)
    return {*gone, *tell_count(channel, ports).gone}


def _go(channel: Channel, connection: Connection, ports: Ports) -> Collection[str]:
    user = connection.members.get(channel.name) or connection.identity.user_id or ""
    reader = Reader(connection.connection_id, connection.protocol, 0, user, connection.coalesce)
    return presence.go(channel, user, reader, ports).gone


def _uncount(connection: Connection, ports: Ports) -> Collection[str]:
    ports.state.exit(f"connections:{connection.app_id}")
    return ()
