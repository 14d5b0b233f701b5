"""One AWS service behind one endpoint: signs, sends, counts its calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .connection import Origin
from .http1 import Request
from .sigv4 import Credentials, Signer
from .transport import Outcome, Transport


class Account:
    """Where we are and who we are; `calls` counts every request by "service:Operation"."""

    def __init__(
        self,
        region: str,
        credentials: Credentials,
        endpoint: Callable[[str], str | None],
        wall_clock: Callable[[], float],
    ) -> None:
        """`endpoint` returns a service's override (SDKs and Tools Reference, "Service-specific endpoints") or None."""
        self.region = region
        self.credentials = credentials
        self.endpoint = endpoint
        self.wall_clock = wall_clock
        self.calls: Counter[str] = Counter()


class Call(NamedTuple):
    """One request to a service; `operation` is its name in IAM."""

    operation: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


class Service:
    """Batches of signed calls to one service."""

    def __init__(self, account: Account, name: str, url: str, *, max_connections: int = 64) -> None:
        """`name` is the service's name in a signature's scope, `url` its endpoint."""
        self._account = account
        self._name = name
        self._origin = Origin.parse(url)
        self._signer = Signer(account.credentials, account.region, name)
        self._transport = Transport(self._origin, max_connections=max_connections)

    def send(self, calls: Sequence[Call], *, timeout: float, within: float | None = None) -> list[Outcome]:
        """Send all calls; return an outcome for each, in the same order. Nothing is retried here.

        `timeout` (seconds) is for each call, `within` for all of them together.
        """
        now = self._account.wall_clock()
        for call in calls:
            self._account.calls[f"{self._name}:{call.operation}"] += 1
        return self._transport.send([self._request(call, now) for call in calls], timeout=timeout, within=within)

    def _request(self, call: Call, now: float) -> Request:
        headers = {"host": self._origin.authority, **call.headers}
        signed = self._signer.sign(call.method, call.target, headers, call.body, now)
        return Request(call.method, call.target, signed, call.body)
