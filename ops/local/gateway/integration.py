"""Calls an integration, and reads a WebSocket route's answer as API Gateway does."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field

from ops.local.deployed import Integration
from ops.local.functions import FunctionNotFound, Invocation, TooManyRequests
from ops.local.gateway.parts import Parts

logger = logging.getLogger(__name__)

_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no usable answer.

    `status` is what a client sees whose $connect failed so, `message` the text of the error
    frame for a message that did.
    """

    status: int
    message: str


TIMEOUT = Failure(504, "Endpoint request timed out")
BAD_ANSWER = Failure(502, "Internal server error")
UNREACHABLE = Failure(500, "Internal server error")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an integration; `status` is None where the function returned null.

    `latency` in milliseconds.
    """

    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    latency: int = 0

    @property
    def logged_status(self) -> int | None:
        """The status for the access log."""
        return self.failure.status if self.failure else self.status


async def call(parts: Parts, integration: Integration | None, payload: bytes) -> Answer:
    """Invoke the integration of a WebSocket route and read its answer; never raises for its failures."""
    if integration is not None and integration.kind == "MOCK":
        return Answer(status=200)
    outcome, latency = await run(parts, integration, payload)
    if isinstance(outcome, Failure):
        return Answer(failure=outcome, latency=latency)
    return read(outcome, latency)


async def run(parts: Parts, integration: Integration | None, payload: bytes) -> tuple[bytes | Failure, int]:
    """Invoke the function and wait at most for its timeout; return what it returned, and the latency in ms.

    A function that is late runs on: API Gateway stops waiting, Lambda does not stop.
    """
    if integration is None or integration.kind != "AWS_PROXY":
        return UNREACHABLE, 0
    start = time.monotonic()
    task = parts.spawn(parts.functions.invoke(integration.uri, payload))
    await asyncio.wait({task}, timeout=integration.timeout)
    latency = int((time.monotonic() - start) * 1000)
    if not task.done():
        task.add_done_callback(_forget)
        return TIMEOUT, latency
    return _outcome(task), latency


def _forget(task: asyncio.Task[Invocation]) -> None:
    """Look at the outcome of a late invocation, lest asyncio complains that nobody did."""
    if not task.cancelled():
        task.exception()


def _outcome(task: asyncio.Task[Invocation]) -> bytes | Failure:
    try:
        invocation = task.result()
    except (FunctionNotFound, TooManyRequests):
        return UNREACHABLE
    except Exception:  # the client is owed an answer, whatever broke
        logger.exception("invocation failed")
        return UNREACHABLE
    return BAD_ANSWER if invocation.error is not None else invocation.payload


def read(payload: bytes, latency: int = 0) -> Answer:
    """Read a proxy integration's answer; keys that API Gateway does not know are a failure.

    Source: API Gateway developer guide, "Set up AWS Lambda proxy integrations".
    """
    malformed = Answer(failure=BAD_ANSWER, latency=latency)
    try:
        value = json.loads(payload or b"null")
    except ValueError:
        return malformed
    if value is None:
        return Answer(latency=latency)
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        return malformed
    status, body, headers = _status(value), value.get("body"), value.get("headers")
    if status is None or not isinstance(body, str | None) or not isinstance(headers, dict | None):
        return malformed
    texts = {str(name): str(text) for name, text in (headers or {}).items()}
    return Answer(status=status, body=body or "", headers=texts, latency=latency)


def _status(value: dict[str, object]) -> int | None:
    status = value.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int | str):
        return None
    text = str(status)
    return int(text) if text.isascii() and text.isdigit() and 200 <= int(text) <= 599 else None
