"""DynamoDB's attribute values, and the rows of the tables (docs/architecture.md, "Tables").

Absent values have no attribute. A row that lacks what it must have is a bug or another program's: KeyError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realtime.domain.connections import PLAIN, Channel, Connection, Identity, Presence, Reader, Subscription

Row = dict[str, Any]

# Between channel and user in `members`: neither can hold it.
_SEPARATOR = "\n"


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
    """A connection's attributes; an index leaves out rows without its key."""
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
        "welcome": connection.welcome,
        "userData": connection.user_data,
    }
    numbers = {
        "connectedAt": connection.connected_at,
        "lastSeenAt": connection.last_seen_at,
        "expiresAt": connection.expires_at,
        "refusal": connection.refusal,
        "coalesce": connection.coalesce or None,
    }
    sets = {
        "channels": connection.channels,
        "access": identity.patterns,
        "members": {member_entry(channel, user) for channel, user in connection.members.items()},
        "watching": connection.watching,
        "saw": connection.saw,
    }
    return {
        **{name: text(value) for name, value in texts.items() if value},
        **{name: number(value) for name, value in numbers.items() if value is not None},
        **{name: strings(values) for name, values in sets.items() if values},
        **({"counted": {"BOOL": True}} if connection.counted else {}),
    }


def connection_from_row(row: Mapping[str, Any]) -> Connection:
    """The connection of a row."""
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
        members=dict(_member(entry) for entry in sorted(_strings(row, "members"))),
        welcome=_text(row, "welcome"),
        refusal=_number(row, "refusal"),
        user_data=_text(row, "userData"),
        counted="counted" in row,
        watching=_strings(row, "watching"),
        saw=_strings(row, "saw"),
        coalesce=_number(row, "coalesce") or 0,
    )


def member_entry(channel: str, user: str) -> str:
    """Whom a connection is in a presence channel, as its row has it."""
    return f"{channel}{_SEPARATOR}{user}"


def subscription_to_row(subscription: Subscription) -> Row:
    """A subscription's attributes."""
    row = {
        "channel": text(subscription.channel.key),
        "connectionId": text(subscription.connection_id),
        "protocol": text(subscription.protocol),
        "since": number(subscription.since),
        "expiresAt": number(subscription.expires_at),
    }
    if subscription.user_id:
        row["userId"] = text(subscription.user_id)
    if subscription.coalesce:
        row["coalesce"] = number(subscription.coalesce)
    return row


def subscription_from_row(row: Mapping[str, Any]) -> Subscription:
    """The subscription of a row."""
    return Subscription(
        channel=Channel.parse(row["channel"]["S"]),
        connection_id=row["connectionId"]["S"],
        # Rows of before there were apps have neither; the sweep has to get past them.
        protocol=_text(row, "protocol") or PLAIN,
        user_id=_text(row, "userId"),
        since=_number(row, "since") or 0,
        expires_at=int(row["expiresAt"]["N"]),
        coalesce=_number(row, "coalesce") or 0,
    )


def reader_from_row(row: Mapping[str, Any]) -> Reader:
    """The reader of a subscription's row that may lack `channel` and `expiresAt`."""
    return Reader(
        connection_id=row["connectionId"]["S"],
        protocol=_text(row, "protocol") or PLAIN,
        since=_number(row, "since") or 0,
        user=_text(row, "userId"),
        coalesce=_number(row, "coalesce") or 0,
    )


def reader_entry(reader: Reader) -> str:
    """A reader as its user's row has it: `plain:<id>`, `plain+200:<id>`. A protocol's name has neither sign."""
    coalesce = f"+{reader.coalesce}" if reader.coalesce else ""
    return f"{reader.protocol}{coalesce}:{reader.connection_id}"


def presence_from_row(row: Mapping[str, Any]) -> Presence:
    """The user of a row. All its readers came, for all the row knows, when the latest did."""
    user = row["userId"]["S"]
    touched_at = int(row["touchedAt"]["N"])
    return Presence(
        channel=Channel.parse(row["channel"]["S"]),
        user=user,
        connections=tuple(_reader(entry, touched_at, user) for entry in sorted(_strings(row, "connections"))),
        member=_text(row, "member"),
        joined_at=_number(row, "joinedAt"),
        touched_at=touched_at,
        left_at=_number(row, "leftAt"),
        telling_until=_number(row, "tellingUntil") or 0,
    )


def _reader(entry: str, since: int, user: str) -> Reader:
    kind, _, connection_id = entry.partition(":")
    protocol, _, coalesce = kind.partition("+")
    return Reader(connection_id, protocol, since, user, int(coalesce or 0))


def _member(entry: str) -> tuple[str, str]:
    channel, _, user = entry.partition(_SEPARATOR)
    return channel, user


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value["S"] if value else None


def _number(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    return int(value["N"]) if value else None


def _strings(row: Mapping[str, Any], name: str) -> frozenset[str]:
    value = row.get(name)
    return frozenset(value["SS"]) if value else frozenset()
