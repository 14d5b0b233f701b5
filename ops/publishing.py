"""Publish from a terminal, through the same use case as the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.environments import Deployment
from realtime.domain.connections import Channel
from realtime.ports import Limits, Ports
from realtime.protocols.plain import Broadcast
from realtime.usecases.fanout import Published
from realtime.usecases.publish import event_of_plain, trigger
from realtime.wiring import Names, TableNames, ports


class _Silent:
    """Telemetry of a command: its result says it all."""

    def count(self, metric: str, value: int = 1) -> None:
        pass

    def error(self, code: str) -> None:
        pass

    def log(self, level: str, message: str, **fields: object) -> None:
        pass


def publish_event(deployment: Deployment, broadcast: Broadcast, app_id: str | None = None) -> Published:
    """Deliver, or have delivered, to all subscribers of the channel of an app, by default that of the plain protocol.

    Raises ServiceError.
    """
    channel = Channel(app_id or deployment.outputs["app_id"], broadcast.channel)
    return trigger(event_of_plain(channel, broadcast, None), _ports(deployment))


def _ports(deployment: Deployment) -> Ports:
    outputs = deployment.outputs
    names = Names(
        tables=TableNames(*(deployment.table(name) for name in TableNames._fields)),
        management_endpoint=outputs["management_endpoint"],
        apps_secret=outputs["apps_secret_name"],
        tasks_queue_url=outputs["tasks_queue_url"],
        # An older deployment does not tell it, and has no alias then.
        deliver_function=outputs.get("deliver_function", outputs["function_names"]["deliver"]),
    )
    return ports(deployment.account(), names, _Silent(), _limits(outputs))


def _limits(outputs: Mapping[str, Any]) -> Limits:
    """What the deployment's own functions keep to. What an older one does not tell has its default."""
    told = {**outputs.get("fanout", {}), "coalesce_max_ms": outputs.get("coalesce_max_ms", 0)}
    return Limits(**{name: told[name] for name in Limits._fields if name in told})
