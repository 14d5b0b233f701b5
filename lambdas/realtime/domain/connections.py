"""A client's connection and its subscriptions."""

from __future__ import annotations

from typing import NamedTuple

# API Gateway ends every connection after two hours (quota, not adjustable). The rest is room for a late $disconnect.
CONNECTION_LIFETIME_SECONDS = 2 * 3600 + 600
# lastSeenAt is for operators and the sweep: a write a minute is exact enough and bounds what a busy client costs.
SEEN_RESOLUTION_MS = 60_000
# Of users and teams. They stand in every row and event, and nobody has asked for longer ones.
MAX_NAME_LENGTH = 128


class Identity(NamedTuple):
    """Whom a token speaks for. `patterns` are the channels that it opens beyond those of the team."""

    user_id: str | None = None
    team_id: str | None = None
    patterns: frozenset[str] = frozenset()
    key: str | None = None


class Connection(NamedTuple):
    """One open WebSocket. Times: `*_at` in ms since the epoch, `expires_at` in seconds (DynamoDB's TTL wants those)."""

    connection_id: str
    identity: Identity
    protocol: str
    app_id: str
    connected_at: int
    last_seen_at: int
    expires_at: int
    channels: frozenset[str] = frozenset()
    source_ip: str | None = None
    user_agent: str | None = None


class Subscription(NamedTuple):
    """One connection that reads one channel."""

    channel: str
    connection_id: str
    user_id: str | None
    expires_at: int


def is_name(value: object) -> bool:
    """Whether `value` can name a user or a team: printable, so no control, direction or surrogate characters."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME_LENGTH and value.isprintable()


def expires_at(connected_at: int) -> int:
    """When the rows of a connection opened at `connected_at` (ms) are garbage (s)."""
    return connected_at // 1000 + CONNECTION_LIFETIME_SECONDS
