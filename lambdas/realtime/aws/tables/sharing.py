"""What large publishes and events that wait keep in the `state` table: progress, bookings, buffers."""

from __future__ import annotations

import os

from realtime.aws.dynamodb import Refused, Table
from realtime.aws.json_service import Item, JsonService, ServiceRefusal
from realtime.aws.rows import number, strings, text
from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.ports import Progress

# Lambda tries an event again for six hours at most, and a share hands over to itself for no longer.
_SHARE_SECONDS = 24 * 3600
_BOOK_ATTEMPTS = 5
# Events that nobody came to take for so long (s) are of no use to anybody.
_BUFFER_SECONDS = 3600
# In ms. Who was to take the events waits for 1,000 at most (coalesce_max_ms), and has the rest to start.
_TAKER_MS = 6_000
# A flush that took them has ended by then: it is longer than `deliver` may run (functions.tf), and shorter than the
# three minutes in which Lambda tries again twice: the last try of a flush that waits for one that died takes all.
_FLUSH_MS = 130_000
# What makes an entry unlike any other with the same text.
_MARK_BYTES = 6


class DynamoShares:
    """The Shares port.

    A claim whose answer was lost has the share: its retry finds it claimed, and Lambda comes again when that ends.
    """

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def claim(self, share_id: str, now: int, until: int) -> Progress | None:
        row = self._table.write(
            "UpdateItem",
            Key=_share(share_id),
            UpdateExpression="SET leasedUntil = :until, expiresAt = :expires",
            ConditionExpression="attribute_not_exists(id) OR (attribute_not_exists(done) AND leasedUntil < :now)",
            ExpressionAttributeValues={
                ":until": number(until),
                ":now": number(now),
                ":expires": _expiry(now, _SHARE_SECONDS),
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if isinstance(row, Refused):
            if row.row is not None and "done" in row.row:
                return None
            raise ServiceError("claim", "another run has the share")
        unfinished = row["unfinished"]["SS"] if "unfinished" in row else ()
        return Progress(row["reached"]["S"] if "reached" in row else "", frozenset(unfinished))

    def note(self, share_id: str, progress: Progress, until: int) -> None:
        expression = "SET reached = :reached, leasedUntil = :until"
        values = {":reached": text(progress.cursor), ":until": number(until)}
        if progress.open:
            expression += ", unfinished = :unfinished"
            values[":unfinished"] = strings(progress.open)
        else:
            expression += " REMOVE unfinished"
        # A run that was overtaken by another, which is done, has nothing to note.
        self._table.update(_share(share_id), expression, "attribute_not_exists(done)", values)

    def finish(self, share_id: str, now: int) -> None:
        self._table.write(
            "UpdateItem",
            Key=_share(share_id),
            UpdateExpression="SET done = :true, expiresAt = :expires REMOVE reached, unfinished, leasedUntil",
            ExpressionAttributeValues={":true": {"BOOL": True}, ":expires": _expiry(now, _SHARE_SECONDS)},
        )


class DynamoQuota:
    """The Quota port: one row with the moment (µs) until which the requests are booked.

    DynamoDB takes 1,000 writes a second to one row, so book some hundred requests at once.
    A booking whose answer was lost is made again: the requests begin later than they might.
    """

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def reserve(self, requests: int, rate: int, now: int) -> int:
        span = -(-requests * 1_000_000 // rate)
        for _ in range(_BOOK_ATTEMPTS):
            # First as if there were others: one call for all bookings of a busy time but the first.
            behind = self._book("SET bookedUntil = bookedUntil + :span", "bookedUntil >= :now", span, now)
            if behind is not None:
                return max(0, -(-(behind - span - now * 1000) // 1000))
            if requests < 0:
                return 0  # what is given back is over
            alone = "attribute_not_exists(bookedUntil) OR bookedUntil < :now"
            if self._book("SET bookedUntil = :now + :span", alone, span, now) is not None:
                return 0
        raise ServiceError("reserve", "the row changes too often")

    def _book(self, expression: str, condition: str, span: int, now: int) -> int | None:
        row = self._table.write(
            "UpdateItem",
            Key={"id": text("quota")},
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues={":span": number(span), ":now": number(now * 1000)},
            ReturnValues="UPDATED_NEW",
        )
        return None if isinstance(row, Refused) else int(row["bookedUntil"]["N"])


class DynamoBuffers:
    """The Buffers port: a row for each channel with events that wait (`events`) or are being delivered (`taken`).

    Each method may be tried again by itself: an append whose answer was lost finds its own entry, a take its own flush.
    A row holds 400 KB: an entry that does not fit is refused, and its event fails as if DynamoDB had.
    """

    def __init__(self, service: JsonService, name: str) -> None:
        self._table = Table(service, name)

    def append(self, channel: Channel, entry: str, now: int) -> bool:
        mine = text(os.urandom(_MARK_BYTES).hex() + entry)
        row = self._append(channel, mine, now)
        if isinstance(row, Refused):
            # An attempt before this one has done it.
            row = row.row or {}
        events = row.get("events", {"L": []})["L"]
        if events and events[0] == mine:
            return True
        since = int(row["waitingSince"]["N"]) if events else now
        return since < now - _TAKER_MS and self._take_over(channel, since, now)

    def _append(self, channel: Channel, mine: Item, now: int) -> Item | Refused:
        try:
            return self._table.write(
                "UpdateItem",
                Key=_buffer(channel),
                UpdateExpression="SET events = list_append(if_not_exists(events, :none), :one),"
                " waitingSince = if_not_exists(waitingSince, :now), expiresAt = :expires",
                ConditionExpression="(attribute_not_exists(events) OR NOT contains(events, :mine))"
                " AND (attribute_not_exists(taken) OR NOT contains(taken, :mine))",
                ExpressionAttributeValues={
                    ":none": {"L": []},
                    ":one": {"L": [mine]},
                    ":mine": mine,
                    ":now": number(now),
                    ":expires": _expiry(now, _BUFFER_SECONDS),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ServiceRefusal as refusal:
            if refusal.code == "ValidationException" and "size" in str(refusal.body.get("message")):
                raise ServiceError("append", "more events wait than a row can hold") from None
            raise

    def _take_over(self, channel: Channel, since: int, now: int) -> bool:
        """Whether this is the one who has the events taken that have waited for too long."""
        values = {":since": number(since), ":now": number(now)}
        return self._table.update(_buffer(channel), "SET waitingSince = :now", "waitingSince = :since", values)

    def take(self, channel: Channel, flush: str, now: int) -> list[str] | None:
        # What a flush that died had taken comes first: it is older.
        row = self._table.write(
            "UpdateItem",
            Key=_buffer(channel),
            UpdateExpression="SET taken = list_append(if_not_exists(taken, :none), if_not_exists(events, :none)),"
            " flush = :flush, takenAt = :now, expiresAt = :expires REMOVE events, waitingSince",
            ConditionExpression="(attribute_exists(events) OR attribute_exists(taken))"
            " AND (attribute_not_exists(flush) OR (flush <> :flush AND takenAt < :dead))",
            ExpressionAttributeValues={
                ":none": {"L": []},
                ":flush": text(flush),
                ":now": number(now),
                ":dead": number(now - _FLUSH_MS),
                ":expires": _expiry(now, _BUFFER_SECONDS),
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if not isinstance(row, Refused):
            return _entries(row)
        if row.row is None or "flush" not in row.row:
            return []
        return _entries(row.row) if row.row["flush"] == text(flush) else None

    def done(self, channel: Channel, flush: str) -> None:
        mine, values = "flush = :flush", {":flush": text(flush)}
        if not self._table.delete(_buffer(channel), f"{mine} AND attribute_not_exists(events)", values):
            self._table.update(_buffer(channel), "REMOVE taken, flush, takenAt", mine, values)


def _entries(row: Item) -> list[str]:
    return [entry["S"][2 * _MARK_BYTES :] for entry in row["taken"]["L"]]


def _share(share_id: str) -> Item:
    return {"id": text(f"share:{share_id}")}


def _buffer(channel: Channel) -> Item:
    return {"id": text(f"buffer:{channel.key}")}


def _expiry(now: int, seconds: int) -> Item:
    return number(now // 1000 + seconds)
