"""What came of a simulation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ops.cost.prices import Usage, dollars
from ops.simulation.assumptions import Assumptions
from ops.simulation.functions import Functions
from ops.simulation.gateway import Gateway
from ops.simulation.tables import Database

_MESSAGE_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of all publishes together. Seconds are from a publish to its deliveries: half of them, all of them.

    `answered_ms` is until the slowest publish returned, `largest_share` counts readers. `throttled` are answers 429,
    `delayed` readers whose turn had to wait, `shed` those that never had it, `failed` those given up. `held_back`,
    `retried` and `lost` are invocations, `database_throttled` answers of DynamoDB. `dollars_of`: by what is paid for.
    """

    readers: int
    publishes: int
    shares: int
    largest_share: int
    answered_ms: float
    half_seconds: float
    last_seconds: float
    deliveries: int
    throttled: int
    delayed: int
    shed: int
    failed: int
    invocations: int
    held_back: int
    retried: int
    lost: int
    database_throttled: int
    aws_calls: int
    calls: Mapping[str, int]
    gb_seconds: float
    dollars: float
    dollars_of: Mapping[str, float]

    @property
    def dollars_per_thousand(self) -> float:
        """For 1,000 deliveries."""
        return self.dollars * 1000 / self.deliveries if self.deliveries else 0.0


def gather(
    readers: int,
    assumptions: Assumptions,
    parts: tuple[Functions, Gateway, Database],
    counts: Mapping[str, int],
    answered_seconds: float,
) -> Outcome:
    """Add it all up."""
    functions, gateway, database = parts
    heard = sorted(seconds for _, run in functions.runs for seconds in run.heard)
    shares: Counter[str] = Counter()
    for job, run in functions.runs:
        if job:
            shares[job["id"]] += len(run.heard)
    calls = {**database.calls, "execute-api:ManageConnectionsPOST": gateway.posts}
    cost = dollars(_usage(len(heard), assumptions, functions, database))
    return Outcome(
        readers=readers,
        publishes=assumptions.publishes,
        shares=len(shares),
        largest_share=max(shares.values(), default=0),
        answered_ms=answered_seconds * 1000,
        half_seconds=heard[(len(heard) - 1) // 2] if heard else 0.0,
        last_seconds=heard[-1] if heard else 0.0,
        deliveries=len(heard),
        throttled=gateway.throttled,
        delayed=counts.get("DeliveriesDelayed", 0),
        shed=counts.get("DeliveriesShed", 0),
        failed=counts.get("DeliveriesFailed", 0),
        invocations=functions.invocations,
        held_back=functions.held_back,
        retried=functions.retried,
        lost=functions.lost,
        database_throttled=database.throttled,
        aws_calls=sum(calls.values()),
        calls=calls,
        gb_seconds=functions.gb_seconds,
        dollars=cost.pop("total"),
        dollars_of=cost,
    )


def _usage(deliveries: int, assumptions: Assumptions, functions: Functions, database: Database) -> Usage:
    return Usage(
        websocket_messages=deliveries * math.ceil(assumptions.frame_bytes / _MESSAGE_BYTES),
        http_requests=assumptions.publishes,
        lambda_requests=functions.invocations,
        lambda_gb_seconds=functions.gb_seconds,
        dynamodb_read_units=database.read_units,
        dynamodb_write_units=database.write_units,
        gigabytes_out=deliveries * assumptions.frame_bytes / 1e9,
    )
