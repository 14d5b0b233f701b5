from __future__ import annotations

import pytest

from realtime.aws.rate import Bucket


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_half_a_second_of_requests_may_go_at_once():
    bucket = Bucket(10, Time())
    assert [bucket.reserve() for _ in range(5)] == [0.0] * 5


def test_what_is_more_waits_for_its_turn():
    bucket = Bucket(10, Time())
    assert [bucket.reserve() for _ in range(7)][5:] == pytest.approx([0.1, 0.2])


def test_what_has_waited_need_not_wait_again():
    time = Time()
    bucket = Bucket(10, time)
    for _ in range(6):
        wait = bucket.reserve()
    time.now += wait
    assert bucket.reserve() == pytest.approx(0.1)


def test_a_pause_is_not_saved_up():
    time = Time()
    bucket = Bucket(10, time)
    time.now += 3600
    assert [bucket.reserve() for _ in range(6)] == pytest.approx([0.0] * 5 + [0.1])


def test_a_small_rate_lets_one_go_at_once():
    bucket = Bucket(1, Time())
    assert [bucket.reserve(), bucket.reserve()] == pytest.approx([0.0, 1.0])
