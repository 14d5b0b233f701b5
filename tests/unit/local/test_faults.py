"""Faults: what is accepted, when they strike, how they count."""

import random

import pytest

from ops.local.faults import NAMES, TIMED, Faults


def test_nothing_strikes_unless_it_is_on():
    assert not any(Faults().strike(name) for name in NAMES)


def test_times_counts_down_and_strikes_are_counted():
    faults = Faults()
    faults.set("gone", times=2)
    assert [bool(faults.strike("gone")) for _ in range(3)] == [True, True, False]
    assert faults.as_dict()["gone"]["struck"] == 2
    assert faults.as_dict()["gone"]["times"] == 0


def test_only_matching_subjects_are_struck_and_counted():
    faults = Faults()
    faults.set("gone", match="abc", times=1)
    assert faults.strike("gone", "xyz") is None
    assert faults.strike("gone", "-abc-") is not None


def test_the_rate_is_what_the_dice_say():
    faults = Faults(random.Random(7))
    faults.set("throttled", rate=0.25)
    struck = sum(faults.strike("throttled") is not None for _ in range(4000))
    assert 900 < struck < 1100
    assert faults.as_dict()["throttled"]["struck"] == struck


def test_setting_again_starts_anew_and_clear_ends_it():
    faults = Faults()
    faults.set("gone", times=1)
    faults.strike("gone")
    faults.set("gone", times=1)
    assert faults.strike("gone")
    faults.set("throttled")
    faults.clear("gone")
    assert set(faults.as_dict()) == {"throttled"}
    faults.clear()
    assert faults.as_dict() == {}


def test_a_strike_carries_the_delay():
    faults = Faults()
    faults.set("slow-post", seconds=1.5)
    struck = faults.strike("slow-post")
    assert struck is not None
    assert struck.seconds == 1.5


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"name": "nope"}, "unknown fault"),
        ({"name": "gone", "rate": 0}, "not a probability"),
        ({"name": "gone", "rate": 1.1}, "not a probability"),
        ({"name": "gone", "rate": float("nan")}, "not a probability"),
        ({"name": "gone", "times": 0}, "would never strike"),
        ({"name": "gone", "seconds": -1}, "not a delay"),
        ({"name": "gone", "seconds": float("inf")}, "not a delay"),
        *[({"name": name}, "needs seconds") for name in sorted(TIMED)],
    ],
)
def test_a_malformed_fault_is_refused_and_changes_nothing(settings, reason):
    faults = Faults()
    with pytest.raises(ValueError, match=reason):
        faults.set(**settings)
    assert faults.as_dict() == {}


def test_clearing_an_unknown_fault_says_so():
    with pytest.raises(ValueError, match="choose one of"):
        Faults().clear("nope")
