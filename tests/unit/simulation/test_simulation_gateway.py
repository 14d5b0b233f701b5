"""API Gateway and the engine, simulated."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from ops.simulation.assumptions import Assumptions
from ops.simulation.functions import FunctionRun
from ops.simulation.gateway import Gateway, Quota, SimulatedOutbox
from ops.simulation.timeline import Timeline
from realtime.ports import Posted

# An answer after 10 ms exactly, deliveries and connections that cost nothing.
PLAIN = Assumptions(latency_ms=10, latency_p99_ms=10, delivery_us=0, connect_us=0, connect_ms=0)


def posted(assumptions: Assumptions, frames: Iterable[tuple[str, str] | float]) -> tuple[list[Posted], FunctionRun]:
    timeline, settled = Timeline(), list[Posted]()
    run = FunctionRun(core=1.0, ends_at=1e9, published_at=0.0)
    outbox = SimulatedOutbox(Gateway(assumptions, random.Random(1)), assumptions, timeline, run)
    timeline.begin(0, lambda: settled.extend(outbox.stream(frames)))
    timeline.run()
    return settled, run


def readers(count: int) -> list[tuple[str, str]]:
    return [(f"c{number:04}", "frame") for number in range(count)]


def test_a_quota_gives_its_burst_at_once_and_then_its_rate():
    bucket = Quota(rate=10, burst=3)
    assert [bucket.take(1, 0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1, 0.2) for _ in range(3)] == [True, True, False]


def test_more_than_a_quota_ever_holds_is_given_when_it_is_full():
    bucket = Quota(rate=10, burst=3)
    assert [bucket.take(5, 0.0), bucket.take(5, 0.1), bucket.take(5, 0.3)] == [True, False, True]


def test_everybody_hears_it_once():
    settled, run = posted(PLAIN, readers(1000))
    assert sorted(each.connection_id for each in settled) == [name for name, _ in readers(1000)]
    assert {each.fate for each in settled} == {"delivered"}
    assert len(run.heard) == 1000


def test_only_so_many_are_in_flight():
    _, run = posted(replace(PLAIN, in_flight=10), readers(30))
    assert [round(at * 1000) for at in run.heard] == [10] * 10 + [20] * 10 + [30] * 10


def test_those_that_take_long_give_their_place_to_others():
    slow = replace(PLAIN, latency_ms=600, latency_p99_ms=600, in_flight=10, most_in_flight=25)
    _, run = posted(slow, readers(30))
    assert [round(at * 1000) for at in run.heard] == [600] * 10 + [850] * 10 + [1100] * 5 + [1200] * 5


def test_a_process_keeps_to_its_rate_after_half_a_second_of_it_at_once():
    _, run = posted(replace(PLAIN, requests_per_second=10), readers(8))
    assert [round(at * 1000) for at in run.heard] == [10] * 5 + [110, 210, 310]


def test_each_costs_its_cpu():
    _, run = posted(replace(PLAIN, delivery_us=1000), readers(5))
    assert [round(at * 1000) for at in run.heard] == [11, 12, 13, 14, 15]


def test_connections_are_opened_as_needed_and_kept():
    _, run = posted(replace(PLAIN, connect_ms=5, in_flight=1), readers(3))
    assert [round(at * 1000) for at in run.heard] == [15, 25, 35]


def test_a_number_is_a_pause():
    _, run = posted(PLAIN, [*readers(1), 2.0, ("later", "frame")])
    assert [round(at * 1000) for at in run.heard] == [10, 2010]


def test_what_the_quota_refuses_is_tried_again():
    scarce = replace(PLAIN, gateway_rate=1000, gateway_burst=10)
    settled, run = posted(scarce, readers(20))
    assert {each.fate for each in settled} == {"delivered"}
    assert max(run.heard) > 0.02


def test_a_second_try_waits_as_long_as_the_engine_does():
    _, run = posted(replace(PLAIN, gateway_rate=1000, gateway_burst=1), readers(2))
    first, second = run.heard
    assert first == pytest.approx(0.01)
    # The answer to the first try, the pause, the answer to the second.
    assert 0.07 <= second <= 0.12


def test_what_stays_refused_is_throttled_and_counts_against_the_budget_of_retries():
    settled, _ = posted(replace(PLAIN, gateway_rate=1, gateway_burst=1), readers(100))
    fates = [each.fate for each in settled]
    assert (fates.count("delivered"), fates.count("throttled")) == (1, 99)
    assert {each.reason for each in settled} == {None, "HTTP 429"}
