"""Find what no `$disconnect` told us of: it is best effort, and a client that loses its network sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from realtime.domain.connections import Connection, Presence, Subscription
from realtime.ports import Occupancy, Ports

from . import later, occupancy, presence
from .disconnect import disconnect, forget


class Swept(NamedTuple):
    """What one run did. `complete` is False when the time ran out; the next run starts anew."""

    connections: int = 0
    subscriptions: int = 0
    members: int = 0
    channels: int = 0
    complete: bool = False


# So many connections are ended before the time is looked at.
_AT_ONCE = 25
# A grace of seconds that has lasted so long (ms) has lost its task.
_LOST_MS = 60_000


class _OutOfTime(Exception):
    pass


def sweep(ports: Ports, now: int, silent_after_ms: int, has_time: Callable[[], bool]) -> Swept:
    """Remove connections that the gateway does not know any more, then what belongs to none."""
    found: Counter[str] = Counter()
    counted: Counter[str] = Counter()

    def step(name: str, number: int) -> None:
        found[name] += number
        if not has_time():
            raise _OutOfTime

    try:
        for page in ports.connections.pages():
            ended = _ended(page, ports, now, silent_after_ms)
            counted.update(row.app_id for row in page if row.counted and row.connection_id not in ended)
            for some in _batches(sorted(ended)):
                step("connections", disconnect(some, ports))
        _recount(counted, ports)
        for subscriptions in ports.subscriptions.pages():
            step("subscriptions", _sweep_subscriptions(subscriptions, ports))
        for members in ports.members.pages():
            step("members", _sweep_members(members, ports, now))
        for channels in ports.channels.pages():
            step("channels", _sweep_channels(channels, ports, now))
        complete = True
    except _OutOfTime:
        complete = False
    return Swept(found["connections"], found["subscriptions"], found["members"], found["channels"], complete)


def _ended(page: list[Connection], ports: Ports, now: int, silent_after_ms: int) -> set[str]:
    expired = {row.connection_id for row in page if row.expires_at * 1000 <= now}
    silent = [
        row.connection_id
        for row in page
        if row.connection_id not in expired and now - row.last_seen_at >= silent_after_ms
    ]
    return expired | (ports.outbox.gone(silent) if silent else set())


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _recount(counted: Counter[str], ports: Ports) -> None:
    """Mend the counts against the quotas, which lost updates let drift."""
    for app in ports.apps.all():
        if app.settings.max_connections is not None:
            ports.state.recount(f"connections:{app.app_id}", counted[app.app_id])


def _sweep_subscriptions(rows: list[Subscription], ports: Ports) -> int:
    live = ports.connections.existing({row.connection_id for row in rows})
    orphans = [(row.channel, row.connection_id) for row in rows if row.connection_id not in live]
    if orphans:
        ports.subscriptions.remove(orphans)
    return len(orphans)


def _sweep_members(rows: list[Presence], ports: Ports, now: int) -> int:
    readers = [(row, reader) for row in rows for reader in row.connections]
    live = ports.connections.existing({reader.connection_id for _, reader in readers})
    orphans = [(row, reader) for row, reader in readers if reader.connection_id not in live]
    gone: set[str] = set()
    for row, reader in orphans:
        gone |= set(presence.go(row.channel, row.user, reader, ports).gone)
    # Who was to be told of as out by a function that did not come to it.
    left = [row for row in rows if row.is_in and not row.connections and now - row.touched_at > presence.FENCE_MS]
    for row in left:
        gone |= set(presence.tell_out(row.channel, row.user, ports).gone)
    forget(sorted(gone), ports)
    for row in rows:
        _end_grace(row, ports, now)
    return len(orphans) + len(left)


def _end_grace(row: Presence, ports: Ports, now: int) -> None:
    """Tell the app's endpoints of a user whose task was lost."""
    if row.left_at is None or now - row.left_at < _LOST_MS:
        return
    if ports.members.vanish(row.channel, row.user, row.left_at):
        later.tell_app(row.channel, "member_removed", ports, user_id=row.user)


def _sweep_channels(rows: Iterable[Occupancy], ports: Ports, now: int) -> int:
    found = 0
    for row in rows:
        if row.vacating is None:
            found += occupancy.went(row.channel, "sweep", ports)
        elif now - occupancy.begun_at(row.vacating) > _LOST_MS and occupancy.mend(row.channel, row.vacating, ports):
            later.tell_app(row.channel, "channel_vacated", ports)
            found += 1
    return found
