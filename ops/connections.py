"""Find live connections, in the order in which they connected, a page at a time.

A team's come from the index, already in order. For anything else the order has to be made first, from keys alone, and
the rows follow in batches: memory holds a page of rows, never all of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from ops.errors import OpsError
from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel
from realtime.wiring import pause

INDEX = "team-connectedAt"
_READS_A_BATCH = 100
_ATTEMPTS = 8
# Small enough that memory stays flat, large enough that a page takes longer than its way.
_ROWS_A_PAGE = 250

Row = dict[str, Any]
_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Names:
    """The tables of one deployment, and the app whose channels are meant."""

    connections: str
    subscriptions: str
    members: str
    app_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which connections: all conditions hold. `channel` is one of the app's."""

    team: str | None = None
    user: str | None = None
    channel: str | None = None
    limit: int | None = None


class Client(Protocol):
    """DynamoDB's low-level API, as boto3's client has it."""

    def query(self, **request: Any) -> Mapping[str, Any]:
        """One page of a Query."""

    def scan(self, **request: Any) -> Mapping[str, Any]:
        """One page of a Scan."""

    def get_item(self, **request: Any) -> Mapping[str, Any]:
        """One item."""

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
        """Up to 100 items."""


class Inspector:
    """Reads the tables of one deployment. `now` is in seconds since the epoch: what expired by then is not live."""

    def __init__(self, client: Client, names: Names, now: int, pause: Callable[[int], None] = pause) -> None:
        """`pause` waits before what DynamoDB left unprocessed is asked for again, for the n-th time."""
        self._pause = pause
        self._client = client
        self._names = names
        self._now = now

    def find(self, wanted: Filter) -> Iterator[Row]:
        """Live connections as plain dicts: strings, integers, lists of strings; absent values are None."""
        # What a channel's keys lead to may not match; only a Scan's keys are filtered already.
        limit = None if wanted.channel else wanted.limit
        rows = self._of_team(wanted) if wanted.team is not None else self._in_order(self._keys(wanted), limit)
        live = (row for row in map(plain, rows) if row["expiresAt"] > self._now and self._matches(row, wanted))
        return islice(live, wanted.limit)

    def get(self, connection_id: str) -> Row:
        """One connection. Raises OpsError if there is none of that id."""
        answer = self._client.get_item(
            TableName=self._names.connections, Key={"connectionId": {"S": connection_id}}, ConsistentRead=True
        )
        if "Item" not in answer or (row := plain(answer["Item"]))["expiresAt"] <= self._now:
            raise OpsError(f"There is no live connection {connection_id!r}.", "See them with: ops connections list")
        return row

    def _of_team(self, wanted: Filter) -> Iterator[Mapping[str, Any]]:
        assert wanted.team is not None
        query = {
            "TableName": self._names.connections,
            "IndexName": INDEX,
            "KeyConditionExpression": "teamId = :team",
            "FilterExpression": "expiresAt > :now",
            "ExpressionAttributeValues": {":team": {"S": wanted.team}, ":now": {"N": str(self._now)}},
        }
        return self._pages("query", query)

    def _keys(self, wanted: Filter) -> Iterator[_Key]:
        """(connected at, connection id) of what may match, in no order."""
        columns = {"TableName": self._names.connections, "ProjectionExpression": "connectionId, connectedAt"}
        if wanted.channel:
            # Each once: a batch must not name a key twice.
            ids = dict.fromkeys(self._readers(Channel(self._names.app_id, wanted.channel)))
            rows = self._batches(ids, columns["ProjectionExpression"])
        elif wanted.user:
            rows = self._pages(
                "scan",
                {
                    **columns,
                    "FilterExpression": "userId = :user AND expiresAt > :now",
                    "ExpressionAttributeValues": {":user": {"S": wanted.user}, ":now": {"N": str(self._now)}},
                },
            )
        else:
            live = {
                "FilterExpression": "expiresAt > :now",
                "ExpressionAttributeValues": {":now": {"N": str(self._now)}},
            }
            rows = self._pages("scan", {**columns, **live})
        return ((int(row["connectedAt"]["N"]), row["connectionId"]["S"]) for row in rows)

    def _readers(self, channel: Channel) -> Iterator[str]:
        """Ids of the connections that read a channel; in a presence channel they are with the users."""
        table, column = (
            (self._names.members, "connections")
            if is_presence(channel.name)
            else (self._names.subscriptions, "connectionId")
        )
        query = {
            "TableName": table,
            "KeyConditionExpression": "channel = :channel",
            "ExpressionAttributeValues": {":channel": {"S": channel.key}},
            "ProjectionExpression": column,
        }
        for row in self._pages("query", query):
            if is_presence(channel.name):
                # `<protocol>:<connection id>`
                yield from (entry.partition(":")[2] for entry in row.get("connections", {}).get("SS", []))
            else:
                yield row["connectionId"]["S"]

    def _matches(self, row: Row, wanted: Filter) -> bool:
        return (
            (wanted.team is None or row["teamId"] == wanted.team)
            and (wanted.user is None or row["userId"] == wanted.user)
            and (wanted.channel is None or self._reads(row, wanted.channel))
        )

    def _reads(self, row: Row, channel: str) -> bool:
        return row["appId"] == self._names.app_id and channel in row["channels"]

    def _in_order(self, keys: Iterable[_Key], limit: int | None) -> Iterator[Mapping[str, Any]]:
        ordered = sorted(keys) if limit is None else heapq.nsmallest(limit, keys)
        for start in range(0, len(ordered), _READS_A_BATCH):
            batch = [connection_id for _, connection_id in ordered[start : start + _READS_A_BATCH]]
            rows = {row["connectionId"]["S"]: row for row in self._batches(batch)}
            yield from (rows[connection_id] for connection_id in batch if connection_id in rows)

    def _batches(self, connection_ids: Iterable[str], columns: str | None = None) -> Iterator[Mapping[str, Any]]:
        ids = iter(connection_ids)
        options: dict[str, Any] = {"ProjectionExpression": columns} if columns else {}
        while batch := list(islice(ids, _READS_A_BATCH)):
            keys: list[Any] = [{"connectionId": {"S": connection_id}} for connection_id in batch]
            for attempt in range(_ATTEMPTS):
                if not keys:
                    break
                if attempt:
                    self._pause(attempt)
                request: Any = {self._names.connections: {"Keys": keys, **options}}
                answer = self._client.batch_get_item(RequestItems=request)
                yield from answer["Responses"].get(self._names.connections, [])
                keys = _unprocessed(answer, self._names.connections)
            if keys:
                raise OpsError("DynamoDB left reads unprocessed: it throttles.", "Wait a little and run it again.")

    def _pages(self, operation: str, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        call = getattr(self._client, operation)
        start: Mapping[str, Any] = {}
        while True:
            answer = call(**request, **start, Limit=_ROWS_A_PAGE)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def plain(row: Mapping[str, Any]) -> Row:
    """A row without DynamoDB's types. Every name is there in every row."""
    return {
        "connectionId": row["connectionId"]["S"],
        "userId": row.get("userId", {}).get("S"),
        "teamId": row.get("teamId", {}).get("S"),
        "channels": sorted(row.get("channels", {}).get("SS", [])),
        "connectedAt": int(row["connectedAt"]["N"]),
        "lastSeenAt": int(row["lastSeenAt"]["N"]),
        "expiresAt": int(row["expiresAt"]["N"]),
        "protocol": row["protocol"]["S"],
        "appId": row.get("appId", {}).get("S"),
        "key": row.get("key", {}).get("S"),
        "sourceIp": row.get("sourceIp", {}).get("S"),
        "userAgent": row.get("userAgent", {}).get("S"),
    }


def _unprocessed(answer: Mapping[str, Any], table: str) -> list[Any]:
    keys: list[Any] = answer["UnprocessedKeys"].get(table, {}).get("Keys", [])
    return keys
