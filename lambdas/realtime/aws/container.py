"""Credentials that are asked for and end: the SDKs' container credentials, which Lambda uses with SnapStart.

An environment is restored long after its variables were set, so it finds no keys there but the address that gives them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from realtime.domain.errors import ServiceError

from .connection import Origin
from .http1 import Request, Response
from .sigv4 import Credentials
from .transport import Transport

_OPERATION = "GetCredentials"
_TIMEOUT_SECONDS = 2.0


class Lease(NamedTuple):
    """Credentials and when they end (seconds since 1970)."""

    credentials: Credentials
    ends_at: float


def lease(url: str, token: str | None) -> Lease:
    """Ask for credentials at `url`, which may want a `token`. Raises ServiceError, which repeats neither."""
    origin = Origin.parse(url)
    headers = {"host": origin.authority, **({"authorization": token} if token else {})}
    target = url.split("://", 1)[1].partition("/")[2]
    transport = Transport(origin)
    try:
        (outcome,) = transport.send([Request("GET", f"/{target}", headers)], timeout=_TIMEOUT_SECONDS)
    finally:
        transport.close()
    if not isinstance(outcome, Response):
        raise ServiceError(_OPERATION, outcome.reason)
    if outcome.status != 200:
        raise ServiceError(_OPERATION, f"HTTP {outcome.status}")
    return _read(outcome.body)


def _read(body: bytes) -> Lease:
    try:
        given = json.loads(body)
        credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
        return Lease(credentials, datetime.fromisoformat(given["Expiration"]).timestamp())
    except (ValueError, KeyError, TypeError):
        raise ServiceError(_OPERATION, "an answer of another form") from None
