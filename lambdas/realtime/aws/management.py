"""@connections, the only way to a client: one signed request per recipient, many in flight.

Statuses after the service's model and what its users report: 410 for a connection that is closed, 400
for an id that never was one, 429 for too many requests or a full client buffer, 413 above 128 KB.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from realtime.ports import Deliveries

from .http1 import Response
from .json_service import Patience
from .service import Account, Call, Service
from .transport import Outcome

_GONE = (400, 410)


class _Tally:
    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.gone: list[str] = []
        self.throttled: list[str] = []
        self.failed: list[str] = []

    def add(self, connection_id: str, outcome: Outcome) -> None:
        self._list_for(outcome).append(connection_id)

    def _list_for(self, outcome: Outcome) -> list[str]:
        if not isinstance(outcome, Response):
            return self.failed
        if outcome.status == 200:
            return self.delivered
        if outcome.status in _GONE:
            return self.gone
        return self.throttled if outcome.status == 429 else self.failed


class ManagementOutbox:
    """The Outbox port over one stage's management endpoint."""

    def __init__(self, account: Account, endpoint: str, patience: Patience) -> None:
        """`endpoint` is https://{api}.execute-api.{region}.amazonaws.com/{stage}; an override keeps the path."""
        parts = urlsplit(endpoint)
        url = account.endpoint("apigatewaymanagementapi") or f"{parts.scheme}://{parts.netloc}"
        self._service = Service(account, "execute-api", url)
        self._prefix = f"{parts.path.rstrip('/')}/@connections/"
        self._patience = patience

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        tally, body = _Tally(), frame.encode()
        waiting = list(connection_ids)
        for attempt in range(1, self._patience.attempts + 1):
            last = attempt == self._patience.attempts
            outcomes = self._send("POST", waiting, body)
            again = []
            for connection_id, outcome in zip(waiting, outcomes, strict=True):
                if not last and _may_retry(outcome):
                    again.append(connection_id)
                else:
                    tally.add(connection_id, outcome)
            if not again:
                break
            waiting = again
            self._patience.pause(attempt)
        return Deliveries(tally.delivered, tally.gone, tally.throttled, tally.failed)

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        outcomes = self._send("GET", connection_ids, b"")
        return {
            connection_id
            for connection_id, outcome in zip(connection_ids, outcomes, strict=True)
            if isinstance(outcome, Response) and outcome.status in _GONE
        }

    def _send(self, method: str, connection_ids: Sequence[str], body: bytes) -> list[Outcome]:
        # The service's name in IAM is one action for all three methods: count them by method.
        calls = [
            Call(
                f"ManageConnections{method}",
                method,
                self._prefix + quote(connection_id, safe=""),
                {},
                body,
            )
            for connection_id in connection_ids
        ]
        return self._service.send(calls, timeout=self._patience.timeout)


def _may_retry(outcome: Outcome) -> bool:
    """Whether trying again may help. After a 5xx the client may hear the frame twice: nobody knows its fate."""
    if isinstance(outcome, Response):
        return outcome.status == 429 or outcome.status >= 500
    return not outcome.sent
