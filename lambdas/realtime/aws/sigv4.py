"""AWS Signature Version 4 (AWS General Reference, "Signature Version 4 signing process") over whole bodies."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote


class Credentials(NamedTuple):
    """What a request is signed with. Its repr shows nothing."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


class Signer:
    """Signs for one service in one region. The signing key is derived once a day."""

    def __init__(self, credentials: Credentials, region: str, service: str) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._day = ""
        self._key = b""

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
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signature = hmac.new(self._signing_key(stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._credentials.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def _signing_key(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._day, self._key = day, key
        return self._key
