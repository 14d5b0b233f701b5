"""AWS's JSON protocol (DynamoDB, Secrets Manager, SQS): POST with X-Amz-Target, errors by `__type`; with retries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from realtime.domain.errors import ServiceError

from .http1 import Response
from .service import Account, Call, Service
from .transport import Outcome

Item = dict[str, Any]

# DynamoDB Developer Guide, "Error handling", and SQS API Reference: these and every 5xx may be tried again as they are.
_RETRYABLE = frozenset(
    {
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "KmsThrottled",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


class ServiceRefusal(ServiceError):
    """The service answered with an error. `code` is its name, `body` the whole answer."""

    def __init__(self, operation: str, code: str, body: Mapping[str, Any]) -> None:
        super().__init__(operation, code)
        self.code = code
        self.body = body


class Patience(NamedTuple):
    """How long to try: attempts in all, seconds for each, and how to wait before the n-th (n from 1)."""

    attempts: int
    timeout: float
    pause: Callable[[int], None]


class JsonService:
    """Calls of one service by operation name."""

    def __init__(self, account: Account, name: str, target_prefix: str, version: str, patience: Patience) -> None:
        url = account.endpoint(name) or f"https://{name}.{account.region}.amazonaws.com"
        self._service = Service(account, name, url)
        self._headers = {"content-type": f"application/x-amz-json-{version}"}
        self._target_prefix = target_prefix
        self._patience = patience

    def call(self, operation: str, body: Mapping[str, Any]) -> Item:
        """Call one operation. Raises ServiceRefusal, ServiceError."""
        result = self.call_all(operation, [body])[0]
        if isinstance(result, ServiceError):
            raise result
        return result

    def call_all(self, operation: str, bodies: Sequence[Mapping[str, Any]]) -> list[Item | ServiceError]:
        """Call one operation with each body, in parallel; return the answer or the error of each."""
        results: list[Item | ServiceError] = [ServiceError(operation, "not tried")] * len(bodies)
        open_indexes = list(range(len(bodies)))
        for attempt in range(1, self._patience.attempts + 1):
            calls = [self._call(operation, bodies[index]) for index in open_indexes]
            outcomes = self._service.send(calls, timeout=self._patience.timeout)
            again = []
            for index, outcome in zip(open_indexes, outcomes, strict=True):
                results[index], retryable = _read(operation, outcome)
                if retryable:
                    again.append(index)
            if not again:
                break
            open_indexes = again
            if attempt < self._patience.attempts:
                self._patience.pause(attempt)
        return results

    def pause(self, attempt: int) -> None:
        """Wait before trying again for the `attempt`-th time (from 1)."""
        self._patience.pause(attempt)

    def _call(self, operation: str, body: Mapping[str, Any]) -> Call:
        headers = {**self._headers, "x-amz-target": f"{self._target_prefix}.{operation}"}
        return Call(operation, "POST", "/", headers, json.dumps(body, separators=(",", ":")).encode())


def _read(operation: str, outcome: Outcome) -> tuple[Item | ServiceError, bool]:
    """The answer or the error in an outcome, and whether trying again may help."""
    if not isinstance(outcome, Response):
        return ServiceError(operation, outcome.reason), True
    try:
        body = json.loads(outcome.body or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return ServiceError(operation, f"HTTP {outcome.status} without JSON"), outcome.status >= 500
    if outcome.status == 200:
        return body, False
    code = str(body.get("__type", f"HTTP {outcome.status}")).rpartition("#")[2]
    return ServiceRefusal(operation, code, body), code in _RETRYABLE or outcome.status >= 500
