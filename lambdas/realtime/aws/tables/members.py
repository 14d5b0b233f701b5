"""The `members` table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from realtime.aws.dynamodb import Refused, Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import number, presence_from_row, reader_entry, strings, text
from realtime.domain.connections import Channel, Presence, Reader, expires_at
from realtime.domain.errors import ServiceError

# `member` is one of DynamoDB's reserved words.
_MEMBER = {"#member": "member"}
# A user that went and has not come back. With `joinedAt` there, somebody is in again; with another `leftAt`, has been.
_STILL_OUT = "leftAt = :left AND attribute_not_exists(joinedAt)"
_JOIN_ATTEMPTS = 3


class DynamoMembers:
    """The Members port. `wall_clock` is in seconds: what had expired is not found."""

    def __init__(self, service: JsonService, name: str, wall_clock: Callable[[], float]) -> None:
        self._table = Table(service, name)
        self._wall_clock = wall_clock

    def join(self, channel: Channel, user: str, member: str, reader: Reader, now: int) -> Presence | None:
        values = {
            ":reader": strings([reader_entry(reader)]),
            ":now": number(now),
            ":member": text(member),
            ":expires": number(expires_at(now)),
            ":seconds": number(now // 1000),
        }
        for _ in range(_JOIN_ATTEMPTS):
            before = self._update(
                channel,
                user,
                "ADD connections :reader SET touchedAt = :now, joinedAt = if_not_exists(joinedAt, :now),"
                " #member = if_not_exists(#member, :member), expiresAt = :expires REMOVE leftAt",
                "attribute_not_exists(expiresAt) OR expiresAt > :seconds",
                values,
                ReturnValues="ALL_OLD",
            )
            if not isinstance(before, Refused):
                return presence_from_row(before) if before else None
            # The row has expired and still lies there: nothing of it may show through, so it is written anew.
            anew = self._update(
                channel,
                user,
                "SET connections = :reader, touchedAt = :now, joinedAt = :now, #member = :member, expiresAt = :expires"
                " REMOVE leftAt, tellingUntil",
                "expiresAt <= :seconds",
                values,
            )
            if not isinstance(anew, Refused):
                return None
        raise ServiceError("UpdateItem", "the row changes too often")

    def touch(self, channel: Channel, user: str, joined_at: int, now: int) -> bool:
        values = {":joined": number(joined_at), ":now": number(now)}
        return self._table.update(_key(channel, user), "SET touchedAt = :now", "joinedAt = :joined", values)

    def leave(self, channel: Channel, user: str, reader: Reader) -> Presence | None:
        after = self._table.write(
            "UpdateItem",
            Key=_key(channel, user),
            UpdateExpression="DELETE connections :reader",
            # Not that the reader is there: an attempt whose answer was lost has taken it off already.
            ConditionExpression="attribute_exists(userId)",
            ExpressionAttributeValues={":reader": strings([reader_entry(reader)])},
            ReturnValues="ALL_NEW",
        )
        return None if isinstance(after, Refused) else presence_from_row(after)

    def claim_out(self, channel: Channel, user: str, now: int, until: int) -> Presence | None:
        before = self._update(
            channel,
            user,
            "SET leftAt = :now, tellingUntil = :until REMOVE joinedAt, #member",
            "attribute_exists(joinedAt) AND attribute_not_exists(connections)",
            {":now": number(now), ":until": number(until)},
            ReturnValues="ALL_OLD",
        )
        return None if isinstance(before, Refused) else presence_from_row(before)

    def settle_out(self, channel: Channel, user: str, left_at: int, *, keep: bool) -> Presence | None:
        operation, change = ("UpdateItem", {"UpdateExpression": "REMOVE tellingUntil"}) if keep else ("DeleteItem", {})
        written = self._table.write(
            operation,
            Key=_key(channel, user),
            **change,
            ConditionExpression=_STILL_OUT,
            ExpressionAttributeValues={":left": number(left_at)},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return presence_from_row(written.row) if isinstance(written, Refused) and written.row is not None else None

    def vanish(self, channel: Channel, user: str, left_at: int) -> bool:
        return self._table.delete(_key(channel, user), _STILL_OUT, {":left": number(left_at)})

    def rows(self, channel: Channel, now: int) -> Iterator[list[Presence]]:
        pages = self._table.pages(
            "Query",
            ConsistentRead=True,
            KeyConditionExpression="channel = :channel",
            FilterExpression="expiresAt > :now",
            ExpressionAttributeValues={":channel": text(channel.key), ":now": number(now // 1000)},
        )
        for page in pages:
            yield [presence_from_row(row) for row in page]

    def find(self, channels: Sequence[tuple[Channel, str]]) -> dict[tuple[Channel, str], Presence]:
        rows = self._table.get_batch([_key(*pair) for pair in dict.fromkeys(channels)])
        now = int(self._wall_clock())
        found = [presence_from_row(row) for row in rows if int(row["expiresAt"]["N"]) > now]
        return {(row.channel, row.user): row for row in found}

    def pages(self) -> Iterator[list[Presence]]:
        for page in self._table.pages("Scan"):
            yield [presence_from_row(row) for row in page]

    def _update(
        self, channel: Channel, user: str, expression: str, condition: str, values: Item, **options: Any
    ) -> Item | Refused:
        return self._table.write(
            "UpdateItem",
            Key=_key(channel, user),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames=_MEMBER,
            ExpressionAttributeValues=values,
            **options,
        )


def _key(channel: Channel, user: str) -> Item:
    return {"channel": text(channel.key), "userId": text(user)}
