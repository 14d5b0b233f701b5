"""The Buffers port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import random

import pytest

from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.ports import Buffers
from tests.contract.adapters import Kept
from tests.fakes import NOW

ROOM, OTHER = Channel("1", "room"), Channel("2", "room")
DEAD = 130_000
LARGE = "x" * 90_000


@pytest.fixture
def buffers(kept: Kept) -> Buffers:
    return kept.buffers


def fill(buffers: Buffers, *entries: str, now: int = NOW) -> list[bool]:
    return [buffers.append(ROOM, entry, now) for entry in entries]


def fill_up(buffers: Buffers) -> int:
    """Let large entries wait until one is refused; return how many fitted."""
    for count in range(9):
        try:
            buffers.append(ROOM, LARGE, NOW)
        except ServiceError as failure:
            assert str(failure) == "append: more events wait than a row can hold"
            return count
    raise AssertionError("none is refused")


def test_what_waits_is_taken_as_it_is_and_in_order(buffers):
    entries = ["a", "", '{"x":"é\\u2028日"}', "a"]
    fill(buffers, *entries)
    assert buffers.take(ROOM, "f1", NOW) == entries


def test_only_the_first_is_to_have_them_taken(buffers):
    assert fill(buffers, "a", "a", "b") == [True, False, False]


def test_channels_wait_each_by_itself(buffers):
    assert (fill(buffers, "a"), buffers.append(OTHER, "b", NOW)) == ([True], True)
    assert (buffers.take(OTHER, "f1", NOW), buffers.take(ROOM, "f2", NOW)) == (["b"], ["a"])


def test_where_none_wait_none_are_taken(buffers):
    assert buffers.take(ROOM, "f1", NOW) == []
    buffers.done(ROOM, "f1")
    assert buffers.take(ROOM, "f1", NOW) == []


def test_a_flush_that_is_tried_again_takes_the_same(buffers):
    fill(buffers, "a", "b")
    assert [buffers.take(ROOM, "f1", NOW + later) for later in (0, 60_000)] == [["a", "b"]] * 2


def test_what_comes_meanwhile_is_for_the_next_flush(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    assert fill(buffers, "b", "c") == [True, False]
    assert buffers.take(ROOM, "f1", NOW) == ["a"]
    buffers.done(ROOM, "f1")
    assert buffers.take(ROOM, "f2", NOW) == ["b", "c"]


def test_another_flush_waits_for_the_one_before(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    fill(buffers, "b")
    assert buffers.take(ROOM, "f2", NOW + DEAD) is None
    assert buffers.take(ROOM, "f1", NOW + DEAD) == ["a"]


def test_another_flush_waits_though_nothing_came_since(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    assert buffers.take(ROOM, "f2", NOW) is None


def test_what_a_flush_took_that_died_is_taken_by_the_next_before_the_rest(buffers):
    fill(buffers, "a", "b")
    buffers.take(ROOM, "f1", NOW)
    fill(buffers, "c")
    assert buffers.take(ROOM, "f2", NOW + DEAD + 1) == ["a", "b", "c"]


def test_what_a_flush_took_that_died_is_taken_though_nothing_came_since(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    assert buffers.take(ROOM, "f2", NOW + DEAD + 1) == ["a"]


def test_a_flush_that_was_taken_for_dead_takes_nothing_more(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    buffers.take(ROOM, "f2", NOW + DEAD + 1)
    assert buffers.take(ROOM, "f1", NOW + DEAD + 2) is None
    buffers.done(ROOM, "f2")
    assert buffers.take(ROOM, "f1", NOW + DEAD + 3) == []


def test_a_flush_that_was_taken_for_dead_ends_nothing(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    buffers.take(ROOM, "f2", NOW + DEAD + 1)
    buffers.done(ROOM, "f1")
    assert buffers.take(ROOM, "f2", NOW + DEAD + 2) == ["a"]


def test_what_was_delivered_is_not_taken_again(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    buffers.done(ROOM, "f1")
    assert [buffers.take(ROOM, flush, NOW) for flush in ("f1", "f2")] == [[], []]
    assert fill(buffers, "b") == [True]


def test_being_done_twice_is_fine(buffers):
    fill(buffers, "a")
    buffers.take(ROOM, "f1", NOW)
    fill(buffers, "b")
    for _ in range(2):
        buffers.done(ROOM, "f1")
    assert buffers.take(ROOM, "f2", NOW) == ["b"]


@pytest.mark.parametrize(("later", "again"), [(0, False), (6_000, False), (6_001, True)])
def test_where_nobody_comes_to_take_them_another_is_to_have_them_taken(buffers, later, again):
    fill(buffers, "a")
    assert fill(buffers, "b", now=NOW + later) == [again]


def test_of_those_that_find_that_nobody_came_one_is_to_have_them_taken(buffers):
    fill(buffers, "a")
    assert fill(buffers, "b", "c", now=NOW + 6_001) == [True, False]
    assert fill(buffers, "d", now=NOW + 12_001) == [False]
    assert fill(buffers, "e", now=NOW + 12_002) == [True]


def test_who_was_to_take_them_and_comes_late_finds_them_all(buffers):
    fill(buffers, "a")
    fill(buffers, "b", now=NOW + 6_001)
    assert buffers.take(ROOM, "f1", NOW + 6_002) == ["a", "b"]


def test_what_does_not_fit_is_refused_and_the_rest_stays(buffers):
    count = fill_up(buffers)
    assert 2 <= count <= 4
    assert buffers.take(ROOM, "f1", NOW) == [LARGE] * count


def test_what_is_being_delivered_takes_room_until_it_is_done(buffers):
    count = fill_up(buffers)
    buffers.take(ROOM, "f1", NOW)
    fewer = fill_up(buffers)
    assert fewer < count
    buffers.done(ROOM, "f1")
    assert fill_up(buffers) + fewer == count


def test_a_new_channel_that_takes_nothing_large_still_takes_what_is_small(buffers):
    with pytest.raises(ServiceError):
        buffers.append(ROOM, "x" * 500_000, NOW)
    assert buffers.take(ROOM, "f1", NOW) == []
    assert fill(buffers, "a") == [True]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_in_between_everything_is_taken_in_order_and_once_unless_a_flush_died(buffers, seed):
    dice = random.Random(seed)
    now, entries, open_flushes, delivered = NOW, 0, 0, []
    at_work: dict[str, list[str]] = {}
    for _ in range(40):
        now += dice.choice([0, 10, 900])
        flush = f"f{open_flushes}"
        match dice.choice(["append", "append", "take", "again", "done", "die"]):
            case "append":
                buffers.append(ROOM, f"{entries:03}", now)
                entries += 1
            case "take" if (taken := buffers.take(ROOM, flush, now)) is not None:
                assert not at_work
                at_work = {flush: taken} if taken else {}
                open_flushes += 1
            case "again":
                assert [buffers.take(ROOM, name, now) for name in at_work] == list(at_work.values())
            case "done":
                for name, taken in at_work.items():
                    delivered += taken
                    buffers.done(ROOM, name)
                at_work = {}
            case "die":
                now, at_work = now + DEAD + 1, {}
    now += DEAD + 1
    delivered += buffers.take(ROOM, "last", now) or []
    assert delivered == [f"{n:03}" for n in range(entries)]
