"""Signed requests that differ in nothing but the last part of their path, each in a few microseconds."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote

from .sigv4 import Signer

# RFC 3986's unreserved characters: what an encoded path leaves as it is.
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class Series:
    """Requests to `{folder}{name}`, all with the same method and body and no headers but those that a signature needs.

    Byte for byte what `Signer.sign` and `Request.encode` make, in a quarter of the time.
    """

    def __init__(self, signer: Signer, method: str, authority: str, folder: str, body: bytes) -> None:
        """`folder` is a path that ends in a slash, encoded."""
        self._signer = signer
        self._host = f"host: {authority}"
        self._canonical_host = f"host:{authority}"
        self._body_digest = sha256(body).hexdigest()
        self._tail = f"\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        self._start = f"{method} {folder}".encode()
        # Every service but S3 encodes the already encoded path once more.
        self._canonical_start = f"{method}\n{quote(folder, safe='/-_.~')}".encode()
        self._second = -1
        self._inner = self._outer = sha256()
        self._head = self._canonical_rest = b""

    def request(self, name: str, now: float) -> bytes:
        """The request for one name, which is not encoded, at `now` (seconds since the epoch)."""
        if int(now) != self._second:
            self._enter(now)
        path, canonical_path = _encoded(name)
        digest = sha256(b"".join((self._canonical_start, canonical_path, self._canonical_rest))).hexdigest()
        inner = self._inner.copy()
        inner.update(digest.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return b"".join((self._start, path, self._head, outer.hexdigest().encode(), self._tail))

    def _enter(self, now: float) -> None:
        moment = self._signer.moment(now)
        self._second, self._inner, self._outer = moment.second, moment.inner, moment.outer
        lines = [self._host, *(f"{name}: {value}" for name, value in moment.added.items())]
        authorization = f"authorization: {moment.authorization}, Signature="
        self._head = "\r\n".join((" HTTP/1.1", *lines, authorization)).encode("latin-1")
        signed = [self._canonical_host, *(f"{name}:{value}" for name, value in moment.added.items())]
        self._canonical_rest = "\n".join(("", "", *signed, "", moment.names, self._body_digest)).encode()


def _encoded(name: str) -> tuple[bytes, bytes]:
    """A path's part encoded once, and twice."""
    raw = name.encode()
    reserved = raw.translate(None, _UNRESERVED)
    if not reserved:
        return raw, raw
    if not reserved.strip(b"="):
        # API Gateway's ids: base64url, padded.
        return raw.replace(b"=", b"%3D"), raw.replace(b"=", b"%253D")
    once = quote(name, safe="")
    return once.encode(), quote(once, safe="/-_.~").encode()
