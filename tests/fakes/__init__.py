"""In-memory fakes of every port in `realtime/ports`, and builders of what they hold.

tests/contract runs one suite over these and over the adapters: a fake that drifts from its adapter fails there.
"""

from .builders import NOW, app, call, connection, message, presence, subscription
from .journal import Journal
from .people import FakeMembers
from .rows import FakeConnections, FakeSubscriptions
from .services import FakeApps, FakeClock, FakeInvoker, FakeOutbox, FakeTasks, FakeTelemetry, FakeTokens
from .sharing import FakeBuffers, FakeQuota, FakeShares
from .values import FakeChannels, FakeState
from .world import World

__all__ = [
    "NOW",
    "FakeApps",
    "FakeBuffers",
    "FakeChannels",
    "FakeClock",
    "FakeConnections",
    "FakeInvoker",
    "FakeMembers",
    "FakeOutbox",
    "FakeQuota",
    "FakeShares",
    "FakeState",
    "FakeSubscriptions",
    "FakeTasks",
    "FakeTelemetry",
    "FakeTokens",
    "Journal",
    "World",
    "app",
    "call",
    "connection",
    "message",
    "presence",
    "subscription",
]
