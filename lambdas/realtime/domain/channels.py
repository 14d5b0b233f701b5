"""Channel and event names, and who may use a channel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import ClientError, ErrorCode, SubscriptionRefused

MAX_CHANNEL_LENGTH = 164
MAX_EVENT_LENGTH = 200
MAX_CHANNELS_PER_CONNECTION = 100

ALPHABET = r"A-Za-z0-9_\-=@,.;"
_CHANNEL = re.compile(rf"[{ALPHABET}]{{1,{MAX_CHANNEL_LENGTH}}}")
_PATTERN = re.compile(rf"[{ALPHABET}*]{{1,{MAX_CHANNEL_LENGTH}}}")
# The dash belongs to the prefix: "privateer" is a public channel.
_PRIVATE, _PRESENCE, _ENCRYPTED = "private-", "presence-", "private-encrypted-"
_CLOSED = (_PRIVATE, _PRESENCE)
_CACHE = ("cache-", f"{_PRIVATE}cache-", f"{_ENCRYPTED}cache-", f"{_PRESENCE}cache-")
_TEAM = "team-"

# A client that could name its event like one of ours could pass itself off as the server.
_RESERVED_EVENTS = frozenset({"subscribed", "unsubscribed", "heartbeat", "error"})
_RESERVED_PREFIXES = ("pusher:", "pusher_internal:")


def check_channel(name: str) -> str:
    """Return `name` if it is a channel name, else raise `ClientError(INVALID_CHANNEL)`."""
    if not _CHANNEL.fullmatch(name):
        raise ClientError(
            ErrorCode.INVALID_CHANNEL,
            f"A channel name has 1 to {MAX_CHANNEL_LENGTH} characters of A-Z a-z 0-9 _ - = @ , . ;",
        )
    return name


def check_pusher_channel(name: str) -> str:
    """Return `name` if a Pusher client may ask for it, else raise `SubscriptionRefused` with status 4009.

    `#server-to-user-…` is refused: it belongs to one user and needs no subscription of this kind.
    """
    if len(name) > MAX_CHANNEL_LENGTH:
        raise SubscriptionRefused("LimitReached", f"A channel name has at most {MAX_CHANNEL_LENGTH} characters.", 4009)
    if not is_channel(name):
        raise SubscriptionRefused("InvalidChannel", "A channel name has characters of A-Z a-z 0-9 _ - = @ , . ;", 4009)
    return name


def is_channel(name: str) -> bool:
    """Whether `name` is a channel that can be published to; `#…` is not."""
    return _CHANNEL.fullmatch(name) is not None


def is_presence(channel: str) -> bool:
    """Whether it is a presence channel."""
    return channel.startswith(_PRESENCE)


def is_encrypted(channel: str) -> bool:
    """Whether the data of its events are nobody's business but the clients'."""
    return channel.startswith(_ENCRYPTED)


def is_cache(channel: str) -> bool:
    """Whether it keeps its last event for those who come later."""
    return channel.startswith(_CACHE)


def needs_signature(channel: str) -> bool:
    """Whether a Pusher client needs the app's signature to subscribe."""
    return channel.startswith(_CLOSED)


def is_event(name: str) -> bool:
    """Whether a server may publish under `name`: 1 to 200 characters, not one of Pusher's own events."""
    return 1 <= len(name) <= MAX_EVENT_LENGTH and not name.startswith(_RESERVED_PREFIXES)


def check_event(name: str) -> str:
    """Return `name` if a client may publish under it, else raise `ClientError(INVALID_EVENT)`."""
    if not 1 <= len(name) <= MAX_EVENT_LENGTH:
        raise ClientError(ErrorCode.INVALID_EVENT, f"An event name has 1 to {MAX_EVENT_LENGTH} characters.")
    if name in _RESERVED_EVENTS or name.startswith(_RESERVED_PREFIXES):
        raise ClientError(ErrorCode.INVALID_EVENT, "This event name is reserved for the server.")
    return name


def too_many_channels() -> ClientError:
    """The refusal of one channel more than a connection may have."""
    return ClientError(
        ErrorCode.TOO_MANY_CHANNELS, f"A connection subscribes to at most {MAX_CHANNELS_PER_CONNECTION} channels."
    )


def another_user() -> ClientError:
    """The refusal of a second user for a connection that is in a presence channel."""
    return ClientError(ErrorCode.FORBIDDEN, "This connection is in the channel as another user.")


def is_pattern(text: str) -> bool:
    """Whether `text` can stand in a token's `channels` claim: a channel name in which `*` means any characters."""
    return _PATTERN.fullmatch(text) is not None


def team_of(channel: str) -> str | None:
    """The team that `team-X`, `private-team-X` or `presence-team-X` belongs to, else None."""
    for prefix in _CLOSED:
        channel = channel.removeprefix(prefix) if channel.startswith(prefix + _TEAM) else channel
    return channel.removeprefix(_TEAM) if len(channel) > len(_TEAM) and channel.startswith(_TEAM) else None


def may_use(channel: str, *, team: str | None, patterns: Iterable[str]) -> bool:
    """Whether a connection of `team`, with these patterns in its token, may subscribe to `channel`.

    A team's channels are for that team; other private and presence channels need a pattern; the rest is public.
    """
    owner = team_of(channel)
    if owner is None and not channel.startswith(_CLOSED):
        return True
    if owner is not None and owner == team:
        return True
    return any(_matches(channel, pattern) for pattern in patterns)


def _matches(channel: str, pattern: str) -> bool:
    """Match with `*` as any characters, in linear time: a regular expression of many stars would not be."""
    first, *rest = pattern.split("*")
    if not rest:
        return channel == pattern
    *middle, last = rest
    if len(channel) < len(first) + len(last) or not (channel.startswith(first) and channel.endswith(last)):
        return False
    position, end = len(first), len(channel) - len(last)
    for part in middle:
        found = channel.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
