"""What the queue's consumer does. Every task may come twice, late, or when it has become void: then it does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from realtime.domain.channels import needs_signature
from realtime.domain.connections import Channel
from realtime.ports import Ports, Task

from . import later, occupancy, presence, users
from .counting import tell_count
from .disconnect import forget

HookEvent = Mapping[str, Any]


def perform(task: Task, ports: Ports) -> list[HookEvent]:
    """Do what a task asks for; return the webhook events that came of it. Raises ServiceError: try again later."""
    act = _ACTS.get(task.kind)
    if act is None:
        ports.telemetry.log("ERROR", "unknown task", kind=task.kind)
        return []
    return act(task, ports)


def _webhook(task: Task, ports: Ports) -> list[HookEvent]:
    return list(task.fields["events"])


def _vacate(task: Task, ports: Ports) -> list[HookEvent]:
    channel = _channel(task)
    vacated = occupancy.end_vacancy(channel, task.fields["token"], ports)
    return [{"name": "channel_vacated", "channel": channel.name}] if vacated else []


def _member_out(task: Task, ports: Ports) -> list[HookEvent]:
    channel, user = _channel(task), task.fields["user"]
    row = ports.members.find([(channel, user)]).get((channel, user))
    if row is None or not row.is_in or row.connections:
        return []
    left = row.touched_at + presence.FENCE_MS - ports.clock.now()
    if left > 0:
        # It came and went again since: that coming may still be being told.
        later.send([later.member_out(channel, user, -(-left // 1000))], ports)
        return []
    forget(presence.tell_out(channel, user, ports).gone, ports)
    return []


def _member_gone(task: Task, ports: Ports) -> list[HookEvent]:
    channel, user = _channel(task), task.fields["user"]
    if not ports.members.vanish(channel, user, task.fields["leftAt"]):
        return []
    return [{"name": "member_removed", "channel": channel.name, "user_id": user}]


def _count(task: Task, ports: Ports) -> list[HookEvent]:
    forget(tell_count(_channel(task), ports).gone, ports)
    return []


def _authorize(task: Task, ports: Ports) -> list[HookEvent]:
    connection_id = task.fields["connectionId"]
    connection = ports.connections.find(connection_id)
    if connection is None or connection.user_data is not None or any(map(needs_signature, connection.channels)):
        return []
    users.close([connection_id], "Connection not authorized within timeout.", ports)
    return []


def _channel(task: Task) -> Channel:
    return Channel(task.app_id, task.fields["channel"])


_ACTS: dict[str, Callable[[Task, Ports], list[HookEvent]]] = {
    later.WEBHOOK: _webhook,
    later.VACATE: _vacate,
    later.MEMBER_OUT: _member_out,
    later.MEMBER_GONE: _member_gone,
    later.COUNT: _count,
    later.AUTHORIZE: _authorize,
}
