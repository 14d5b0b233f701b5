"""@connections, the only way to a client: one signed request per recipient and frame, many in flight.

Statuses after the service's model and what its users report: 410 for a connection that is closed, 400
for an id that never was one, 429 for too many requests or a full client buffer, 413 above 128 KB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, urlsplit

from realtime.ports import Deliveries

from .http1 import Response
from .json_service import Patience
from .service import Account, Call, Service
from .transport import Outcome

_GONE = (400, 410)
_DONE = (200, 204)
_NEVER = float("inf")


class _Lane:
    """What is on its way to one connection: its frames in order, and how often the first of them was tried."""

    __slots__ = ("connection_id", "frames", "tries")

    def __init__(self, connection_id: str, *frames: bytes) -> None:
        self.connection_id = connection_id
        self.frames = list(frames)
        self.tries = 0


class _Tally:
    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.gone: list[str] = []
        self.throttled: list[str] = []
        self.failed: list[str] = []

    def add(self, connection_id: str, outcome: Outcome) -> None:
        self._list_for(outcome).append(connection_id)

    def deliveries(self) -> Deliveries:
        return Deliveries(self.delivered, self.gone, self.throttled, self.failed)

    def _list_for(self, outcome: Outcome) -> list[str]:
        if not isinstance(outcome, Response):
            return self.failed
        if outcome.status in _DONE:
            return self.delivered
        if outcome.status in _GONE:
            return self.gone
        return self.throttled if outcome.status == 429 else self.failed


class ManagementOutbox:
    """The Outbox port over one stage's management endpoint."""

    def __init__(
        self, account: Account, endpoint: str, patience: Patience, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`endpoint` is https://{api}.execute-api.{region}.amazonaws.com/{stage}; an override keeps the path.

        `clock` is in seconds and never goes back.
        """
        parts = urlsplit(endpoint)
        url = account.endpoint("apigatewaymanagementapi") or f"{parts.scheme}://{parts.netloc}"
        self._service = Service(account, "execute-api", url)
        self._prefix = f"{parts.path.rstrip('/')}/@connections/"
        self._patience = patience
        self._clock = clock

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        body = frame.encode()
        return self._deliver("POST", [_Lane(connection_id, body) for connection_id in connection_ids], _NEVER)

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        ends_at = _NEVER if timeout is None else self._clock() + timeout
        # Most often many get the same frame.
        bodies = {frame: frame.encode() for frame in {frame for _, frame in frames}}
        lanes: dict[str, _Lane] = {}
        for connection_id, frame in frames:
            if connection_id in lanes:
                lanes[connection_id].frames.append(bodies[frame])
            else:
                lanes[connection_id] = _Lane(connection_id, bodies[frame])
        return self._deliver("POST", list(lanes.values()), ends_at)

    def close(self, connection_ids: Sequence[str]) -> None:
        self._deliver("DELETE", [_Lane(connection_id, b"") for connection_id in connection_ids], _NEVER)

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        outcomes = self._send("GET", [(connection_id, b"") for connection_id in connection_ids], None)
        return {
            connection_id
            for connection_id, outcome in zip(connection_ids, outcomes, strict=True)
            if isinstance(outcome, Response) and outcome.status in _GONE
        }

    def _deliver(self, method: str, lanes: list[_Lane], ends_at: float) -> Deliveries:
        """Send each lane's frames in rounds: a frame goes out in the one after that in which its forerunner arrived."""
        tally = _Tally()
        while lanes:
            left = None if ends_at == _NEVER else ends_at - self._clock()
            outcomes = self._send(method, [(lane.connection_id, lane.frames[0]) for lane in lanes], left)
            again, tries = [], 0
            for lane, outcome in zip(lanes, outcomes, strict=True):
                if self._settles(lane, outcome, ends_at):
                    tally.add(lane.connection_id, outcome)
                else:
                    again.append(lane)
                    tries = max(tries, lane.tries)
            lanes = again
            if tries:
                self._patience.pause(tries)
        return tally.deliveries()

    def _settles(self, lane: _Lane, outcome: Outcome, ends_at: float) -> bool:
        """Note what became of the lane's first frame. True if nothing more is to be sent to it."""
        if isinstance(outcome, Response) and outcome.status in _DONE:
            lane.tries = 0
            # A list, not a queue: there are seldom more than two.
            del lane.frames[0]
            return not lane.frames
        lane.tries += 1
        if lane.tries >= self._patience.attempts or not _may_retry(outcome):
            return True
        return ends_at != _NEVER and self._clock() >= ends_at

    def _send(self, method: str, bodies: Iterable[tuple[str, bytes]], within: float | None) -> list[Outcome]:
        # The service's name in IAM is one action for all methods: count them by method.
        operation = f"ManageConnections{method}"
        calls = [
            Call(operation, method, self._prefix + quote(connection_id, safe=""), {}, body)
            for connection_id, body in bodies
        ]
        return self._service.send(calls, timeout=self._patience.timeout, within=within)


def _may_retry(outcome: Outcome) -> bool:
    """Whether trying again may help. After a 5xx the client may hear the frame twice: nobody knows its fate."""
    if isinstance(outcome, Response):
        return outcome.status == 429 or outcome.status >= 500
    return not outcome.sent
