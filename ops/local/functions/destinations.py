"""Where the record of an event goes that failed for good: a queue or a topic, in moto."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from ops.local.functions.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that was given up.

    `condition` is AWS's word for why, `attempts` how often the function ran, `last` what came
    of the last attempt: None if it never ran.
    """

    request_id: str
    function_arn: str
    payload: bytes
    condition: str
    attempts: int
    last: Invocation | None


class UnsupportedDestination(Exception):
    """The ARN is neither a queue's nor a topic's."""


def record(failure: Failure, now: float) -> str:
    """Return the invocation record (version 1.0) that Lambda sends to a destination.

    Shape: "Capturing records of Lambda asynchronous invocations" in the Lambda guide.
    """
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    result: dict[str, object] = {
        "version": "1.0",
        "timestamp": moment.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": failure.request_id,
            "functionArn": failure.function_arn,
            "condition": failure.condition,
            "approximateInvokeCount": failure.attempts,
        },
        "requestPayload": _value(failure.payload),
    }
    if failure.last:
        result["responseContext"] = {
            "statusCode": 200,
            "executedVersion": failure.last.executed_version,
            "functionError": failure.last.error,
        }
        result["responsePayload"] = _value(failure.last.payload)
    return json.dumps(result)


async def send(arn: str, message: str) -> None:
    """Put `message` into the queue or the topic `arn`.

    Raises UnsupportedDestination, and whatever moto raises where it does not exist.
    """
    _, _, service, region, account, name = arn.split(":", 5)
    match service:
        case "sqs":
            await asyncio.to_thread(sqs_backends[account][region].send_message, name, message)
        case "sns":
            # A topic may have subscribers that are called over HTTP before this returns.
            await asyncio.to_thread(sns_backends[account][region].publish, message, arn)
        case _:
            raise UnsupportedDestination(f"{arn}: only queues and topics are served here")


def _value(payload: bytes) -> object:
    """The JSON value, or the text where it is none."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
