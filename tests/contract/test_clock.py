"""The Clock port: one suite over the fake and over the adapter, and what the fake can do beyond it."""

from __future__ import annotations

import time

import pytest

from realtime.aws.clock import SystemClock
from realtime.ports import Clock
from tests.fakes import NOW, FakeClock


@pytest.fixture(params=["fake", "system"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return FakeClock() if request.param == "fake" else SystemClock()


def test_after_a_sleep_it_is_later(clock):
    before = clock.now()
    clock.sleep(0.01)
    assert clock.now() > before


def test_the_time_is_that_of_the_machine_in_milliseconds():
    before, now, after = time.time(), SystemClock().now(), time.time()
    assert int(before * 1000) <= now <= after * 1000


def test_nobody_waits_for_the_fake():
    clock = FakeClock()
    clock.sleep(3_600)
    assert (clock.now(), clock.slept) == (NOW + 3_600_000, [3_600])


def test_what_is_due_happens_on_the_way_in_its_order_and_at_its_time():
    clock = FakeClock()
    seen: list[int] = []
    for later in (300, 100, 501):
        clock.at(NOW + later, lambda: seen.append(clock.now() - NOW))
    clock.sleep(0.5)
    assert (seen, clock.now()) == ([100, 300], NOW + 500)


def test_what_happens_may_take_time_and_cause_more():
    clock = FakeClock()
    seen: list[int] = []

    def first() -> None:
        clock.at(NOW + 150, lambda: seen.append(clock.now() - NOW))
        clock.sleep(0.2)

    clock.at(NOW + 100, first)
    clock.sleep(0.1)
    assert (seen, clock.now()) == ([150], NOW + 300)
