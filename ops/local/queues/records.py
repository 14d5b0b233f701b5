"""The event that a batch becomes, and which of its messages the function's answer leaves in the queue: pure.

Source: Lambda developer guide, "Using Lambda with Amazon SQS" and "Implementing partial batch responses".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ops.local.queues.store import Message


def sqs_event(queue_arn: str, messages: Sequence[Message]) -> bytes:
    """Return the event of a batch as the JSON text that the function receives."""
    records = [_record(queue_arn, message) for message in messages]
    return json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def done(messages: Sequence[Message], payload: bytes, *, partial: bool) -> list[Message]:
    """Return the messages that are to be deleted after the function returned `payload`.

    All of them, unless it reports failures and the mapping lets it. A report that cannot be read, or that names a
    message which was not in the batch, is a failure of the whole batch.
    """
    if not partial:
        return list(messages)
    failed = _failed(payload)
    ids = {message.message_id for message in messages}
    if failed is None or not failed <= ids:
        return []
    return [message for message in messages if message.message_id not in failed]


def _failed(payload: bytes) -> set[str] | None:
    """Return the ids that are reported as failed, or None for a report that is malformed."""
    try:
        answer = json.loads(payload)
        items = (answer or {}).get("batchItemFailures") or []
        ids = {item["itemIdentifier"] for item in items}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return ids if all(isinstance(one, str) and one for one in ids) else None


def _record(queue_arn: str, message: Message) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.system),
        "messageAttributes": {name: _attribute(value) for name, value in message.attributes.items()},
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    present = {
        name: value[given] for name, given in (("stringValue", "StringValue"), ("binaryValue", "BinaryValue"))
        if value.get(given) is not None
    }  # fmt: skip
    return {**present, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
