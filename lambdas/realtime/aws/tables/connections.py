"""The `connections` table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from realtime.aws.dynamodb import Refused, Table
from realtime.aws.json_service import Item, JsonService
from realtime.aws.rows import connection_from_row, connection_to_row, member_entry, number, strings, text
from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION, another_user, too_many_channels
from realtime.domain.connections import SEEN_RESOLUTION_MS, TELLING, TOLD, Connection
from realtime.domain.errors import ServiceError
from realtime.ports import Entry, Removed, SignIn

# Who began to welcome a client and has not said that it did by then has ended without.
_WELCOME_LEASE_MS = 10_000
# Without it, an update would create the row.
_EXISTS = "attribute_exists(connectionId)"


class DynamoConnections:
    """The Connections port."""

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def add(self, connection: Connection) -> None:
        self._table.put(connection_to_row(connection))

    def find(self, connection_id: str) -> Connection | None:
        row = self._table.get(_key(connection_id))
        return None if row is None else connection_from_row(row)

    def find_all(self, connection_ids: Collection[str]) -> dict[str, Connection]:
        rows = self._table.get_batch([_key(connection_id) for connection_id in sorted(set(connection_ids))])
        return {row.connection_id: row for row in map(connection_from_row, rows)}

    def claim_welcome(self, connection_id: str, now: int) -> Connection | None:
        row = self._table.write(
            "UpdateItem",
            Key=_key(connection_id),
            UpdateExpression="SET welcome = :telling, welcomingAt = :now",
            ConditionExpression=f"{_EXISTS} AND (attribute_not_exists(welcome) OR welcome = :telling)"
            " AND (attribute_not_exists(welcomingAt) OR welcomingAt <= :before)",
            ExpressionAttributeValues={
                ":telling": text(TELLING),
                ":now": number(now),
                ":before": number(now - _WELCOME_LEASE_MS),
            },
            ReturnValues="ALL_NEW",
        )
        return None if isinstance(row, Refused) else connection_from_row(row)

    def welcomed(self, connection_id: str) -> None:
        self._update(connection_id, "SET welcome = :told REMOVE welcomingAt", {":told": text(TOLD)})

    def join(self, connection_id: str, entry: Entry, now: int) -> bool:
        adds = {"channels": {entry.channel}, "saw": entry.saw}
        sets, is_same_user = "SET lastSeenAt = :now", ""
        values = {":now": number(now), ":name": text(entry.channel), ":most": number(MAX_CHANNELS_PER_CONNECTION)}
        if entry.user is not None:
            member = member_entry(entry.channel, entry.user)
            adds["members"] = {member}
            is_same_user = " AND contains(members, :member)"
            values[":member"] = text(member)
        if entry.team:
            sets += ", teamId = if_not_exists(teamId, :team)"
            values[":team"] = text(entry.team)
        # Checked here and not only before: messages of one connection run in parallel.
        written = self._table.write(
            "UpdateItem",
            Key=_key(connection_id),
            UpdateExpression=f"{_add(adds)} {sets}",
            ConditionExpression=f"{_EXISTS} AND attribute_not_exists(refusal) AND (attribute_not_exists(channels)"
            f" OR (contains(channels, :name){is_same_user})"
            " OR (NOT contains(channels, :name) AND size(channels) < :most))",
            ExpressionAttributeValues={**values, **_sets(adds)},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if isinstance(written, Refused) and written.row is not None and "refusal" not in written.row:
            is_in = entry.channel in connection_from_row(written.row).channels
            raise another_user() if is_in else too_many_channels()
        return not isinstance(written, Refused)

    def leave(self, connection_id: str, channel: str, user: str | None = None) -> bool:
        expression, values = "DELETE channels :channel", {":channel": strings([channel])}
        if user is not None:
            expression += ", members :member"
            values[":member"] = strings([member_entry(channel, user)])
        return self._update(connection_id, expression, values)

    def claim_user(self, connection_id: str, user_id: str) -> bool:
        condition = " AND (attribute_not_exists(userId) OR userId = :user)"
        return self._update(connection_id, "SET userId = :user", {":user": text(user_id)}, condition)

    def sign_in(self, connection_id: str, sign_in: SignIn, now: int) -> bool:
        adds = {"watching": sign_in.watching}
        expression = "SET userId = :user, userData = :data, lastSeenAt = :now"
        values = {
            ":user": text(sign_in.user_id),
            ":data": text(sign_in.user_data),
            ":now": number(now),
            **_sets(adds),
        }
        if sign_in.team:
            expression += ", teamId = :team"
            values[":team"] = text(sign_in.team)
        condition = " AND (attribute_not_exists(userId) OR userId = :user)"
        return self._update(connection_id, f"{expression} {_add(adds)}", values, condition)

    def seen(self, connection_id: str, now: int) -> None:
        values = {":now": number(now), ":before": number(now - SEEN_RESOLUTION_MS)}
        self._update(connection_id, "SET lastSeenAt = :now", values, " AND lastSeenAt <= :before")

    def remove(self, connection_ids: Collection[str]) -> Removed:
        removed, failure = [], None
        for row in self._table.delete_all([_key(connection_id) for connection_id in connection_ids]):
            if isinstance(row, ServiceError):
                failure = row
            elif row:
                removed.append(connection_from_row(row))
        return Removed(removed, failure)

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        keys = [_key(connection_id) for connection_id in sorted(set(connection_ids))]
        return {row["connectionId"]["S"] for row in self._table.get_batch(keys, ProjectionExpression="connectionId")}

    def pages(self) -> Iterator[list[Connection]]:
        for page in self._table.pages("Scan"):
            yield [connection_from_row(row) for row in page]

    def _update(self, connection_id: str, expression: str, values: Item, condition: str = "") -> bool:
        """Update a row that is there."""
        return self._table.update(_key(connection_id), expression, f"{_EXISTS}{condition}", values)


def _key(connection_id: str) -> Item:
    return {"connectionId": text(connection_id)}


def _add(sets: dict[str, Any]) -> str:
    """The clause that adds to sets, those that gain nothing left out: DynamoDB has no empty sets."""
    parts = [f"{name} :{name}" for name, values in sets.items() if values]
    return f"ADD {', '.join(parts)}" if parts else ""


def _sets(sets: dict[str, Any]) -> Item:
    return {f":{name}": strings(values) for name, values in sets.items() if values}
