"""Publish from a terminal, through the same use case as a client's broadcast."""

from __future__ import annotations

import time

from ops.environments import Deployment
from realtime.bootstrap import ports, rows
from realtime.ports import Deliveries, Ports
from realtime.protocols.plain import Broadcast
from realtime.usecases.publish import publish, readers_of


class _Silent:
    """Telemetry of a command: its result says it all."""

    def count(self, metric: str, value: int = 1) -> None:
        pass

    def error(self, code: str) -> None:
        pass

    def log(self, level: str, message: str, **fields: object) -> None:
        pass


def publish_event(deployment: Deployment, broadcast: Broadcast) -> Deliveries:
    """Deliver to every live subscriber of the channel. Raises ServiceError."""
    wired = _ports(deployment)
    now = time.time_ns() // 1_000_000
    return publish(broadcast, readers_of(broadcast.channel, wired, now), None, wired)


def _ports(deployment: Deployment) -> Ports:
    account = deployment.account()
    tables = rows(account, deployment.table("connections"), deployment.table("subscriptions"), _Silent())
    return ports(account, tables, deployment.outputs["management_endpoint"])
