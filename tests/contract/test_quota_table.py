"""The Quota port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.ports import Quota
from tests.contract.adapters import Kept
from tests.fakes import NOW


@pytest.fixture
def quota(kept: Kept) -> Quota:
    return kept.quota


def test_who_is_alone_does_not_wait(quota):
    assert quota.reserve(500, 5_000, NOW) == 0


def test_each_waits_for_those_before_it(quota):
    assert [quota.reserve(500, 5_000, NOW) for _ in range(4)] == [0, 100, 200, 300]


def test_the_time_that_passes_is_not_waited_for_again(quota):
    quota.reserve(500, 5_000, NOW)
    assert [quota.reserve(500, 5_000, NOW + 60), quota.reserve(500, 5_000, NOW + 70)] == [40, 130]


@pytest.mark.parametrize("later", [100, 101, 60_000])
def test_who_comes_when_all_are_over_does_not_wait(quota, later):
    quota.reserve(500, 5_000, NOW)
    assert [quota.reserve(500, 5_000, NOW + later) for _ in range(2)] == [0, 100]


def test_what_was_not_used_is_not_saved_up(quota):
    quota.reserve(1, 5_000, NOW)
    assert [quota.reserve(5_000, 5_000, NOW + 60_000) for _ in range(2)] == [0, 1_000]


def test_small_bookings_add_up_to_the_rate(quota):
    waits = [quota.reserve(1, 3_000, NOW) for _ in range(31)]
    assert (waits[0], waits[1], waits[3], waits[30]) == (0, 1, 2, 11)  # rounded up: never before its time


def test_another_rate_concerns_what_comes_behind_it(quota):
    assert [quota.reserve(500, rate, NOW) for rate in (1_000, 5_000, 5_000)] == [0, 500, 600]


def test_who_is_behind_by_its_clock_waits_longer(quota):
    quota.reserve(500, 5_000, NOW)
    assert quota.reserve(500, 5_000, NOW - 50) == 150


def test_what_is_given_back_is_booked_by_the_next(quota):
    for _ in range(3):
        quota.reserve(500, 5_000, NOW)
    quota.reserve(-500, 5_000, NOW)
    assert quota.reserve(500, 5_000, NOW) == 200


@pytest.mark.parametrize("later", [0, 50, 60_000])
def test_what_is_given_back_is_not_saved_up(quota, later):
    quota.reserve(500, 5_000, NOW)
    for _ in range(3):
        quota.reserve(-500, 5_000, NOW + later)
    assert [quota.reserve(500, 5_000, NOW + later) for _ in range(3)] == [0, 100, 200]


def test_giving_back_what_was_never_booked_changes_nothing(quota):
    quota.reserve(-500, 5_000, NOW)
    assert [quota.reserve(500, 5_000, NOW) for _ in range(2)] == [0, 100]
