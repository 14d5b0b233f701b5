"""AWS Signature Version 4 (AWS General Reference, "Signature Version 4 signing process") over whole bodies."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """What a request is signed with. Its repr shows nothing."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


class Moment(NamedTuple):
    """What the signatures of one second share: headers, the start of the authorization, and the HMAC begun."""

    second: int
    added: Mapping[str, str]
    names: str
    authorization: str
    inner: hashlib._Hash
    outer: hashlib._Hash


class Signer:
    """Signs for one service in one region. The signing key is derived once a day."""

    def __init__(self, credentials: Credentials, region: str, service: str) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._day = ""
        self._key = b""
        self._moment: Moment | None = None

    def sign(self, method: str, target: str, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, str]:
        """Return `headers` (lower-case names, host among them) with date, token and signature added.

        `target` is the path and query as sent; `now` is in seconds since the epoch.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        signed = {**headers, "x-amz-date": stamp}
        if self._credentials.session_token:
            signed["x-amz-security-token"] = self._credentials.session_token
        ordered = sorted(signed.items())
        names = ";".join(name for name, _ in ordered)
        path, _, query = target.partition("?")
        canonical = "\n".join(
            (
                method,
                # Every service but S3 encodes the already encoded path once more.
                quote(path, safe="/-_.~"),
                query,
                *(f"{name}:{value}" for name, value in ordered),
                "",
                names,
                hashlib.sha256(body).hexdigest(),
            )
        )
        scope = self._scope(stamp)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
        signature = hmac.new(self._signing_key(stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={self._credentials.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def moment(self, now: float) -> Moment:
        """What all signatures of a second share; `now` is in seconds since the epoch."""
        second = int(now)
        if self._moment is None or self._moment.second != second:
            self._moment = self._new_moment(second)
        return self._moment

    def _new_moment(self, second: int) -> Moment:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        scope = self._scope(stamp)
        # HMAC (RFC 2104): the key is shorter than a block. Begun here, each signature is two copies and two updates,
        # which take 3 µs; hmac.digest takes 7, as it has OpenSSL look everything up again.
        key = self._signing_key(stamp[:8]).ljust(hashlib.sha256().block_size, b"\0")
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
        inner.update(f"{_ALGORITHM}\n{stamp}\n{scope}\n".encode())
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
        added = {"x-amz-date": stamp}
        if self._credentials.session_token:
            added["x-amz-security-token"] = self._credentials.session_token
        names = ";".join(("host", *added))
        authorization = f"{_ALGORITHM} Credential={self._credentials.access_key_id}/{scope}, SignedHeaders={names}"
        return Moment(second, added, names, authorization, inner, outer)

    def _scope(self, stamp: str) -> str:
        return f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"

    def _signing_key(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._day, self._key = day, key
        return self._key
