"""The `subscriptions` table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from realtime.aws.dynamodb import Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import number, subscription_from_row, subscription_to_row, text
from realtime.domain.connections import Channel, Reader, Subscription

# To know whether there is a reader, one live row will do; a few, as some may have expired.
_ROWS_TO_LOOK_AT = 5


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

    def readers(self, channel: Channel, now: int) -> Iterator[list[Reader]]:
        for page in self._table.pages("Query", **_live(channel, now)):
            yield [
                Reader(row.connection_id, row.protocol, row.since, row.user_id)
                for row in map(subscription_from_row, page)
            ]

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
