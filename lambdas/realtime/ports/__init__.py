"""What the use cases need from the world. `realtime.aws` holds the adapters, `tests/fakes` the fakes; one contract
suite runs over both. Every method may raise `ServiceError` once its own retries are spent.
"""

from __future__ import annotations

from typing import NamedTuple

from .services import (
    Apps,
    Clock,
    Deliveries,
    Invoker,
    Outbox,
    Redelivery,
    Task,
    Tasks,
    Telemetry,
    Tokens,
    WebhookAnswer,
    WebhookRequest,
    WebhookSender,
)
from .tables import Cached, Channels, Connections, Entry, Members, Occupancy, Removed, SignIn, State, Subscriptions

__all__ = [
    "Apps",
    "Cached",
    "Channels",
    "Clock",
    "Connections",
    "Deliveries",
    "Entry",
    "Invoker",
    "Members",
    "Occupancy",
    "Outbox",
    "Ports",
    "Redelivery",
    "Removed",
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


class Ports(NamedTuple):
    """What a use case is given."""

    tables: Tables
    outbox: Outbox
    apps: Apps
    tasks: Tasks
    clock: Clock
    telemetry: Telemetry

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
