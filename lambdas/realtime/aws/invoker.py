"""Lambda behind the Invoker port: asynchronous invocations of one function."""

from __future__ import annotations

import json
from urllib.parse import quote

from realtime.domain.errors import ServiceError

from .http1 import Response
from .json_service import Patience
from .service import Account, Call, Service

# Lambda API reference, Invoke: an event that was queued.
_ACCEPTED = 202


class LambdaInvoker:
    """The Invoker port. An attempt without an answer may have been heard: the function can be started twice."""

    def __init__(self, account: Account, function: str, patience: Patience) -> None:
        """`function` is its name."""
        url = account.endpoint("lambda") or f"https://lambda.{account.region}.amazonaws.com"
        self._service = Service(account, "lambda", url)
        self._target = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        self._patience = patience

    def welcome(self, connection_id: str) -> None:
        payload = json.dumps({"kind": "welcome", "connectionId": connection_id}, separators=(",", ":")).encode()
        headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
        call = Call("InvokeFunction", "POST", self._target, headers, payload)
        reason = "not tried"
        for attempt in range(1, self._patience.attempts + 1):
            (outcome,) = self._service.send([call], timeout=self._patience.timeout)
            if not isinstance(outcome, Response):
                reason = outcome.reason
            elif outcome.status == _ACCEPTED:
                return
            else:
                reason = f"HTTP {outcome.status}"
                if outcome.status != 429 and outcome.status < 500:
                    break
            if attempt < self._patience.attempts:
                self._patience.pause(attempt)
        raise ServiceError("Invoke", reason)
