"""DynamoDB behind the Connections and Subscriptions ports.

No transactions: single conditional writes in an order that cleans up after itself (docs/architecture.md, "Data flow").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, Connection, Subscription
from realtime.domain.errors import ServiceError
from realtime.ports import Removed

from .json_service import Item, JsonService, ServiceRefusal
from .rows import (
    connection_from_row,
    connection_to_row,
    number,
    strings,
    subscription_from_row,
    subscription_to_row,
    text,
)

T = TypeVar("T")

# Limits of BatchWriteItem and BatchGetItem (API reference).
_WRITES_A_BATCH = 25
_READS_A_BATCH = 100
_UNPROCESSED_ATTEMPTS = 5


class DynamoConnections:
    """The `connections` table."""

    def __init__(self, service: JsonService, table: str) -> None:
        self._service = service
        self._table = table

    def add(self, connection: Connection) -> None:
        self._service.call("PutItem", {"TableName": self._table, "Item": connection_to_row(connection)})

    def find(self, connection_id: str) -> Connection | None:
        answer = self._service.call("GetItem", {**self._key(connection_id), "ConsistentRead": True})
        return connection_from_row(answer["Item"]) if "Item" in answer else None

    def join(self, connection_id: str, channel: str, now: int) -> bool:
        # Counted here and not only before: messages of one connection run in parallel.
        body = {
            **self._key(connection_id),
            "UpdateExpression": "ADD channels :channel SET lastSeenAt = :now",
            "ConditionExpression": "attribute_exists(connectionId) AND (attribute_not_exists(channels)"
            " OR contains(channels, :name) OR size(channels) < :most)",
            "ExpressionAttributeValues": {
                ":channel": strings([channel]),
                ":name": text(channel),
                ":most": number(MAX_CHANNELS_PER_CONNECTION),
                ":now": number(now),
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        refusal = self._conditional("UpdateItem", body)
        if refusal is not None and "Item" in refusal.body:
            raise too_many_channels()
        return refusal is None

    def leave(self, connection_id: str, channel: str) -> bool:
        return self._update(connection_id, "DELETE channels :channel", {":channel": strings([channel])})

    def seen(self, connection_id: str, now: int) -> None:
        self._update(
            connection_id,
            "SET lastSeenAt = :now",
            {":now": number(now), ":before": number(now - SEEN_RESOLUTION_MS)},
            condition=" AND lastSeenAt <= :before",
        )

    def remove(self, connection_ids: Collection[str]) -> Removed:
        bodies = [{**self._key(connection_id), "ReturnValues": "ALL_OLD"} for connection_id in connection_ids]
        channels, failure = {}, None
        answers = self._service.call_all("DeleteItem", bodies)
        for connection_id, answer in zip(connection_ids, answers, strict=True):
            if isinstance(answer, ServiceError):
                failure = answer
            elif "Attributes" in answer:
                channels[connection_id] = connection_from_row(answer["Attributes"]).channels
        return Removed(channels, failure)

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        for ids in _batches(sorted(connection_ids), _READS_A_BATCH):
            keys = [{"connectionId": text(connection_id)} for connection_id in ids]
            request = {
                self._table: {
                    "Keys": keys,
                    "ConsistentRead": True,
                    "ProjectionExpression": "connectionId",
                }
            }
            for answer in _until_processed(self._service, "BatchGetItem", "UnprocessedKeys", request):
                found |= {row["connectionId"]["S"] for row in answer["Responses"].get(self._table, [])}
        return found

    def pages(self) -> Iterator[list[Connection]]:
        for page in _pages(self._service, "Scan", {"TableName": self._table}):
            yield [connection_from_row(row) for row in page]

    def _key(self, connection_id: str) -> Item:
        return {"TableName": self._table, "Key": {"connectionId": text(connection_id)}}

    def _update(self, connection_id: str, expression: str, values: Item, *, condition: str = "") -> bool:
        """Update a row that is there; without the condition, DynamoDB would create it."""
        body = {
            **self._key(connection_id),
            "UpdateExpression": expression,
            "ConditionExpression": f"attribute_exists(connectionId){condition}",
            "ExpressionAttributeValues": values,
        }
        return self._conditional("UpdateItem", body) is None

    def _conditional(self, operation: str, body: Item) -> ServiceRefusal | None:
        """Call a conditional operation; return the refusal if its condition did not hold."""
        try:
            self._service.call(operation, body)
        except ServiceRefusal as refusal:
            if refusal.code == "ConditionalCheckFailedException":
                return refusal
            raise
        return None


class DynamoSubscriptions:
    """The `subscriptions` table."""

    def __init__(self, service: JsonService, table: str) -> None:
        self._service = service
        self._table = table

    def add(self, subscription: Subscription) -> None:
        self._service.call("PutItem", {"TableName": self._table, "Item": subscription_to_row(subscription)})

    def remove(self, pairs: Iterable[tuple[str, str]]) -> None:
        keys = [{"channel": text(channel), "connectionId": text(connection_id)} for channel, connection_id in pairs]
        for batch in _batches(keys, _WRITES_A_BATCH):
            request = {self._table: [{"DeleteRequest": {"Key": key}} for key in batch]}
            for _ in _until_processed(self._service, "BatchWriteItem", "UnprocessedItems", request):
                pass

    def readers(self, channel: str, now: int) -> Iterator[list[Subscription]]:
        body = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "channel = :channel",
            "FilterExpression": "expiresAt > :now",
            "ExpressionAttributeValues": {":channel": text(channel), ":now": number(now // 1000)},
        }
        for page in _pages(self._service, "Query", body):
            yield [subscription_from_row(row) for row in page]

    def pages(self) -> Iterator[list[Subscription]]:
        for page in _pages(self._service, "Scan", {"TableName": self._table}):
            yield [subscription_from_row(row) for row in page]


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _pages(service: JsonService, operation: str, body: Mapping[str, Any]) -> Iterator[list[Item]]:
    start: Item = {}
    while True:
        answer = service.call(operation, {**body, **start})
        yield answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _until_processed(service: JsonService, operation: str, left: str, request: Item) -> Iterator[Item]:
    """Send a batch, and again what DynamoDB left of it under `left`."""
    for attempt in range(1, _UNPROCESSED_ATTEMPTS + 1):
        answer = service.call(operation, {"RequestItems": request})
        yield answer
        request = answer.get(left) or {}
        if not request:
            return
        service.pause(attempt)
    raise ServiceError(operation, "items left unprocessed")
