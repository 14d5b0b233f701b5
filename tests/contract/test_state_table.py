"""The State port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Channel
from realtime.ports import Cached, State, Tables
from tests.fakes import NOW

ROOM = Channel("1", "cache-room")
EVENT = Cached("moved", '{"x":"é\\u2028"}', "e1", NOW, NOW + 1_234)


@pytest.fixture
def state(tables: Tables) -> State:
    return tables.state


@pytest.mark.parametrize("event", [EVENT, Cached("", "", "e2", NOW, NOW + 1)], ids=["usual", "empty"])
def test_an_event_is_kept_as_it_is(state, event):
    state.cache(ROOM, event)
    assert state.cached(ROOM, NOW) == event


def test_a_channel_without_an_event_has_none(state):
    state.cache(ROOM, EVENT)
    assert state.cached(Channel("2", ROOM.name), NOW) is None


def test_the_last_event_is_kept(state):
    state.cache(ROOM, EVENT)
    state.cache(ROOM, EVENT._replace(event_id="e2", data="2"))
    state.cache(ROOM, EVENT._replace(event_id="e3", data="3", stored_at=NOW + 1))
    assert state.cached(ROOM, NOW) == EVENT._replace(event_id="e3", data="3", stored_at=NOW + 1)


def test_an_event_that_was_overtaken_is_not_kept(state):
    state.cache(ROOM, EVENT)
    state.cache(ROOM, EVENT._replace(event_id="e0", stored_at=NOW - 1))
    assert state.cached(ROOM, NOW) == EVENT


@pytest.mark.parametrize(("later", "found"), [(1_233, EVENT), (1_234, None), (1_235, None)])
def test_an_event_is_kept_until_it_expires(state, later, found):
    state.cache(ROOM, EVENT)
    assert state.cached(ROOM, NOW + later) == found


def test_hits_are_counted_by_the_second(state):
    assert [state.hit("a", NOW + later) for later in (0, 1, 999, 1_000, 999)] == [1, 2, 3, 1, 4]


def test_hits_are_counted_by_name(state):
    state.hit("a", NOW)
    assert state.hit("b", NOW) == 1


def test_the_first_to_ask_is_the_only_one(state):
    assert [state.once("a", NOW, 3) for _ in range(3)] == [True, False, False]
    assert state.once("b", NOW, 3)


@pytest.mark.parametrize(("start", "later", "first"), [(0, 2_999, False), (0, 3_000, True), (900, 3_000, True)])
def test_after_a_while_another_is_the_first(state, start, later, first):
    state.once("a", NOW + start, 3)
    assert state.once("a", NOW + start + later, 3) is first


def test_who_was_not_the_first_does_not_prolong_it(state):
    state.once("a", NOW, 3)
    state.once("a", NOW + 2_000, 3)
    assert state.once("a", NOW + 3_000, 3)


def test_no_more_enter_than_may(state):
    assert [state.enter("a", 2) for _ in range(4)] == [True, True, False, False]
    assert state.enter("b", 2)


def test_for_each_that_exits_another_may_enter(state):
    state.enter("a", 1)
    state.exit("a")
    assert [state.enter("a", 1) for _ in range(2)] == [True, False]


def test_nobody_enters_where_none_may(state):
    assert not state.enter("a", 0)


def test_exits_of_nobody_do_not_count(state):
    for _ in range(2):
        state.exit("a")
    state.enter("a", 5)
    for _ in range(3):
        state.exit("a")
    assert [state.enter("a", 1) for _ in range(2)] == [True, False]


def test_who_is_in_when_fewer_may_be_stays(state):
    for _ in range(3):
        state.enter("a", 3)
    assert not state.enter("a", 2)
    state.exit("a")
    assert not state.enter("a", 2)
    state.exit("a")
    assert state.enter("a", 2)


@pytest.mark.parametrize(("value", "entered"), [(0, [True, True]), (1, [True, False]), (2, [False, False])])
def test_a_recount_replaces_the_count(state, value, entered):
    state.enter("a", 5)
    state.recount("a", value)
    assert [state.enter("a", 2) for _ in range(2)] == entered


def test_a_count_that_never_was_is_recounted(state):
    state.recount("a", 2)
    assert not state.enter("a", 2)


def test_values_of_one_name_do_not_touch_each_other(state):
    state.cache(ROOM, EVENT)
    name = ROOM.key
    assert (state.hit(name, NOW), state.once(name, NOW, 1), state.enter(name, 1)) == (1, True, True)
    assert state.cached(ROOM, NOW) == EVENT
