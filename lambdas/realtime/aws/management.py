"""@connections, the only way to a client: one signed request per recipient and frame, many in flight.

Statuses after the service's model and what its users report: 410 for a connection that is closed, 400
for an id that never was one, 429 for too many requests or a full client buffer, 413 above 128 KB.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from realtime.ports import Deliveries, Fate, Posted

from .json_service import Patience
from .lanes import Budget, Call, Lane, Rules, jittered
from .rate import Bucket, in_turn
from .series import Series
from .service import Account, Service

# Little's law: 10,000/s at API Gateway's 15 ms are 150 in flight.
WINDOW = 192
# Most often all get the same frame. Each may be 128 KB.
_FRAMES_KEPT = 16
_NEVER = float("inf")


class ManagementOutbox:
    """The Outbox port over one stage's management endpoint."""

    def __init__(
        self,
        account: Account,
        endpoint: str,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        *,
        rate: int | None = None,
        pause: Callable[[int], float] = jittered,
    ) -> None:
        """`endpoint` is https://{api}.execute-api.{region}.amazonaws.com/{stage}; an override keeps the path.

        `clock` is in seconds and never goes back. `rate` is how many frames may be posted a second, by all calls
        together. `pause` says how many seconds to wait before the n-th repeat (from 1), not `patience`, whose pause
        sleeps.
        """
        parts = urlsplit(endpoint)
        url = account.endpoint("apigatewaymanagementapi") or f"{parts.scheme}://{parts.netloc}"
        self._service = Service(account, "execute-api", url, window=WINDOW, clock=clock)
        self._account = account
        self._folder = f"{parts.path.rstrip('/')}/@connections/"
        self._patience = patience
        self._clock = clock
        self._pause = pause
        self._bucket = Bucket(rate, clock) if rate else None

    def stream(self, frames: Iterable[tuple[str, str] | float], timeout: float | None = None) -> Iterator[Posted]:
        return _posted(self._run(_lanes(frames, self._call("POST", timeout)), timeout))

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        return self._post([(connection_id, frame) for connection_id in connection_ids], None)

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        return self._post(frames, timeout)

    def close(self, connection_ids: Sequence[str]) -> None:
        call = self._call("DELETE", None)
        self._finish([Lane(call, connection_id, "") for connection_id in connection_ids], None)

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        call = self._call("GET", None, attempts=1)
        lanes = [Lane(call, connection_id, "") for connection_id in connection_ids]
        self._finish(lanes, None)
        return {lane.connection_id for lane in lanes if lane.fate == "gone"}

    def hang_up(self) -> None:
        """Close the connections to the service that are kept for further calls."""
        self._service.close()

    def _post(self, frames: Iterable[tuple[str, str]], timeout: float | None) -> Deliveries:
        call = self._call("POST", timeout)
        lanes: dict[str, Lane] = {}
        for connection_id, frame in frames:
            if connection_id in lanes:
                lanes[connection_id].add(frame)
            else:
                lanes[connection_id] = Lane(call, connection_id, frame)
        self._finish(lanes.values() if self._bucket is None else in_turn(lanes.values(), self._bucket), timeout)
        return _deliveries(lanes.values())

    def _finish(self, lanes: Iterable[Lane | float], timeout: float | None) -> None:
        for _ in self._run(lanes, timeout):
            pass

    def _run(self, lanes: Iterable[Lane | float], timeout: float | None) -> Generator[Lane, None, None]:
        return self._service.run(lanes, timeout=self._patience.timeout, within=timeout)

    def _call(self, method: str, timeout: float | None, attempts: int | None = None) -> Call:
        ends_at = _NEVER if timeout is None else self._clock() + timeout
        rules = Rules(attempts or self._patience.attempts, ends_at, self._clock, self._pause)
        # The service's name in IAM is one action for all methods: count them by method.
        operation = f"execute-api:ManageConnections{method}"
        begin = functools.partial(self._service.series, method, self._folder)
        return Call(
            _Sender(self._account, begin, operation, self._bucket if method == "POST" else None), rules, Budget()
        )


class _Sender:
    """The requests of one call of the outbox."""

    def __init__(
        self, account: Account, begin: Callable[[bytes], Series], operation: str, bucket: Bucket | None
    ) -> None:
        self._calls = account.calls
        self._wall_clock = account.wall_clock
        self._begin = begin
        self._operation = operation
        self._bucket = bucket
        self._series: dict[str, Series] = {}

    def request(self, connection_id: str, frame: str) -> bytes:
        series = self._series.get(frame)
        if series is None:
            if len(self._series) >= _FRAMES_KEPT:
                self._series.clear()
            series = self._series[frame] = self._begin(frame.encode())
        self._calls[self._operation] += 1
        return series.request(connection_id, self._wall_clock())

    def reserve(self) -> float:
        return 0.0 if self._bucket is None else self._bucket.reserve()


def _lanes(frames: Iterable[tuple[str, str] | float], call: Call) -> Iterator[Lane | float]:
    """A lane for each frame, with a number before it if it has to wait for the rate."""
    reserve = call.sender.reserve
    for item in frames:
        if isinstance(item, tuple):
            if (wait := reserve()) > 0:
                yield wait
            yield Lane(call, item[0], item[1])
        else:
            yield item


def _posted(run: Generator[Lane, None, None]) -> Iterator[Posted]:
    try:
        for lane in run:
            yield lane.posted()
    finally:
        run.close()


def _deliveries(lanes: Iterable[Lane]) -> Deliveries:
    names: dict[Fate, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
    reasons: Counter[str] = Counter()
    for lane in lanes:
        names[lane.fate].append(lane.connection_id)
        if lane.fate in ("throttled", "failed"):
            reasons[lane.reason or ""] += 1
    return Deliveries(**names, reasons=dict(reasons))
