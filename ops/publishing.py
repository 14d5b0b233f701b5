"""Publish from a terminal, through the same use case as the HTTP API."""

from __future__ import annotations

from ops.environments import Deployment
from realtime.bootstrap import Names, TableNames, ports
from realtime.domain.connections import Channel
from realtime.ports import Deliveries, Ports
from realtime.protocols.plain import Broadcast
from realtime.usecases.publish import event_of_plain, trigger


class _Silent:
    """Telemetry of a command: its result says it all."""

    def count(self, metric: str, value: int = 1) -> None:
        pass

    def error(self, code: str) -> None:
        pass

    def log(self, level: str, message: str, **fields: object) -> None:
        pass


def publish_event(deployment: Deployment, broadcast: Broadcast, app_id: str | None = None) -> Deliveries:
    """Deliver to every live subscriber of the channel of an app, by default that of the plain protocol.

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
    )
    return ports(deployment.account(), names, _Silent())
