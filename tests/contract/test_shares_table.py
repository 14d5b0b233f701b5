"""The Shares port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.errors import ServiceError
from realtime.ports import Progress, Shares
from tests.contract.adapters import Kept
from tests.fakes import NOW

ID, OTHER = "p1.0", "p1.1"
UNTIL = NOW + 30_000
HALF = Progress("L0SM9cOFvHcCIhw=", frozenset({"L0SM9cOFvHcCIhw=", "K-_a"}))


@pytest.fixture
def shares(kept: Kept) -> Shares:
    return kept.shares


def refused(shares: Shares, now: int = NOW, share_id: str = ID) -> bool:
    """Whether another run has the share."""
    try:
        shares.claim(share_id, now, now + 30_000)
    except ServiceError as failure:
        assert str(failure) == "claim: another run has the share"
        return True
    return False


def test_a_share_that_nobody_had_begins_at_the_beginning(shares):
    assert shares.claim(ID, NOW, UNTIL) == Progress("", frozenset())


@pytest.mark.parametrize(("now", "is_refused"), [(NOW, True), (UNTIL, True), (UNTIL + 1, False)])
def test_a_share_is_had_by_one_run_at_a_time(shares, now, is_refused):
    shares.claim(ID, NOW, UNTIL)
    assert refused(shares, now) is is_refused


def test_who_is_refused_does_not_prolong_it(shares):
    shares.claim(ID, NOW, UNTIL)
    assert refused(shares, UNTIL)
    assert not refused(shares, UNTIL + 1)


def test_the_shares_of_a_publish_are_had_each_by_itself(shares):
    shares.claim(ID, NOW, UNTIL)
    assert not refused(shares, share_id=OTHER)


@pytest.mark.parametrize(
    "progress", [HALF, Progress("c1"), Progress("c9", frozenset(f"c{n:05}" for n in range(5_000)))]
)
def test_the_next_run_goes_on_where_it_was_noted(shares, progress):
    shares.claim(ID, NOW, UNTIL)
    shares.note(ID, progress, NOW + 5)
    assert shares.claim(ID, NOW + 6, UNTIL) == progress


def test_the_last_note_counts(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.note(ID, HALF, NOW + 5)
    shares.note(ID, Progress("Z"), NOW + 5)
    assert shares.claim(ID, NOW + 6, UNTIL) == Progress("Z", frozenset())


def test_a_note_prolongs_it(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.note(ID, HALF, UNTIL + 10)
    assert refused(shares, UNTIL + 10)


def test_a_note_that_hands_over_lets_another_run_have_it_at_once(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.note(ID, HALF, NOW - 1)
    assert shares.claim(ID, NOW, UNTIL) == HALF


def test_a_share_that_is_done_is_nobodys_any_more(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.note(ID, HALF, UNTIL)
    shares.finish(ID, NOW + 7)
    assert [shares.claim(ID, now, now + 30_000) for now in (NOW + 8, UNTIL + 1, NOW + 6 * 3_600_000)] == [None] * 3


def test_being_done_twice_is_fine(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.finish(ID, NOW)
    shares.finish(ID, NOW + 1)
    assert shares.claim(ID, UNTIL + 1, UNTIL + 2) is None


def test_what_a_run_notes_that_was_overtaken_does_not_reopen_the_share(shares):
    shares.claim(ID, NOW, UNTIL)
    shares.finish(ID, NOW)
    shares.note(ID, HALF, NOW - 1)
    assert shares.claim(ID, NOW, UNTIL) is None
