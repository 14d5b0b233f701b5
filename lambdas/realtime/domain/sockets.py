"""The id by which Pusher's libraries know a connection."""

from __future__ import annotations

import hashlib
import re

# `\d` would take the digits of every script, and `$` a line break at the end.
_SOCKET_ID = re.compile(r"[0-9]+\.[0-9]+")


def socket_id(connection_id: str) -> str:
    """The socket id of a connection: "a.b", two integers of 40 bits.

    Every server library refuses another form, and API Gateway's ids have another. This one is derived from those, so
    whoever knows the connection knows it without a read. It cannot be guessed, but it is no secret either.
    """
    digest = hashlib.sha256(connection_id.encode()).digest()
    return f"{int.from_bytes(digest[:5], 'big')}.{int.from_bytes(digest[5:10], 'big')}"


def is_socket_id(text: str) -> bool:
    """Whether `text` has the form of a socket id; the connection need not be there."""
    return _SOCKET_ID.fullmatch(text) is not None
