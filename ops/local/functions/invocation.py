"""What an invocation is made of, and the ways in which it ends.

The error objects and their wording are those that AWS answers with.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

LATEST = "$LATEST"
MAX_RESPONSE_BYTES = 6_291_556
"""The largest answer of a synchronous invocation (Lambda quotas: 6 MB, in practice this)."""


class FunctionNotFound(Exception):
    """No function, version or alias of that name is deployed."""


class TooManyRequests(Exception):
    """The function's concurrency is used up: AWS answers 429."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one invocation.

    `payload` is the function's JSON answer, or Lambda's error object when `error` is set.
    `error` is None, or "Unhandled": the handler raised, would not load, timed out or crashed.
    """

    request_id: str
    payload: bytes
    error: str | None
    executed_version: str = LATEST


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation on its way to a sandbox. `arn` is the function's as it was invoked."""

    request_id: str
    payload: bytes
    arn: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The runtime client reported a result, or the error object of what the handler raised."""

    payload: bytes
    failed: bool


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The function's time was up; `seconds` is what it had."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended. `code` as subprocess has it: negative for a signal."""

    code: int


Outcome = Answered | TimedOut | Exited


def describe_exit(code: int) -> str:
    """Return AWS's words for a runtime that ended with `code`."""
    if code == 0:
        return "Runtime exited without providing a reason"
    if code < 0:
        name = signal.strsignal(-code) or str(-code)
        return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {code}"


def error_object(error_type: str, message: str, request_id: str) -> bytes:
    """Return Lambda's own error object, as it answers when the runtime could not."""
    text = f"RequestId: {request_id} Error: {message}"
    return json.dumps({"errorType": error_type, "errorMessage": text}).encode()


def conclude(outcome: Outcome, call: Call, version: str) -> Invocation:
    """Return what the caller gets for `outcome`."""
    match outcome:
        case Answered(payload, failed):
            return Invocation(call.request_id, payload, "Unhandled" if failed else None, version)
        case TimedOut(seconds):
            message = f"Task timed out after {seconds:.2f} seconds"
            payload = error_object("Sandbox.Timedout", message, call.request_id)
        case Exited(code):
            payload = error_object("Runtime.ExitError", describe_exit(code), call.request_id)
    return Invocation(call.request_id, payload, "Unhandled", version)
