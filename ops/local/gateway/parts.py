"""What the modules of the gateway share: its collaborators, options, clock and ids."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from ops.local.connections import AccessLog, Connections
from ops.local.deployed import Deployed
from ops.local.edge import Edge
from ops.local.events import ID_BYTES, Moment, format_id
from ops.local.faults import Faults
from ops.local.functions import Invocation
from ops.local.websocket import Limits


class Invoker(Protocol):
    """The Lambdas, as the gateway sees them: `ops.local.functions.Functions`."""

    async def invoke(self, name: str, payload: bytes) -> Invocation:
        """Run a function and wait for its answer; FunctionNotFound, TooManyRequests."""

    def invoke_event(self, name: str, payload: bytes) -> str:
        """Queue an asynchronous invocation and return its request id."""

    def status(self) -> dict[str, object]:
        """Describe the functions and their workers, ready for JSON."""

    def cool(self) -> int:
        """End the workers that are idle and return how many: what is invoked next starts cold."""

    def kill(self, match: str) -> int:
        """Kill the workers that are at work, of functions whose ARN has `match` in it; return how many."""

    def hurry(self, match: str) -> int:
        """Try again now the events that wait to be, of those functions; return how many."""


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of the gateway; `shuffle` in seconds.

    With `shuffle`, each message waits for a random part of it before its handler runs, so that
    messages of one connection complete in any order, as they may on AWS.
    """

    limits: Limits = field(default_factory=Limits)
    shuffle: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The collaborators. `now` in seconds since 1970, `entropy` yields so many random bytes."""

    functions: Invoker
    deployed: Deployed
    faults: Faults
    access_log: AccessLog
    options: Options = field(default_factory=Options)
    edge: Edge = field(default_factory=Edge)
    connections: Connections = field(default_factory=Connections)
    now: Callable[[], float] = time.time
    entropy: Callable[[int], bytes] = secrets.token_bytes
    dice: random.Random = field(default_factory=random.Random)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def new_id(self) -> str:
        """Draw a connection or message id."""
        return format_id(self.entropy(ID_BYTES))

    def moment(self) -> Moment:
        """Draw a request id and read the clock."""
        return Moment(self.new_id(), int(self.now() * 1000))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the background until it is done or the gateway closes."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
