"""Ranges of connection ids: each id is in one of them, in order, however the ids come and wherever they are cut."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.ranges import EVERY, FIRST, LAST, Range, estimate, split

BASE64URL = "-0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
# What API Gateway gives out, and what it might: anything printable between the ends.
PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7D)
IDS = st.text(BASE64URL, min_size=1, max_size=20) | st.text(PRINTABLE, min_size=1)
NAMES = st.lists(IDS, min_size=1, max_size=30, unique=True).map(sorted)


def made(random: Random, count: int, prefix: bytes = b"") -> list[str]:
    """Ids of API Gateway's form: 11 bytes as base64url."""
    ids = {base64.urlsafe_b64encode(prefix + random.randbytes(11 - len(prefix))).decode() for _ in range(count)}
    return sorted(ids)


def holds(within: Range, connection_id: str) -> bool:
    return within.first <= connection_id <= within.last


def sizes(ranges: Sequence[Range], ids: Sequence[str]) -> list[int]:
    return [sum(holds(within, name) for name in ids) for within in ranges]


@given(NAMES, st.integers(1, 40), st.data())
def test_every_id_is_in_exactly_one_range(ids, parts, data):
    low, high = sorted((data.draw(st.sampled_from(ids)), data.draw(st.sampled_from(ids))))
    ranges = split(low, high, parts)
    assert all(sum(holds(within, name) for within in ranges) == 1 for name in ids)


@given(IDS, IDS, st.integers(1, 40))
def test_ranges_are_in_order_from_the_first_to_the_last_without_a_gap(low, high, parts):
    ranges = split(low, high, parts)
    assert (ranges[0].first, ranges[-1].last) == (FIRST, LAST)
    # No text lies between one and the same with a NUL behind it.
    assert [within.first for within in ranges[1:]] == [f"{within.last}\0" for within in ranges[:-1]]
    assert all(within.first <= within.last for within in ranges)
    assert len(ranges) <= parts


@given(NAMES, st.integers(2, 40))
def test_an_id_at_a_cut_is_in_one_range(ids, parts):
    ranges = split(ids[0], ids[-1], parts)
    cuts = [within.last for within in ranges]
    assert all(sum(holds(within, cut) for within in ranges) == 1 for cut in cuts)


@given(IDS)
def test_where_all_are_the_same_there_is_one_range(name):
    assert split(name, name, 20) == [EVERY]


@given(NAMES, IDS, IDS, st.one_of(st.just(""), IDS))
def test_what_is_left_behind_an_id_is_what_comes_after_it(ids, one, other, cursor):
    within = Range(*sorted((one, other)))
    left = [name for name in ids if holds(within.after(cursor), name)]
    assert left == [name for name in ids if holds(within, name) and name > cursor]


def test_nothing_is_left_behind_the_end():
    within = Range("a", "c").after("c")
    assert not holds(within, "c")


@pytest.mark.parametrize("count", [600, 5_000, 20_000])
@pytest.mark.parametrize("prefix", [b"", b"\x61", b"\x61\x62\x63\x64"], ids=["uniform", "one byte", "four bytes"])
def test_of_evenly_spread_ids_the_number_is_about_right(prefix, count):
    ids = made(Random(count), count, prefix)
    guess = estimate(ids[0], ids[500], ids[-1], 501)
    assert 0.7 * count < guess < 1.4 * count


@pytest.mark.parametrize("prefix", [b"", b"\x61", b"\x61\x62\x63\x64"], ids=["uniform", "one byte", "four bytes"])
def test_evenly_spread_ids_come_in_ranges_of_about_the_same_size(prefix):
    ids = made(Random(3), 10_000, prefix)
    found = sizes(split(ids[0], ids[-1], 10), ids)
    assert len(found) == 10
    # base64url's order is not that of the code points: a prefix leaves gaps.
    assert all(500 < size < 1_500 for size in found)


@given(IDS, IDS, IDS, st.integers(1, 501))
def test_no_fewer_are_guessed_than_are_known(low, known, high, count):
    assert estimate(low, known, high, count) >= count


@given(NAMES)
def test_of_all_that_there_are_the_number_is_known(ids):
    assert estimate(ids[0], ids[-1], ids[-1], len(ids)) == len(ids)


@given(st.lists(st.text(BASE64URL, min_size=12, max_size=12), min_size=3, max_size=3, unique=True).map(sorted))
def test_distances_follow_the_order_of_the_ids(ids):
    low, known, high = ids
    assert estimate(low, known, high, 1_000_000) >= estimate(low, known, known, 1_000_000)


def test_ids_that_differ_only_far_behind_are_in_one_range():
    assert split("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaab", 5) == [EVERY]
