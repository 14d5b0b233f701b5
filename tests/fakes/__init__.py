"""In-memory fakes of every port in `realtime/ports`, and builders of what they hold.

tests/contract runs one suite over these and over the adapters: a fake that drifts from its adapter fails there.
"""

from .builders import NOW, app, call, connection, message, presence, subscription
from .journal import Journal
from .people import FakeMembers
from .rows import FakeConnections, FakeSubscriptions
from .services import FakeApps, FakeClock, FakeInvoker, FakeOutbox, FakeTasks, FakeTelemetry, FakeTokens, Fate
from .values import FakeChannels, FakeState
from .world import World

__all__ = [
    "NOW",
    "FakeApps",
    "FakeChannels",
    "FakeClock",
    "FakeConnections",
    "FakeInvoker",
    "FakeMembers",
    "FakeOutbox",
    "FakeState",
    "FakeSubscriptions",
    "FakeTasks",
    "FakeTelemetry",
    "FakeTokens",
    "Fate",
    "Journal",
    "World",
    "app",
    "call",
    "connection",
    "message",
    "presence",
    "subscription",
]
