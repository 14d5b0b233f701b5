"""The `state` table. Its TTL counts in seconds: what ends at a millisecond has that in `endsAt` as well."""

from __future__ import annotations

from realtime.aws.dynamodb import Refused, Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import number, text
from realtime.domain.connections import Channel
from realtime.ports import Cached

# How long the hits of a second stay: nobody asks for them once it is over.
_HITS_SECONDS = 60
_ONE = number(1)


class DynamoState:
    """The State port."""

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def cache(self, channel: Channel, cached: Cached) -> None:
        # Two events that are published at once may be written in another order.
        self._table.write(
            "PutItem",
            Item={
                **_key(f"cache:{channel.key}"),
                "event": text(cached.event),
                "data": text(cached.data),
                "eventId": text(cached.event_id),
                "storedAt": number(cached.stored_at),
                **_ends_at(cached.expires_at),
            },
            ConditionExpression="attribute_not_exists(id) OR storedAt <= :stored",
            ExpressionAttributeValues={":stored": number(cached.stored_at)},
        )

    def cached(self, channel: Channel, now: int) -> Cached | None:
        row = self._table.get(_key(f"cache:{channel.key}"))
        if row is None or int(row["endsAt"]["N"]) <= now:
            return None
        return Cached(
            event=row["event"]["S"],
            data=row["data"]["S"],
            event_id=row["eventId"]["S"],
            stored_at=int(row["storedAt"]["N"]),
            expires_at=int(row["endsAt"]["N"]),
        )

    def hit(self, name: str, now: int) -> int:
        second = now // 1000
        after = self._table.write(
            "UpdateItem",
            Key=_key(f"rate:{name}:{second}"),
            UpdateExpression="ADD n :one SET expiresAt = :expires",
            ExpressionAttributeValues={":one": _ONE, ":expires": number(second + _HITS_SECONDS)},
            ReturnValues="ALL_NEW",
        )
        assert not isinstance(after, Refused), "nothing can refuse it"
        return int(after["n"]["N"])

    def once(self, name: str, now: int, seconds: int) -> bool:
        written = self._table.write(
            "PutItem",
            Item={**_key(f"once:{name}"), **_ends_at(now + seconds * 1000)},
            ConditionExpression="attribute_not_exists(id) OR endsAt <= :now",
            ExpressionAttributeValues={":now": number(now)},
        )
        return not isinstance(written, Refused)

    def enter(self, name: str, most: int) -> bool:
        condition, values = "attribute_not_exists(n) OR n < :most", {":one": _ONE, ":most": number(most)}
        return most > 0 and self._table.update(_key(f"count:{name}"), "ADD n :one", condition, values)

    def exit(self, name: str) -> None:
        values = {":less": number(-1), ":zero": number(0)}
        self._table.update(_key(f"count:{name}"), "ADD n :less", "n > :zero", values)

    def recount(self, name: str, value: int) -> None:
        self._table.put({**_key(f"count:{name}"), "n": number(value)})


def _key(name: str) -> Item:
    return {"id": text(name)}


def _ends_at(moment: int) -> Item:
    """When a value ends: exactly (ms), and for DynamoDB's TTL (s), not before that."""
    return {"endsAt": number(moment), "expiresAt": number(-(-moment // 1000))}
