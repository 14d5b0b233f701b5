"""One AWS service behind one endpoint: signs, sends, counts its calls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

from .connection import Origin
from .http1 import Request
from .intake import JobT
from .series import Series
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
        self._services: list[Service] = []

    def add(self, service: Service) -> None:
        """One of its services, which keeps connections."""
        self._services.append(service)

    def hang_up(self) -> None:
        """Close the connections that are kept to its services."""
        for service in self._services:
            service.close()


class Call(NamedTuple):
    """One request to a service; `operation` is its name in IAM."""

    operation: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


class _Signed(NamedTuple):
    """A call on its way: signed when it is sent, however long it waited for that."""

    service: Service
    call: Call

    def encode(self) -> bytes:
        return self.service.request(self.call).encode()


class Service:
    """Signed calls to one service."""

    def __init__(
        self,
        account: Account,
        name: str,
        url: str,
        *,
        window: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is the service's name in a signature's scope, `url` its endpoint. `window`, `clock`: `Transport`."""
        self._account = account
        self._name = name
        self._origin = Origin.parse(url)
        self._signer = Signer(account.credentials, account.region, name)
        self._transport = Transport(self._origin, window=window, clock=clock)
        account.add(self)

    def send(self, calls: Sequence[Call], *, timeout: float, within: float | None = None) -> list[Outcome]:
        """Send all calls; return an outcome for each, in the same order. Nothing is retried here.

        `timeout` (seconds) is for each call, `within` for all of them together.
        """
        return self._transport.send([_Signed(self, call) for call in calls], timeout=timeout, within=within)

    def run(
        self, jobs: Iterable[JobT | float], *, timeout: float, within: float | None = None
    ) -> Generator[JobT, None, None]:
        """Run jobs whose data are made by a `series`; see `Transport.run`."""
        return self._transport.run(jobs, timeout=timeout, within=within)

    def series(self, method: str, folder: str, body: bytes) -> Series:
        """For many requests to paths in a folder. Those who send them count them: `Account.calls`."""
        return Series(self._signer, method, self._origin.authority, folder, body)

    def close(self) -> None:
        """Close the connections that are kept for further calls."""
        self._transport.close()

    def request(self, call: Call) -> Request:
        """The signed request of a call, which is counted."""
        self._account.calls[f"{self._name}:{call.operation}"] += 1
        headers = {"host": self._origin.authority, **call.headers}
        signed = self._signer.sign(call.method, call.target, headers, call.body, self._account.wall_clock())
        return Request(call.method, call.target, signed, call.body)
