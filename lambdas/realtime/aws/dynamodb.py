"""What the tables' adapters share: one table of DynamoDB, its conditional writes, its pages and its batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from realtime.domain.errors import ServiceError

from .json_service import Item, JsonService, ServiceRefusal

T = TypeVar("T")

# Limits of BatchWriteItem and BatchGetItem (API reference).
_WRITES_A_BATCH = 25
_READS_A_BATCH = 100
_UNPROCESSED_ATTEMPTS = 5


class Refused(NamedTuple):
    """A condition that did not hold. `row` is what stands there instead, if it was asked for and there is one."""

    row: Item | None


class Table:
    """One table. `key` arguments are attribute values by name. Every method may raise ServiceError."""

    def __init__(self, service: JsonService, name: str) -> None:
        self._service = service
        self._name = name

    def put(self, row: Item) -> None:
        """Write a whole row."""
        self._service.call("PutItem", {"TableName": self._name, "Item": row})

    def get(self, key: Item) -> Item | None:
        """Read a row, consistently."""
        answer = self._service.call("GetItem", {"TableName": self._name, "Key": key, "ConsistentRead": True})
        return answer.get("Item")

    def write(self, operation: str, **request: Any) -> Item | Refused:
        """A write with a condition: the attributes that it returns, or what refused it."""
        try:
            answer = self._service.call(operation, {"TableName": self._name, **request})
        except ServiceRefusal as refusal:
            if refusal.code == "ConditionalCheckFailedException":
                return Refused(refusal.body.get("Item"))
            raise
        return answer.get("Attributes") or {}

    def update(self, key: Item, expression: str, condition: str, values: Item) -> bool:
        """Update a row if the condition holds; return whether it did. Every value must be used."""
        request = {
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return not isinstance(self.write("UpdateItem", Key=key, **request), Refused)

    def delete(self, key: Item, condition: str, values: Item) -> bool:
        """Delete a row if the condition holds; return whether it did."""
        request = {"ConditionExpression": condition, "ExpressionAttributeValues": values}
        return not isinstance(self.write("DeleteItem", Key=key, **request), Refused)

    def delete_all(self, keys: Sequence[Item]) -> list[Item | ServiceError]:
        """Delete rows, each by itself; return each as it was ({} if it was not there), or its error."""
        bodies = [{"TableName": self._name, "Key": key, "ReturnValues": "ALL_OLD"} for key in keys]
        return [
            answer if isinstance(answer, ServiceError) else answer.get("Attributes") or {}
            for answer in self._service.call_all("DeleteItem", bodies)
        ]

    def get_batch(self, keys: Sequence[Item], **options: Any) -> Iterator[Item]:
        """Those of the keys' rows that are there, read consistently, in no order. No key twice."""
        for batch in _batches(keys, _READS_A_BATCH):
            request = {self._name: {"Keys": batch, "ConsistentRead": True, **options}}
            for answer in self._until_processed("BatchGetItem", "UnprocessedKeys", request):
                yield from answer["Responses"].get(self._name, [])

    def put_batch(self, rows: Sequence[Item]) -> None:
        """Write rows. No key twice."""
        self._write_batches([{"PutRequest": {"Item": row}} for row in rows])

    def delete_batch(self, keys: Sequence[Item]) -> None:
        """Delete rows; missing ones are fine. No key twice."""
        self._write_batches([{"DeleteRequest": {"Key": key}} for key in keys])

    def pages(self, operation: str, **request: Any) -> Iterator[list[Item]]:
        """The pages of a Query or Scan. The next one is not read before it is asked for."""
        for answer in self._answers(operation, request):
            yield answer["Items"]

    def count(self, **query: Any) -> int:
        """How many rows a Query finds. None of them is sent."""
        return sum(answer["Count"] for answer in self._answers("Query", {**query, "Select": "COUNT"}))

    def _answers(self, operation: str, request: Item) -> Iterator[Item]:
        start: Mapping[str, Any] = {}
        while True:
            answer = self._service.call(operation, {"TableName": self._name, **request, **start})
            yield answer
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _write_batches(self, writes: Sequence[Item]) -> None:
        for batch in _batches(writes, _WRITES_A_BATCH):
            for _ in self._until_processed("BatchWriteItem", "UnprocessedItems", {self._name: batch}):
                pass

    def _until_processed(self, operation: str, left: str, request: Item) -> Iterator[Item]:
        """Send a batch, and again what DynamoDB left of it under `left`."""
        for attempt in range(1, _UNPROCESSED_ATTEMPTS + 1):
            answer = self._service.call(operation, {"RequestItems": request})
            yield answer
            request = answer.get(left) or {}
            if not request:
                return
            self._service.pause(attempt)
        raise ServiceError(operation, "items left unprocessed")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
