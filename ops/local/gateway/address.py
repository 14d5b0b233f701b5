"""Where a request is addressed to: as its client wrote it, or as the edge does in front of an API."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from aiohttp.web_request import BaseRequest

from ops.local.events import Moment

_ADDED = ("x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto")


@dataclass(frozen=True, slots=True)
class Address:
    """The Host header, and the path with the query as they stand in the request line."""

    host: str
    target: str

    @classmethod
    def of(cls, request: BaseRequest) -> Address:
        """Where the client sent its request."""
        return cls(request.headers.get("Host", ""), request.raw_path)

    @property
    def path(self) -> str:
        """The path as it is written, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query string without its question mark."""
        return self.target.partition("?")[2]


def headers(request: BaseRequest, address: Address, moment: Moment) -> list[tuple[str, str]]:
    """Return the client's headers in its own case, for that host, and what API Gateway adds to them."""
    given = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in request.raw_headers]
    trace = base64.urlsafe_b64decode(moment.request_id).hex().ljust(24, "0")
    kept = [_addressed(pair, address) for pair in given if pair[0].lower() not in (*_ADDED, "x-forwarded-for")]
    forwarded = [value for name, value in given if name.lower() == "x-forwarded-for"]
    return [
        *kept,
        ("X-Amzn-Trace-Id", f"Root=1-{moment.epoch_ms // 1000:08x}-{trace}"),
        ("X-Forwarded-For", ", ".join([*forwarded, request.remote or "127.0.0.1"])),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _addressed(pair: tuple[str, str], address: Address) -> tuple[str, str]:
    return (pair[0], address.host) if pair[0].lower() == "host" else pair
