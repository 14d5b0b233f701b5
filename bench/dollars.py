"""AWS calls, GB-seconds and dollars for 1,000 deliveries, beside a chat written as in AWS's samples.

Calls are counted by who makes them, units of DynamoDB follow from what lies in the tables, durations are those that the
local AWS bills: there each function has a whole core, whatever its memory, which flatters the samples' 256 MB.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import chat, crowd, invocations
from bench.crowd import Crowd
from bench.figures import Figure, Table
from bench.invocations import Invocation
from bench.local_aws import LocalAws, local_aws
from bench.racing import ROUNDS
from ops.cost.prices import Usage, dollars

_READERS = 200
_DELIVERIES = 1_000
# What API Gateway usually takes to answer a post, in seconds.
_LATENCY = 0.015
_KB = 1024


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its clients, its log, and the read units of one publish."""

    crowd: Crowd
    log_group: str
    read_units: float


def run() -> Table:
    """As the local gateway answers, then as API Gateway does; medians, the two taking turns."""
    table = Table(f"for {_DELIVERIES:,} deliveries, {_READERS} readers a publish, local durations", "AWS's sample")
    with local_aws() as aws:
        asyncio.run(_fill(table, aws))
    return table


async def _fill(table: Table, aws: LocalAws) -> None:
    deployed = chat.deploy(aws.deployment)
    async with crowd.samples(aws, deployed, _READERS) as theirs, crowd.ours(aws, _READERS) as ours:
        await asyncio.sleep(crowd.SETTLED_SECONDS)
        group = f"/aws/lambda/{aws.deployment.outputs['function_names']['websocket-broadcast']}"
        sides = [
            Side(ours, group, _units_of_ours(aws)),
            Side(theirs, deployed.log_group, _units_of_theirs(aws, deployed.table)),
        ]
        for seconds in (0.0, _LATENCY):
            aws.answer_posts_after(seconds)
            _add(table, await _measure(aws, sides), seconds)
        aws.answer_posts_after(0)


async def _measure(aws: LocalAws, sides: Sequence[Side]) -> list[tuple[float, Usage]]:
    """Of each side, the AWS calls and the usage of so many deliveries."""
    # Once more than is measured: the first one warms up.
    for _ in range(ROUNDS + 1):
        for side in sides:
            await side.crowd.hear()
    logs, found = aws.deployment.client("logs"), []
    for side in sides:
        measured = await asyncio.to_thread(invocations.last, logs, side.log_group, ROUNDS)
        found.append((sum(measured[-1].calls.values()) * _DELIVERIES / _READERS, _usage(side, measured)))
    return found


def _usage(side: Side, measured: Sequence[Invocation]) -> Usage:
    posts = sum(count for name, count in measured[-1].calls.items() if "Connection" in name)
    once = Usage(
        websocket_messages=1 + posts,
        lambda_requests=1,
        lambda_gb_seconds=median(each.gb_seconds for each in measured),
        dynamodb_read_units=side.read_units,
        gigabytes_out=posts * len(crowd.event_text()) / 1e9,
    )
    return once.scaled(_DELIVERIES / _READERS)


def _add(table: Table, sides: Sequence[tuple[float, Usage]], seconds: float) -> None:
    (calls, usage), (their_calls, their_usage) = sides
    when = f"answers after {seconds * 1000:.0f} ms" if seconds else "answers at once"
    cost, their_cost = dollars(usage), dollars(their_usage)
    if not seconds:
        table.figures.append(Figure("AWS calls", calls, "calls", their_calls))
        units, their_units = usage.dynamodb_read_units, their_usage.dynamodb_read_units
        table.figures.append(Figure("DynamoDB read units", units, "units", their_units))
        messages, theirs = cost["websocket_messages"], their_cost["websocket_messages"]
        table.figures.append(Figure("WebSocket messages", messages * 1e6, "µ$", theirs * 1e6))
    gb_seconds, theirs = usage.lambda_gb_seconds, their_usage.lambda_gb_seconds
    table.figures.append(Figure(f"{when}: GB-seconds", gb_seconds, "GB-s", theirs))
    of_lambda, theirs = cost["lambda_gb_seconds"], their_cost["lambda_gb_seconds"]
    table.figures.append(Figure(f"{when}: of them, dollars", of_lambda * 1e6, "µ$", theirs * 1e6))
    table.figures.append(Figure(f"{when}: dollars in all", cost["total"] * 1e6, "µ$", their_cost["total"] * 1e6))


def _units_of_ours(aws: LocalAws) -> float:
    """The speaker's row read consistently, and a Query of all readers."""
    client, outputs = aws.deployment.client("dynamodb"), aws.deployment.outputs["table_names"]
    row = client.scan(TableName=outputs["connections"], Limit=1)["Items"][0]
    readers = _rows(client, outputs["subscriptions"])
    return math.ceil(_size(row) / 4 / _KB) + math.ceil(sum(map(_size, readers)) / 4 / _KB)


def _units_of_theirs(aws: LocalAws, table: str) -> float:
    """A Scan that is not consistent costs half."""
    rows = _rows(aws.deployment.client("dynamodb"), table)
    return math.ceil(sum(map(_size, rows)) / 4 / _KB) / 2


def _rows(client: Any, table: str) -> list[dict[str, Any]]:
    return [row for page in client.get_paginator("scan").paginate(TableName=table) for row in page["Items"]]


def _size(row: dict[str, Any]) -> int:
    """About what DynamoDB bills: names and values, a number at half its digits and one."""
    return sum(len(name) + _value_size(*next(iter(value.items()))) for name, value in row.items())


def _value_size(kind: str, value: Any) -> int:
    if kind == "N":
        return len(value) // 2 + 1
    return len(value) if kind == "S" else sum(map(len, value))
