"""Whom a Pusher client signs in as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .channels import ALPHABET
from .connections import MAX_NAME_LENGTH, is_name
from .errors import PusherError
from .json_text import compact, has_utf8, parse, size_of

MAX_USER_DATA_BYTES = 10 * 1024
MAX_WATCHLIST = 100

# A user's own channel is `#server-to-user-<id>`, hence a channel's alphabet. Pusher names no length; 128 is that of a
# presence channel's user id, and whoever is signed in can be in one under the same id.
_USER_ID = re.compile(rf"[{ALPHABET}]{{1,{MAX_NAME_LENGTH}}}")


class UserData(NamedTuple):
    """The signed `user_data`: `text` is exactly what was signed, the rest is what it says.

    `watchlist` holds each user once, in order, and the first 100 at most; `watchlist_too_long` if there were more.
    """

    id: str
    user_info: Any
    watchlist: tuple[str, ...]
    watchlist_too_long: bool
    team_id: str | None
    text: str


def user_data_of(text: str) -> UserData:
    """Read `user_data`; what may be left out may also be null. Raises PusherError(4009)."""
    if size_of(text) > MAX_USER_DATA_BYTES:
        raise _refused(f"The user_data has more than {MAX_USER_DATA_BYTES} bytes.")
    fields = _fields(text)
    user_id, team = fields.get("id"), fields.get("team_id")
    if not (isinstance(user_id, str) and _USER_ID.fullmatch(user_id)):
        raise _refused(f"The id in the user_data is no string of 1 to {MAX_NAME_LENGTH} of A-Z a-z 0-9 _ - = @ , . ;")
    if not (team is None or is_name(team)):
        raise _refused(f"The team_id in the user_data is no string of 1 to {MAX_NAME_LENGTH} printable characters.")
    watched = _watchlist(fields.get("watchlist"))
    return UserData(
        id=user_id,
        user_info=fields.get("user_info"),
        watchlist=watched[:MAX_WATCHLIST],
        watchlist_too_long=len(watched) > MAX_WATCHLIST,
        team_id=team,
        text=text,
    )


def _fields(text: str) -> Mapping[str, Any]:
    # What has no UTF-8 form was not signed by a server library, and DynamoDB could not keep it.
    if not has_utf8(text):
        raise _refused("The user_data has no UTF-8 form.")
    try:
        fields = parse(text)
        compact(fields)
    except ValueError:
        raise _refused("The user_data is not JSON.") from None
    if not isinstance(fields, dict):
        raise _refused("The user_data is not a JSON object.")
    return fields


def _watchlist(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not (isinstance(value, list) and all(isinstance(user, str) for user in value)):
        raise _refused("The watchlist in the user_data is not a list of strings.")
    # Nobody can sign in under another kind of id, so whoever watches one waits for nothing.
    return tuple(dict.fromkeys(user for user in value if _USER_ID.fullmatch(user)))


def _refused(message: str) -> PusherError:
    return PusherError(4009, message)
