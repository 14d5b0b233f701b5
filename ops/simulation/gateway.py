"""API Gateway: the account's quota, the time that it takes to answer, and the way from a run of a function to it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from ops.simulation.assumptions import Assumptions
from ops.simulation.timeline import Timeline
from realtime.aws.http1 import Response
from realtime.aws.intake import Intake
from realtime.aws.lanes import Budget, Call, Lane, Rules, jittered
from realtime.aws.rate import Bucket, in_turn
from realtime.aws.window import SLOW_SECONDS
from realtime.ports import Deliveries, Posted
from realtime.wiring import outbox_patience

_TAKEN, _REFUSED = Response(200, {}), Response(429, {})

# Standard normal: 99 of 100 lie below.
_Z99 = 2.326


class Quota:
    """A quota: so many a second, and so many at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = float(burst), 0.0

    def take(self, count: float, now: float) -> bool:
        """Whether so many are left. More than the burst at once are never asked for: they count as the burst."""
        if now > self._at:
            self._level = min(self._burst, self._level + (now - self._at) * self._rate)
            self._at = now
        count = min(count, self._burst)
        if self._level < count:
            return False
        self._level -= count
        return True


class Gateway:
    """What all runs share. `throttled` counts the answers 429."""

    def __init__(self, assumptions: Assumptions, dice: random.Random) -> None:
        self.posts = 0
        self.throttled = 0
        self._quota = Quota(max(0, assumptions.gateway_rate - assumptions.other_rate), assumptions.gateway_burst)
        self._dice = dice
        self._mu = math.log(assumptions.latency_ms / 1000)
        self._sigma = max(0.0, math.log(assumptions.latency_p99_ms / assumptions.latency_ms) / _Z99)

    def post(self, now: float) -> tuple[float, bool]:
        """When one post is answered, and whether it was taken."""
        self.posts += 1
        taken = self._quota.take(1, now)
        self.throttled += not taken
        return now + math.exp(self._dice.gauss(self._mu, self._sigma)), taken

    def pause(self, number: int) -> float:
        """Seconds before a frame is posted for the n-th time again: the engine's, with these dice."""
        return jittered(number, self._dice.random)


class Run(Protocol):
    """What the outbox needs to know of the run of a function that it is in."""

    @property
    def core(self) -> float:
        """Its part of a core."""

    def delivered(self, at: float) -> None:
        """One more reader has the event."""


class _Flight(NamedTuple):
    """One post under way; they are sorted by when they are answered."""

    answered_at: float
    number: int
    lane: Lane
    taken: bool


class _Costs:
    """What a post costs a run (seconds). It begins without connections: those of a sandbox's last run may be closed."""

    def __init__(self, assumptions: Assumptions, core: float) -> None:
        self._delivery = assumptions.delivery_us / 1e6 / core
        self._connecting = assumptions.connect_us / 1e6 / core
        self._handshake = assumptions.connect_ms / 1e3
        self._open = 0

    def begin(self, in_flight: int) -> tuple[float, float]:
        """CPU and further time of one more post beside those in flight."""
        if in_flight < self._open:
            return self._delivery, 0.0
        self._open += 1
        return self._delivery + self._connecting, self._handshake


class _Sender:
    """Of a request nobody reads anything here."""

    def __init__(self, bucket: Bucket) -> None:
        self.reserve = bucket.reserve

    def request(self, connection_id: str, frame: str) -> bytes:
        return b""


class SimulatedOutbox:
    """The Outbox port of one run: the engine's lanes, intake and rate, over posts that only take time.

    The rate of a process begins anew with each run, as it would after a pause.
    """

    def __init__(self, gateway: Gateway, assumptions: Assumptions, timeline: Timeline, run: Run) -> None:
        self._gateway, self._assumptions, self._timeline, self._run = gateway, assumptions, timeline, run
        self._costs = _Costs(assumptions, run.core)
        self._bucket = Bucket(assumptions.requests_per_second, self._clock)

    def stream(self, frames: Iterable[tuple[str, str] | float], timeout: float | None = None) -> Iterator[Posted]:
        """As the port says; `timeout` is not simulated."""
        rules = Rules(outbox_patience().attempts, math.inf, self._clock, self._gateway.pause)
        call = Call(_Sender(self._bucket), rules, Budget())
        lanes = (item if isinstance(item, (int, float)) else Lane(call, *item) for item in frames)
        intake = Intake(in_turn(lanes, self._bucket), self._clock)
        return _Stream(self._gateway, self._assumptions, self._timeline, self._costs, intake).posted(self._run)

    def _clock(self) -> float:
        return self._timeline.now

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        return self.post_each([(connection_id, frame) for connection_id in connection_ids])

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        settled = list(self.stream(frames, timeout))
        delivered = [posted.connection_id for posted in settled if posted.fate == "delivered"]
        return Deliveries(delivered, throttled=[each.connection_id for each in settled if each.fate == "throttled"])

    def close(self, connection_ids: Sequence[str]) -> None:
        """Nobody is closed here."""

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        return set()


class _Stream:
    """One call of `stream`."""

    def __init__(
        self, gateway: Gateway, assumptions: Assumptions, timeline: Timeline, costs: _Costs, intake: Intake[Lane]
    ) -> None:
        self._gateway, self._timeline, self._costs, self._intake = gateway, timeline, costs, intake
        self._window, self._most = assumptions.in_flight, assumptions.most_in_flight
        self._flights: list[_Flight] = []
        # When each place becomes free: at the answer, or when the exchange is slow.
        self._places: list[float] = []
        self._number = 0

    def posted(self, run: Run) -> Iterator[Posted]:
        timeline, flights, intake = self._timeline, self._flights, self._intake
        while flights or intake:
            while flights and flights[0].answered_at <= timeline.now:
                answered_at, _, lane, taken = heappop(flights)
                again = lane.settle(_TAKEN if taken else _REFUSED)
                if again is not None:
                    intake.put_off(lane, timeline.now + again)
                    continue
                if taken:
                    run.delivered(answered_at)
                yield lane.posted()
            self._step()

    def _step(self) -> None:
        """Send one, or let time pass until something happens."""
        now, places = self._timeline.now, self._places
        while places and places[0] <= now:
            heappop(places)
        has_room = len(places) < self._window and len(self._flights) < self._most
        lane = self._intake.take(now) if has_room else None
        if lane is not None:
            self._send(lane)
        else:
            self._wait(has_room)

    def _send(self, lane: Lane) -> None:
        cpu, more = self._costs.begin(len(self._flights))
        self._timeline.advance(cpu)
        now = self._timeline.now
        answered_at, taken = self._gateway.post(now + more)
        self._number += 1
        heappush(self._flights, _Flight(answered_at, self._number, lane, taken))
        heappush(self._places, min(answered_at, now + SLOW_SECONDS))

    def _wait(self, has_room: bool) -> None:
        until = self._intake.next_at() if has_room else self._places[0] if self._places else math.inf
        if self._flights:
            until = min(until, self._flights[0].answered_at)
        if until < math.inf:
            self._timeline.wait_until(until)
