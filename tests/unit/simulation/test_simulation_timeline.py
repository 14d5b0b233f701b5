"""Virtual time."""

from __future__ import annotations

import threading

import pytest

from ops.simulation.timeline import OutOfTime, Timeline


def test_what_waits_shorter_goes_on_first():
    timeline, heard = Timeline(), []

    def work(name: str, seconds: float) -> None:
        for _ in range(2):
            timeline.advance(seconds)
            heard.append((name, timeline.now))

    timeline.begin(0, lambda: work("slow", 2.5))
    timeline.begin(1, lambda: work("fast", 1))
    timeline.run()
    assert heard == [("fast", 2), ("slow", 2.5), ("fast", 3), ("slow", 5)]


def test_waiting_for_the_past_takes_no_time():
    timeline, heard = Timeline(), []

    def work() -> None:
        timeline.wait_until(2)
        heard.append(timeline.now)

    timeline.begin(5, work)
    timeline.run()
    assert heard == [5]


def test_work_may_begin_further_work():
    timeline, heard = Timeline(), []
    timeline.begin(1, lambda: timeline.begin(timeline.now + 1, lambda: heard.append(timeline.now)))
    timeline.run()
    assert heard == [2]


def test_work_ends_at_its_deadline_however_long_it_wants_to_wait():
    timeline, heard = Timeline(), []

    def work() -> None:
        timeline.limit(2.5)
        try:
            timeline.advance(10)
        except OutOfTime:
            heard.append(timeline.now)
        timeline.advance(1)
        heard.append(timeline.now)

    timeline.begin(0, work)
    timeline.run()
    assert heard == [2.5, 3.5]


def test_a_failure_ends_everything_and_leaves_no_thread():
    timeline, before = Timeline(), threading.active_count()

    def fail() -> None:
        timeline.advance(1)
        raise ValueError("broken")

    timeline.begin(0, lambda: timeline.advance(100))
    timeline.begin(0, fail)
    with pytest.raises(ValueError, match="broken"):
        timeline.run()
    assert threading.active_count() == before
