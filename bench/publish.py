"""Pusher's HTTP API through Pusher's Python SDK against the local AWS: one channel with ten subscribers."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pusher
import websocket

from bench.figures import Figure, Table, percentile
from bench.local_aws import LocalAws, local_aws

_SUBSCRIBERS = 10
_REQUESTS = 400
_PUBLISHERS = (1, 8)
_CHANNEL, _EVENT = "bench", "measured"
_DATA = {"distance": 2.5, "unit": "mi", "note": "x" * 100}
# A publisher makes sure of readers that came in the last ten seconds; these are to have been there for longer.
_SETTLED_SECONDS = 11
_PATIENCE_SECONDS = 30


class Subscriber:
    """A WebSocket client that counts the events it hears."""

    def __init__(self, aws: LocalAws) -> None:
        target = aws.pusher
        url = f"ws://{target['host']}:{target['port']}/app/{target['key']}?protocol=7"
        self._socket = websocket.create_connection(url, timeout=_PATIENCE_SECONDS, http_no_proxy=[target["host"]])
        self._socket.recv()
        self._socket.send(json.dumps({"event": "pusher:subscribe", "data": {"channel": _CHANNEL}}))
        self._socket.recv()
        self._heard = 0

    def hear(self, count: int) -> None:
        """Return when `count` events were heard. Raises WebSocketTimeoutException."""
        while self._heard < count:
            self._heard += json.loads(self._socket.recv()).get("event") == _EVENT

    def close(self) -> None:
        """Leave."""
        self._socket.close(timeout=0)


def run() -> Table:
    """Every publisher asks again as soon as it is answered; every subscriber hears every event, or this fails."""
    table = Table(f"HTTP publish through the Python SDK, {_SUBSCRIBERS} subscribers", "")
    with local_aws() as aws:
        secret = aws.secret()
        for publishers in _PUBLISHERS:
            seconds, times = _publish(aws, secret, publishers)
            who = "1 publisher" if publishers == 1 else f"{publishers} publishers"
            table.figures.append(Figure(f"{who}: requests a second", len(times) / seconds, "/s"))
            table.figures.append(Figure(f"{who}: p50", percentile(times, 50), "ms"))
            table.figures.append(Figure(f"{who}: p99", percentile(times, 99), "ms"))
    return table


def _publish(aws: LocalAws, secret: str, publishers: int) -> tuple[float, list[float]]:
    """The seconds that all requests took, and the milliseconds of each."""
    sdks = [_sdk(aws, secret) for _ in range(publishers)]
    warming = 5 * publishers
    with _subscribers(aws, warming + _REQUESTS):
        time.sleep(_SETTLED_SECONDS)
        _requests(sdks, warming)
        started = time.perf_counter()
        times = _requests(sdks, _REQUESTS)
        return time.perf_counter() - started, times


def _requests(sdks: list[Any], count: int) -> list[float]:
    numbers = iter(range(count))
    lock = threading.Lock()

    def publish(sdk: Any) -> list[float]:
        times: list[float] = []
        while True:
            with lock:
                if next(numbers, None) is None:
                    return times
            started = time.perf_counter()
            sdk.trigger(_CHANNEL, _EVENT, _DATA)
            times.append((time.perf_counter() - started) * 1000)

    with ThreadPoolExecutor(len(sdks)) as pool:
        return list(itertools.chain.from_iterable(pool.map(publish, sdks)))


@contextmanager
def _subscribers(aws: LocalAws, events: int) -> Iterator[None]:
    """Subscribers that are read from all the while; in the end each has heard `events`."""
    with ExitStack() as stack:
        subscribers = [Subscriber(aws) for _ in range(_SUBSCRIBERS)]
        for subscriber in subscribers:
            stack.callback(subscriber.close)
        with ThreadPoolExecutor(_SUBSCRIBERS) as pool:
            hearing = [pool.submit(subscriber.hear, events) for subscriber in subscribers]
            yield
            for heard in hearing:
                heard.result(_PATIENCE_SECONDS)
    aws.settle()


def _sdk(aws: LocalAws, secret: str) -> Any:
    target = aws.pusher
    return pusher.Pusher(
        app_id=target["app_id"],
        key=target["key"],
        secret=secret,
        host=target["host"],
        port=target["port"],
        ssl=False,
        timeout=_PATIENCE_SECONDS,
        # Handed to `requests`: a proxy of the user's must not get to see what is meant for loopback.
        proxies={"no_proxy": target["host"]},
    )
