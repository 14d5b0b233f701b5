"""Publishes to large channels: the real share-out, a simulated AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ops.simulation import ids
from ops.simulation.assumptions import BY_TIME, RANDOM, Assumptions
from ops.simulation.outcome import Outcome
from ops.simulation.run import simulate

# Small, so that a test takes a moment.
SMALL = Assumptions(direct_readers=100, share_readers=300, max_shares=5)


def outcome(readers: int, **assumed: Any) -> Outcome:
    return simulate(readers, replace(SMALL, **assumed))


def test_a_small_channel_has_it_when_the_publish_returns():
    found = outcome(100)
    assert (found.shares, found.deliveries, found.invocations) == (0, 100, 1)
    assert found.last_seconds <= found.answered_ms / 1000


def test_a_large_one_is_shared_out():
    found = outcome(1200)
    assert found.shares > 1
    assert found.invocations == found.shares + 1
    assert found.last_seconds > found.answered_ms / 1000


@pytest.mark.parametrize("kind", [RANDOM, BY_TIME])
def test_everybody_has_it_once_whatever_the_ids_are_like(kind):
    found = outcome(1200, ids=kind)
    assert (found.deliveries, found.calls["execute-api:ManageConnectionsPOST"]) == (1200, 1200)


def test_the_same_seed_gives_the_same_figures():
    assert outcome(1200) == outcome(1200)


def test_another_seed_gives_others():
    assert outcome(1200).last_seconds != outcome(1200, seed=2).last_seconds


def test_shares_keep_to_the_rate_that_is_set_for_them():
    found = outcome(3000, requests_per_second=500)
    # The last chunk that was booked begins when those before it are through.
    assert found.last_seconds > (3000 - 500 * found.shares) / 500
    assert found.delayed > 0
    assert found.throttled == 0


def test_what_cannot_begin_in_time_is_shed_and_counted():
    found = outcome(5000, requests_per_second=100, max_age_seconds=10)
    assert found.shed > 0
    assert found.deliveries + found.shed == 5000


def test_a_quota_that_others_use_up_throttles():
    found = outcome(1200, gateway_rate=1000, gateway_burst=100, other_rate=900)
    assert found.throttled > 0
    assert found.deliveries + found.failed == 1200


def test_a_run_that_is_short_of_time_hands_over():
    # Each chunk waits longer than a run may.
    found = outcome(3000, max_shares=2, requests_per_second=200, timeout_seconds=20.0)
    assert found.invocations > found.shares + 1
    assert found.deliveries == 3000
    assert found.retried == 0


def test_a_run_that_dies_is_tried_again_twice():
    # A chunk takes longer than a run may.
    found = outcome(1200, max_shares=1, delivery_us=50_000.0, memory_mb=1769, timeout_seconds=16.0)
    assert (found.retried, found.lost, found.invocations) == (2, 1, 1 + 3)


def test_lambda_runs_only_so_many_at_a_time():
    one, many = outcome(1200, concurrency=1), outcome(1200)
    assert one.held_back > 0
    assert one.last_seconds > many.last_seconds
    assert one.deliveries == 1200


def test_what_lambda_could_not_run_for_long_is_lost():
    found = outcome(1200, concurrency=1, event_age_seconds=0.2)
    # Only the first share runs: by its end the others are too old.
    assert (found.invocations, found.lost, found.shares) == (2, found.held_back, 1)


def test_a_warm_sandbox_saves_the_cold_start():
    assert outcome(1200, warm=5).last_seconds < outcome(1200).last_seconds


def test_a_partition_takes_only_so_many_reads():
    found = outcome(1200, partition_read_units=20, row_bytes=400)
    assert found.database_throttled > 0


def test_several_publishes_add_up():
    found = outcome(50, publishes=3)
    assert (found.publishes, found.deliveries, found.invocations) == (3, 150, 3)


def test_a_frame_above_32_kb_is_metered_twice():
    one, two = outcome(100), outcome(100, frame_bytes=40_000)
    assert two.dollars_of["websocket_messages"] == 2 * one.dollars_of["websocket_messages"]


def test_the_parts_of_the_price_add_up():
    found = outcome(1200)
    assert sum(found.dollars_of.values()) == pytest.approx(found.dollars)
    assert found.dollars_per_thousand == pytest.approx(found.dollars / 1.2)


@pytest.mark.parametrize("kind", [RANDOM, BY_TIME])
def test_ids_have_the_form_of_api_gateways(kind):
    drawn = ids.draw(500, kind, 1)
    assert len(set(drawn)) == 500
    assert list(drawn) == sorted(drawn)
    assert {(len(each), each[-1]) for each in drawn} == {(16, "=")}
