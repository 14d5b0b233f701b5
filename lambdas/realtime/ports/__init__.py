"""What the use cases need from the world. `realtime.aws` holds the adapters, `tests/fakes` the fakes; one contract
suite runs over both. Every method may raise `ServiceError` once its own retries are spent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .services import (
    Apps,
    Clock,
    Deliveries,
    Fate,
    Invoker,
    Outbox,
    Posted,
    Redelivery,
    Task,
    Tasks,
    Telemetry,
    Tokens,
    WebhookAnswer,
    WebhookRequest,
    WebhookSender,
)
from .tables import (
    Buffers,
    Cached,
    Channels,
    Connections,
    Entry,
    Members,
    Occupancy,
    Progress,
    Quota,
    Removed,
    Shares,
    SignIn,
    State,
    Subscriptions,
)

__all__ = [
    "Apps",
    "Buffers",
    "Cached",
    "Channels",
    "Clock",
    "Connections",
    "Deliveries",
    "Entry",
    "Fate",
    "Invoker",
    "Limits",
    "Members",
    "Occupancy",
    "Outbox",
    "Ports",
    "Posted",
    "Progress",
    "Quota",
    "Redelivery",
    "Removed",
    "Shares",
    "Sharing",
    "SignIn",
    "State",
    "Subscriptions",
    "Tables",
    "Task",
    "Tasks",
    "Telemetry",
    "Tokens",
    "WebhookAnswer",
    "WebhookRequest",
    "WebhookSender",
]


class Tables(NamedTuple):
    """The five tables."""

    connections: Connections
    subscriptions: Subscriptions
    members: Members
    channels: Channels
    state: State


class Limits(NamedTuple):
    """What publishing may take. Defaults are those of the Terraform variables `fanout` and `coalesce_max_ms`.

    Up to `direct_readers` are delivered to before a publish returns; beyond, shares of about `share_readers` each, at
    most `max_shares`. `requests_per_second` is for all shares of the account together; what could not begin within
    `max_age_seconds` is shed. `coalesce_max_ms` bounds what clients may ask for; 0 is off.
    """

    direct_readers: int = 500
    share_readers: int = 5_000
    max_shares: int = 20
    requests_per_second: int = 5_000
    max_age_seconds: int = 300
    coalesce_max_ms: int = 0


class Sharing(NamedTuple):
    """What is needed beyond the tables to deliver after the publish has returned. `new_id` never gives an id twice."""

    invoker: Invoker
    shares: Shares
    quota: Quota
    buffers: Buffers
    new_id: Callable[[], str]


class Ports(NamedTuple):
    """What a use case is given. `sharing` is made when it is called: few publishes need it."""

    tables: Tables
    outbox: Outbox
    apps: Apps
    tasks: Tasks
    clock: Clock
    telemetry: Telemetry
    sharing: Callable[[], Sharing]
    limits: Limits = Limits()

    @property
    def connections(self) -> Connections:
        """The rows of live connections."""
        return self.tables.connections

    @property
    def subscriptions(self) -> Subscriptions:
        """Who reads which channel."""
        return self.tables.subscriptions

    @property
    def members(self) -> Members:
        """Who is in the presence channels."""
        return self.tables.members

    @property
    def channels(self) -> Channels:
        """Which channels have readers."""
        return self.tables.channels

    @property
    def state(self) -> State:
        """Small values."""
        return self.tables.state
