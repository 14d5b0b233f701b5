"""The `subscriptions` table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from realtime.aws.dynamodb import Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import number, reader_from_row, subscription_from_row, subscription_to_row, text
from realtime.domain.connections import Channel, Reader, Subscription
from realtime.domain.ranges import Range

# To know whether there is a reader, one live row will do; a few, as some may have expired.
_ROWS_TO_LOOK_AT = 5
# What a Reader is made of. `coalesce` is one of DynamoDB's reserved words.
_READERS: Item = {
    "ProjectionExpression": "connectionId, protocol, since, userId, #coalesce",
    "ExpressionAttributeNames": {"#coalesce": "coalesce"},
}


class DynamoSubscriptions:
    """The Subscriptions port."""

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def add(self, subscription: Subscription) -> None:
        self._table.put(subscription_to_row(subscription))

    def add_all(self, subscriptions: Sequence[Subscription]) -> None:
        rows = {(row.channel, row.connection_id): subscription_to_row(row) for row in subscriptions}
        self._table.put_batch(list(rows.values()))

    def take(self, channel: Channel, connection_id: str, before: int) -> bool:
        condition = "attribute_not_exists(connectionId) OR since < :before"
        return self._table.delete(_key(channel, connection_id), condition, {":before": number(before)})

    def remove(self, pairs: Iterable[tuple[Channel, str]]) -> None:
        self._table.delete_batch([_key(*pair) for pair in dict.fromkeys(pairs)])

    def readers(
        self, channel: Channel, now: int, within: Range | None = None, page: int | None = None
    ) -> Iterator[list[Reader]]:
        query = {**_live(channel, now), **_READERS}
        if within is not None:
            if within.first > within.last:
                return  # what is left behind a range's last id; DynamoDB refuses to look for it
            query["KeyConditionExpression"] += " AND connectionId BETWEEN :first AND :last"
            bounds = {":first": text(within.first), ":last": text(within.last)}
            query["ExpressionAttributeValues"] = {**query["ExpressionAttributeValues"], **bounds}
        if page is not None:
            query["Limit"] = page
        for rows in self._table.pages("Query", **query):
            yield [reader_from_row(row) for row in rows]

    def existing(self, channel: Channel, connection_ids: Collection[str]) -> set[str]:
        keys = [_key(channel, connection_id) for connection_id in sorted(set(connection_ids))]
        return {row["connectionId"]["S"] for row in self._table.get_batch(keys, ProjectionExpression="connectionId")}

    def count(self, channel: Channel, now: int) -> int:
        return self._table.count(**_live(channel, now))

    def last(self, channel: Channel) -> str | None:
        backwards: Item = {
            "ConsistentRead": True,
            "KeyConditionExpression": "channel = :channel",
            "ExpressionAttributeValues": {":channel": text(channel.key)},
            "ProjectionExpression": "connectionId",
            "ScanIndexForward": False,
            "Limit": 1,
        }
        rows = next(self._table.pages("Query", **backwards))
        return rows[0]["connectionId"]["S"] if rows else None

    def occupied(self, channel: Channel, now: int) -> bool:
        return any(self._table.pages("Query", **_live(channel, now), Limit=_ROWS_TO_LOOK_AT))

    def pages(self) -> Iterator[list[Subscription]]:
        for page in self._table.pages("Scan"):
            yield [subscription_from_row(row) for row in page]


def _key(channel: Channel, connection_id: str) -> Item:
    return {"channel": text(channel.key), "connectionId": text(connection_id)}


def _live(channel: Channel, now: int) -> Item:
    """A Query of the channel's rows that have not expired at `now` (ms)."""
    return {
        "ConsistentRead": True,
        "KeyConditionExpression": "channel = :channel",
        "FilterExpression": "expiresAt > :now",
        "ExpressionAttributeValues": {":channel": text(channel.key), ":now": number(now // 1000)},
    }
