"""The Subscriptions port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Channel, Reader, Subscription, watchers_of
from realtime.domain.ranges import EVERY, Range, split
from realtime.ports import Subscriptions, Tables
from tests.fakes import NOW, subscription

LARGE = "x" * 100_000
EXPIRY = subscription().expires_at * 1000
LOBBY = Channel("1", "lobby")


@pytest.fixture
def subscriptions(tables: Tables) -> Subscriptions:
    return tables.subscriptions


def hold(subscriptions: Subscriptions, *rows: Subscription) -> None:
    for row in rows:
        subscriptions.add(row)


def all_of(subscriptions: Subscriptions) -> set[tuple[str, str]]:
    return {(row.channel.name, row.connection_id) for page in subscriptions.pages() for row in page}


def readers(subscriptions: Subscriptions, channel: Channel, now: int = NOW) -> list[Reader]:
    return [row for page in subscriptions.readers(channel, now) for row in page]


def reader(row: Subscription) -> Reader:
    return Reader(row.connection_id, row.protocol, row.since, row.user_id, row.coalesce)


def pages_of(subscriptions: Subscriptions, within: Range | None = None, page: int | None = None) -> list[list[str]]:
    """The ids of the lobby's readers, as they are read."""
    return [[row.connection_id for row in rows] for rows in subscriptions.readers(LOBBY, NOW, within, page)]


def test_a_subscription_is_found_as_it_was_added(subscriptions):
    rows = [
        subscription("lobby", "c1", since=NOW + 7),
        subscription("日", "c2", user=None, protocol="pusher"),
        subscription("lobby", "c3", coalesce=200),
    ]
    hold(subscriptions, *rows)
    found = [row for page in subscriptions.pages() for row in page]
    assert sorted(found, key=lambda row: row.connection_id) == rows


def test_the_readers_are_those_of_the_subscriptions(subscriptions):
    rows = [subscription("lobby", "c1", since=NOW + 7), subscription("lobby", "c2", user=None, protocol="pusher")]
    hold(subscriptions, *rows)
    assert readers(subscriptions, LOBBY) == [
        Reader("c1", "plain", NOW + 7, "u1"),
        Reader("c2", "pusher", NOW, None),
    ]


def test_a_reader_tells_how_long_it_lets_events_wait(subscriptions):
    hold(subscriptions, subscription("lobby", "c1", coalesce=200))
    assert readers(subscriptions, LOBBY) == [Reader("c1", "plain", NOW, "u1", 200)]


def test_subscribing_again_makes_no_second_row_and_is_younger(subscriptions):
    hold(subscriptions, subscription("lobby"), subscription("lobby", since=NOW + 9))
    assert [row.since for row in readers(subscriptions, LOBBY)] == [NOW + 9]


def test_many_are_added_at_once(subscriptions):
    rows = [subscription("lobby", f"c{n:02}") for n in range(51)]
    subscriptions.add_all(rows)
    assert readers(subscriptions, LOBBY) == [reader(row) for row in rows]


def test_of_two_that_are_added_at_once_for_the_same_the_later_counts(subscriptions):
    subscriptions.add_all([subscription("lobby"), subscription("lobby", since=NOW + 9)])
    assert [row.since for row in readers(subscriptions, LOBBY)] == [NOW + 9]


def test_adding_none_is_fine(subscriptions):
    subscriptions.add_all([])
    assert all_of(subscriptions) == set()


def test_readers_of_other_channels_are_not_found(subscriptions):
    for channel in ("a", "aa", "A", "b"):
        hold(subscriptions, subscription(channel))
    assert readers(subscriptions, Channel("1", "a")) == [reader(subscription("a"))]


def test_readers_of_other_apps_are_not_found(subscriptions):
    hold(subscriptions, subscription("a", "c1", app_id="1"), subscription("a", "c2", app_id="11"))
    assert [row.connection_id for row in readers(subscriptions, Channel("11", "a"))] == ["c2"]


def test_watchers_are_found_by_whom_they_watch(subscriptions):
    watched = watchers_of("1", "u 7")
    hold(subscriptions, subscription(watched.name, "c1", since=0))
    assert readers(subscriptions, watched) == [Reader("c1", "plain", 0, "u1")]


def test_a_channel_without_readers_has_none(subscriptions):
    assert readers(subscriptions, LOBBY) == []


@pytest.mark.parametrize(("now", "found"), [(EXPIRY - 1, 1), (EXPIRY, 0), (EXPIRY + 1, 0)])
def test_a_subscription_is_found_until_it_expires(subscriptions, now, found):
    hold(subscriptions, subscription("lobby"))
    assert len(readers(subscriptions, LOBBY, now)) == found
    assert subscriptions.occupied(LOBBY, now) is bool(found)


def test_a_channel_is_occupied_by_one_reader_behind_many_that_have_expired(subscriptions):
    hold(subscriptions, *(subscription("lobby", f"c{n:02}", connected_at=0) for n in range(23)))
    assert not subscriptions.occupied(LOBBY, NOW)
    hold(subscriptions, subscription("lobby", "d"))
    assert subscriptions.occupied(LOBBY, NOW)


def test_a_channel_is_not_occupied_by_readers_of_another(subscriptions):
    hold(subscriptions, subscription("a"), subscription("lobby", app_id="2"))
    assert not subscriptions.occupied(LOBBY, NOW)


def test_a_subscription_is_taken_by_who_asked_later(subscriptions):
    hold(subscriptions, subscription("lobby", "c1"), subscription("lobby", "c2"))
    assert subscriptions.take(LOBBY, "c1", NOW + 1)
    assert all_of(subscriptions) == {("lobby", "c2")}


@pytest.mark.parametrize("before", [NOW - 1, NOW])
def test_a_younger_subscription_is_not_taken(subscriptions, before):
    hold(subscriptions, subscription("lobby"))
    assert not subscriptions.take(LOBBY, "c1", before)
    assert all_of(subscriptions) == {("lobby", "c1")}


def test_taking_what_is_not_there_is_fine(subscriptions):
    assert subscriptions.take(LOBBY, "c1", NOW)
    assert all_of(subscriptions) == set()


def test_readers_that_fill_more_than_a_page_come_in_pages(subscriptions):
    hold(subscriptions, *(subscription("lobby", f"c{n:02}", user=LARGE) for n in range(15)))
    pages = [[row.connection_id for row in page] for page in subscriptions.readers(LOBBY, NOW)]
    assert len(pages) > 1
    assert sum(pages, []) == [f"c{n:02}" for n in range(15)]


# In the order of their code points, as DynamoDB has them.
IDS = ["-a", "1", "=", "A", "K-_a=", "Z", "_", "a", "zz"]


@pytest.mark.parametrize(
    ("within", "found"),
    [
        (EVERY, IDS),
        (Range("1", "Z"), IDS[1:6]),
        (Range("10", "Y"), IDS[2:5]),
        (Range("A", "A"), ["A"]),
        (Range("A\0", "K"), []),
        (Range("1", "Z").after("A"), IDS[4:6]),
        (Range("1", "Z").after("K-_a"), IDS[4:6]),
        (Range("1", "Z").after("Z"), []),
        (Range("1", "Z").after(""), IDS[1:6]),
        (EVERY.after("zz"), []),
    ],
    ids=["every", "both ends", "between", "one", "none", "behind one", "behind none", "behind all", "begin", "end"],
)
def test_the_readers_of_a_range_are_found(subscriptions, within, found):
    hold(subscriptions, *(subscription("lobby", name) for name in IDS), subscription("other", "B"))
    assert sum(pages_of(subscriptions, within), []) == found


def test_ranges_without_gaps_have_all_readers_once(subscriptions):
    hold(subscriptions, *(subscription("lobby", name) for name in IDS))
    ranges = split(IDS[0], IDS[-1], 4)
    assert [name for within in ranges for page in pages_of(subscriptions, within) for name in page] == IDS


def test_a_page_has_no_more_readers_than_asked_for(subscriptions):
    hold(subscriptions, *(subscription("lobby", name) for name in IDS))
    pages = pages_of(subscriptions, Range("1", "zz"), 3)
    assert max(map(len, pages)) == 3
    assert sum(pages, []) == IDS[1:]


def test_those_that_have_expired_hide_nobody_behind_them(subscriptions):
    hold(subscriptions, *(subscription("lobby", f"a{n}", connected_at=0) for n in range(9)))
    hold(subscriptions, *(subscription("lobby", name) for name in ("b", "c")))
    assert sum(pages_of(subscriptions, page=2), []) == ["b", "c"]


def test_readers_are_counted(subscriptions):
    hold(subscriptions, *(subscription("lobby", f"c{n:02}") for n in range(15)))
    hold(subscriptions, subscription("lobby", "d", connected_at=0), subscription("other", "e"))
    assert [subscriptions.count(channel, NOW) for channel in (LOBBY, Channel("2", "lobby"))] == [15, 0]


def test_more_readers_than_a_page_are_counted(subscriptions):
    hold(subscriptions, *(subscription("lobby", f"c{n:02}", user=LARGE) for n in range(15)))
    assert subscriptions.count(LOBBY, NOW) == 15


def test_the_last_reader_is_the_one_with_the_highest_id(subscriptions):
    hold(subscriptions, *(subscription("lobby", name) for name in reversed(IDS)), subscription("other", "zzz"))
    assert (subscriptions.last(LOBBY), subscriptions.last(Channel("2", "lobby"))) == ("zz", None)


def test_those_that_read_the_channel_are_told_from_others(subscriptions):
    names = [f"c{n:03}" for n in range(101)]
    hold(subscriptions, *(subscription("lobby", name) for name in names), subscription("other", "d"))
    assert subscriptions.existing(LOBBY, [*names, "c001", "d", "e"]) == set(names)
    assert subscriptions.existing(LOBBY, []) == set()


def test_subscriptions_that_fill_more_than_a_page_come_in_pages(subscriptions):
    hold(subscriptions, *(subscription(f"channel-{n}", user=LARGE) for n in range(15)))
    pages = [[row.channel.name for row in page] for page in subscriptions.pages()]
    assert len(pages) > 1
    assert sorted(sum(pages, [])) == sorted(f"channel-{n}" for n in range(15))


def test_more_subscriptions_than_a_batch_are_removed(subscriptions):
    pairs = [(LOBBY, f"c{n:02}") for n in range(51)]
    hold(subscriptions, *(subscription("lobby", name) for _, name in [*pairs, (LOBBY, "d1")]))
    subscriptions.remove(pair for pair in [*pairs, pairs[0]])
    assert all_of(subscriptions) == {("lobby", "d1")}


def test_only_the_pair_is_removed(subscriptions):
    for channel, connection_id in (("a", "c1"), ("a", "c2"), ("b", "c1")):
        hold(subscriptions, subscription(channel, connection_id))
    subscriptions.remove([(Channel("1", "a"), "c1"), (Channel("2", "b"), "c1")])
    assert all_of(subscriptions) == {("a", "c2"), ("b", "c1")}


@pytest.mark.parametrize("pairs", [[], [(LOBBY, "c1")]])
def test_removing_subscriptions_that_are_not_there_is_fine(subscriptions, pairs):
    subscriptions.remove(pairs)
    assert all_of(subscriptions) == set()
