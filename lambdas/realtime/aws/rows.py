"""DynamoDB's attribute values, and the rows of the two tables (docs/architecture.md, "Tables")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realtime.domain.connections import Connection, Identity, Subscription

Row = dict[str, Any]


def text(value: str) -> Row:
    """A string."""
    return {"S": value}


def number(value: int) -> Row:
    """An integer."""
    return {"N": str(value)}


def strings(values: Iterable[str]) -> Row:
    """A string set, which must not be empty."""
    return {"SS": sorted(values)}


def connection_to_row(connection: Connection) -> Row:
    """Absent values have no attribute: an index leaves out rows without its key."""
    identity = connection.identity
    texts = {
        "connectionId": connection.connection_id,
        "userId": identity.user_id,
        "teamId": identity.team_id,
        "protocol": connection.protocol,
        "appId": connection.app_id,
        "key": identity.key,
        "sourceIp": connection.source_ip,
        "userAgent": connection.user_agent,
    }
    numbers = {
        "connectedAt": connection.connected_at,
        "lastSeenAt": connection.last_seen_at,
        "expiresAt": connection.expires_at,
    }
    sets = {"channels": connection.channels, "access": identity.patterns}
    return {
        **{name: text(value) for name, value in texts.items() if value},
        **{name: number(value) for name, value in numbers.items()},
        **{name: strings(values) for name, values in sets.items() if values},
    }


def connection_from_row(row: Mapping[str, Any]) -> Connection:
    """A row that lacks what it must have is a bug or another program's: KeyError."""
    return Connection(
        connection_id=row["connectionId"]["S"],
        identity=Identity(
            user_id=_text(row, "userId"),
            team_id=_text(row, "teamId"),
            patterns=_strings(row, "access"),
            key=_text(row, "key"),
        ),
        protocol=row["protocol"]["S"],
        app_id=row["appId"]["S"],
        connected_at=int(row["connectedAt"]["N"]),
        last_seen_at=int(row["lastSeenAt"]["N"]),
        expires_at=int(row["expiresAt"]["N"]),
        channels=_strings(row, "channels"),
        source_ip=_text(row, "sourceIp"),
        user_agent=_text(row, "userAgent"),
    )


def subscription_to_row(subscription: Subscription) -> Row:
    """A subscription's attributes."""
    row = {
        "channel": text(subscription.channel),
        "connectionId": text(subscription.connection_id),
        "expiresAt": number(subscription.expires_at),
    }
    if subscription.user_id:
        row["userId"] = text(subscription.user_id)
    return row


def subscription_from_row(row: Mapping[str, Any]) -> Subscription:
    """A row that lacks what it must have is a bug or another program's: KeyError."""
    return Subscription(
        row["channel"]["S"],
        row["connectionId"]["S"],
        _text(row, "userId"),
        int(row["expiresAt"]["N"]),
    )


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value["S"] if value else None


def _strings(row: Mapping[str, Any], name: str) -> frozenset[str]:
    value = row.get(name)
    return frozenset(value["SS"]) if value else frozenset()
