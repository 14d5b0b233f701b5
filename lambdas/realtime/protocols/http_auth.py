"""Who sends a request: the signature of Pusher's HTTP API."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from realtime.domain.signatures import matches

from .http_messages import HttpError, Params, Request, one

WINDOW_SECONDS = 600
_VERSION = "1.0"
_TIMESTAMP = re.compile(r"[0-9]{1,15}")


class Credentials(NamedTuple):
    """What a request says of its sender. `timestamp` in seconds since the epoch."""

    key: str
    timestamp: int
    signature: str


def credentials_of(params: Params) -> Credentials:
    """Read them from the query. Raises HttpError: 401 if one is missing or malformed, 400 if one is there twice."""
    key, timestamp, signature = (_wanted(params, name) for name in ("auth_key", "auth_timestamp", "auth_signature"))
    if _wanted(params, "auth_version") != _VERSION:
        raise HttpError(401, f"The auth_version is not {_VERSION}.")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise HttpError(401, "The auth_timestamp is not a number of seconds since 1970.")
    return Credentials(key, int(timestamp), signature)


def check_signature(request: Request, params: Params, secret: str, now: int) -> None:
    """Raises HttpError(401) unless the request was signed with `secret` within 600 s of `now` (ms).

    The path is signed as the library wrote it. What lies between may have escaped it, and API Gateway unescapes it:
    any of the forms will do.
    """
    credentials = credentials_of(params)
    if abs(now // 1000 - credentials.timestamp) > WINDOW_SECONDS:
        told = f"The auth_timestamp is more than {WINDOW_SECONDS} s away from the time here, {now // 1000}."
        raise HttpError(401, told)
    _check_body(request.body, params)
    plain = unquote(request.path)
    paths = dict.fromkeys((request.path, plain, quote(plain, errors="surrogatepass")))
    if not any(matches(secret, _signed(request.method, path, params), credentials.signature) for path in paths):
        raise HttpError(401, "The auth_signature is not the one for this request.")


def _check_body(body: bytes, params: Params) -> None:
    # The Python library sends the digest of an empty body, too.
    given = one(params, "body_md5")
    if given is None and body:
        raise HttpError(401, "The parameter body_md5 is missing.")
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if given is not None and not hmac.compare_digest(digest.encode(), given.lower().encode()):
        raise HttpError(401, "The body_md5 is not the one of this body.")


def _signed(method: str, path: str, params: Params) -> str:
    pairs = sorted((pair for pair in params if pair[0] != "auth_signature"), key=lambda pair: pair[0])
    return f"{method}\n{path}\n{'&'.join(f'{name}={value}' for name, value in pairs)}"


def _wanted(params: Params, name: str) -> str:
    value = one(params, name)
    if not value:
        raise HttpError(401, f"The parameter {name} is missing.")
    return value
