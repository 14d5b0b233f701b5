"""Work for later: what the queue carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime.domain.connections import Channel
from realtime.domain.errors import ErrorCode, ServiceError
from realtime.ports import Ports, Task

WEBHOOK = "webhook"
VACATE = "vacate"
MEMBER_OUT = "member_out"
MEMBER_GONE = "member_gone"
COUNT = "count"
AUTHORIZE = "authorize"

# Who comes back within this time was never away, as far as webhooks tell (Pusher: "up to 3 seconds").
GRACE_SECONDS = 3


def webhook(app_id: str, events: Sequence[Mapping[str, Any]]) -> Task:
    """Tell the app's endpoints."""
    return Task(WEBHOOK, app_id, {"events": [dict(event) for event in events]})


def vacate(channel: Channel, token: str) -> Task:
    """End the grace of an empty channel."""
    return Task(VACATE, channel.app_id, {"channel": channel.name, "token": token}, GRACE_SECONDS)


def member_out(channel: Channel, user: str, delay: int) -> Task:
    """Tell that a user without connections is out, unless it has come back by then."""
    return Task(MEMBER_OUT, channel.app_id, {"channel": channel.name, "user": user}, delay)


def member_gone(channel: Channel, user: str, left_at: int) -> Task:
    """End the grace of a user that went at `left_at` (ms)."""
    return Task(MEMBER_GONE, channel.app_id, {"channel": channel.name, "user": user, "leftAt": left_at}, GRACE_SECONDS)


def count(channel: Channel, delay: int) -> Task:
    """Tell the subscribers how many they are."""
    return Task(COUNT, channel.app_id, {"channel": channel.name}, delay)


def authorize(app_id: str, connection_id: str, delay: int) -> Task:
    """Close the connection unless it has been authorized by then."""
    return Task(AUTHORIZE, app_id, {"connectionId": connection_id}, delay)


def send(tasks: Sequence[Task], ports: Ports) -> bool:
    """Queue tasks. False if the queue failed us: that is logged, and what was done so far stands."""
    if not tasks:
        return True
    try:
        ports.tasks.send(tasks)
    except ServiceError as failure:
        tell_failure(failure, ports, tasks=[task.kind for task in tasks])
        return False
    return True


def tell_failure(failure: ServiceError, ports: Ports, **fields: object) -> None:
    """Log and count a service that failed us."""
    ports.telemetry.log("ERROR", "service failed", operation=failure.operation, reason=failure.reason, **fields)
    ports.telemetry.error(ErrorCode.INTERNAL_ERROR)


def tell_app(channel: Channel, kind: str, ports: Ports, **fields: str | int) -> None:
    """Queue a webhook event for the app's endpoints, if one wants it."""
    if wants(channel, kind, ports):
        send([webhook(channel.app_id, [{"name": kind, "channel": channel.name, **fields}])], ports)


def wants(channel: Channel, kind: str, ports: Ports) -> bool:
    """Whether an endpoint of the app wants this kind of event of this channel."""
    app = ports.apps.by_id(channel.app_id)
    return app is not None and any(endpoint.wants(kind, channel.name) for endpoint in app.settings.webhooks)
