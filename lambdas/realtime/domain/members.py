"""Members of a presence channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .connections import MAX_NAME_LENGTH
from .errors import SubscriptionRefused
from .json_text import compact, parse, size_of
from .users import UserData

MAX_MEMBERS = 100
MAX_MEMBER_BYTES = 1024
# Beyond it JavaScript cannot tell one integer from the next.
MAX_NUMBER = 2**53

# DynamoDB takes no lone surrogates, our keys use line breaks, and escaped twice a control character has seven bytes:
# without them the ids of a full channel always fit into one frame.
_NOT_IN_AN_ID = re.compile(r"[\x00-\x1f\ud800-\udfff]")


class Member(NamedTuple):
    """A user in a presence channel.

    `user` identifies it: 7 and "7" are the same user. `text` is what others are told, compact JSON:
    `{"user_id":…,"user_info":…}`, with the id of the type that was signed, and without `user_info` if there was none.
    """

    user: str
    text: str


def member_of(channel_data: str) -> Member:
    """Read the signed `channel_data`. Raises SubscriptionRefused: AuthError 401, LimitReached 4301."""
    try:
        fields = parse(channel_data)
    except ValueError:
        raise _malformed("The channel_data is not JSON.") from None
    if not isinstance(fields, dict):
        raise _malformed("The channel_data is not a JSON object.")
    return _member({name: fields[name] for name in ("user_id", "user_info") if name in fields})


def member_from_user(user_data: UserData) -> Member:
    """Who is signed in, as a member. Raises SubscriptionRefused: AuthError 401, LimitReached 4301."""
    info = {} if user_data.user_info is None else {"user_info": user_data.user_info}
    return _member({"user_id": user_data.id, **info})


def user_id_json(member: Member) -> str:
    """The user id as JSON text, a string or an integer as it was signed."""
    return compact(parse(member.text)["user_id"])


def user_info_json(member: Member) -> str:
    """The user info as JSON text, "null" if there is none."""
    return compact(parse(member.text).get("user_info"))


def _member(fields: Mapping[str, Any]) -> Member:
    user = _identity(fields.get("user_id"))
    try:
        text = compact(fields)
    except ValueError:
        raise _malformed("The user_info is not JSON.") from None
    if size_of(text) > MAX_MEMBER_BYTES:
        raise _too_large(f"A member's user_id and user_info have at most {MAX_MEMBER_BYTES} bytes as JSON.")
    return Member(user, text)


def _identity(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > MAX_NUMBER:
            raise _malformed("A user_id that is a number lies between -2^53 and 2^53.")
        return str(value)
    if not isinstance(value, str) or not value:
        raise _malformed("The user_id is neither an integer nor a string of at least one character.")
    if len(value) > MAX_NAME_LENGTH:
        raise _too_large(f"A user_id has at most {MAX_NAME_LENGTH} characters.")
    if _NOT_IN_AN_ID.search(value):
        raise _malformed("The user_id has control characters.")
    return value


def _malformed(message: str) -> SubscriptionRefused:
    return SubscriptionRefused("AuthError", message, 401)


def _too_large(message: str) -> SubscriptionRefused:
    return SubscriptionRefused("LimitReached", message, 4301)
