"""The `channels` table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realtime.aws.dynamodb import Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import number, text
from realtime.domain.connections import Channel
from realtime.ports import Occupancy

# Without it, an update would create the row, and with it an occupied channel.
_EXISTS = "attribute_exists(channel)"


class DynamoChannels:
    """The Channels port."""

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def occupy(self, channel: Channel) -> bool:
        row = self._table.get(_key(channel))
        if row is not None and "vacating" not in row:
            return False
        # Whatever has happened since the read: this makes the row or ends its vacancy, and says which.
        before = self._table.write(
            "UpdateItem",
            Key=_key(channel),
            UpdateExpression="SET occupied = :true REMOVE vacating",
            ExpressionAttributeValues={":true": {"BOOL": True}},
            ReturnValues="ALL_OLD",
        )
        return not before

    def vacate(self, channel: Channel, token: str) -> bool:
        return self._table.update(_key(channel), "SET vacating = :token", _EXISTS, {":token": text(token)})

    def stay(self, channel: Channel, token: str) -> None:
        self._table.update(_key(channel), "REMOVE vacating", "vacating = :token", {":token": text(token)})

    def vacated(self, channel: Channel, token: str) -> bool:
        return self._table.delete(_key(channel), "vacating = :token", {":token": text(token)})

    def count_now(self, channel: Channel, now: int, pause: int) -> bool:
        condition = f"{_EXISTS} AND (attribute_not_exists(countedAt) OR countedAt <= :before)"
        values = {":now": number(now), ":before": number(now - pause)}
        return self._table.update(_key(channel), "SET countedAt = :now", condition, values)

    def occupied(self, app_id: str, prefix: str) -> Iterator[list[str]]:
        condition, values = "appId = :app", {":app": text(app_id)}
        if prefix:
            condition += " AND begins_with(channel, :prefix)"
            values[":prefix"] = text(prefix)
        query: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "FilterExpression": "attribute_not_exists(vacating)",
            "ExpressionAttributeValues": values,
            "ProjectionExpression": "channel",
        }
        for page in self._table.pages("Query", **query):
            yield [row["channel"]["S"] for row in page]

    def pages(self) -> Iterator[list[Occupancy]]:
        for page in self._table.pages("Scan"):
            yield [_occupancy(row) for row in page]


def _key(channel: Channel) -> Item:
    return {"appId": text(channel.app_id), "channel": text(channel.name)}


def _occupancy(row: Item) -> Occupancy:
    vacating = row.get("vacating")
    return Occupancy(Channel(row["appId"]["S"], row["channel"]["S"]), vacating["S"] if vacating else None)
