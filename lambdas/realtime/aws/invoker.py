"""Lambda behind the Invoker port: asynchronous invocations of one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from realtime.domain.errors import ServiceError
from realtime.domain.json_text import compact

from .http1 import Response
from .json_service import Patience
from .service import Account, Call, Service

# Lambda API reference, Invoke: an event that was queued.
_ACCEPTED = 202
# Lambda quotas: the payload of an asynchronous invocation.
_PAYLOAD_BYTES = 256 * 1024


class LambdaInvoker:
    """The Invoker port. An attempt without an answer may have been heard: the function can be started twice."""

    def __init__(self, account: Account, function: str, patience: Patience) -> None:
        """`function` is its name."""
        url = account.endpoint("lambda") or f"https://lambda.{account.region}.amazonaws.com"
        self._service = Service(account, "lambda", url)
        self._target = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        self._patience = patience

    def welcome(self, connection_id: str) -> None:
        self.start([{"kind": "welcome", "connectionId": connection_id}])

    def start(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        # All payloads before any is sent: one that is too large is found before another is started.
        calls = [self._call(job) for job in jobs]
        reasons: list[str] = []
        for attempt in range(1, self._patience.attempts + 1):
            if attempt > 1:
                self._patience.pause(attempt - 1)
            calls, passing, lasting = self._try(calls)
            reasons = [*lasting, *passing]
            if lasting or not calls:
                break
        if reasons:
            raise ServiceError("Invoke", reasons[0])

    def _try(self, calls: Sequence[Call]) -> tuple[list[Call], list[str], list[str]]:
        """Make the calls; return those to make again, and why they were not accepted: what may pass, what will not."""
        again, passing, lasting = [], [], []
        for call, outcome in zip(calls, self._service.send(calls, timeout=self._patience.timeout), strict=True):
            if not isinstance(outcome, Response):
                again.append(call)
                passing.append(outcome.reason)
            elif outcome.status == 429 or outcome.status >= 500:
                again.append(call)
                passing.append(f"HTTP {outcome.status}")
            elif outcome.status != _ACCEPTED:
                lasting.append(f"HTTP {outcome.status}")
        return again, passing, lasting

    def _call(self, job: Mapping[str, Any]) -> Call:
        payload = compact(job).encode()
        if len(payload) > _PAYLOAD_BYTES:
            raise ServiceError("Invoke", f"payload of {len(payload)} bytes")
        headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
        return Call("InvokeFunction", "POST", self._target, headers, payload)
