"""ReceiveMessage that waits for a message: moto would wait in its only thread, and nothing else would be answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ops.local.queues import store

TARGET = "AmazonSQS.ReceiveMessage"
_LOOK_SECONDS = 1.0
"""Seconds between looks while nothing is sent: messages also become visible by the clock."""


async def receive(call: Callable[[bytes], Awaitable[web.Response]], body: bytes) -> web.Response:
    """Answer a ReceiveMessage with `call`, which passes a body to moto, again until there is a message or no time."""
    asked = _parse(body)
    seconds = _seconds(asked)
    if not seconds:
        return await call(body)
    at_once = json.dumps({**asked, "WaitTimeSeconds": 0}).encode()
    loop, came = asyncio.get_running_loop(), asyncio.Event()
    end = loop.time() + seconds
    name = _queue_name(asked)

    def heard(queue_arn: str) -> None:
        if queue_arn.rpartition(":")[2] == name:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(came.set)

    store.listen(heard)
    try:
        while True:
            came.clear()
            answer = await call(at_once)
            left = end - loop.time()
            if left <= 0 or answer.status != 200 or _holds_messages(answer):
                return answer
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                    await came.wait()
    finally:
        store.forget(heard)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _seconds(asked: dict[str, Any]) -> float:
    """Return how long to wait; 0 for what moto is to refuse."""
    given = asked.get("WaitTimeSeconds")
    if given is None:
        return store.patience(_queue_name(asked))
    return float(given) if isinstance(given, int) and 0 < given <= 20 else 0.0


def _queue_name(asked: dict[str, Any]) -> str:
    return str(asked.get("QueueUrl", "")).rstrip("/").rpartition("/")[2]


def _holds_messages(answer: web.Response) -> bool:
    assert isinstance(answer.body, bytes)
    return bool(json.loads(answer.body).get("Messages"))
