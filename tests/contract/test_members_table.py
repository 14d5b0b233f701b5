"""The Members port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.connections import CONNECTION_LIFETIME_SECONDS, Channel, Presence, Reader, server_to_user
from realtime.ports import Members, Tables
from tests.fakes import NOW

ROOM = Channel("1", "presence-room")
OTHER = Channel("1", "presence-other")
ANA, BEN = '{"user_id":"ana"}', '{"user_id":"ben","user_info":{"é":1}}'
TAB1, TAB2 = Reader("c1", "pusher", 0, "ana"), Reader("L0SM9cOFvHcCIhw=", "plain", 0, "ana")
WAITING = TAB2._replace(coalesce=200)
UNTIL = NOW + 10_000
LIFETIME = CONNECTION_LIFETIME_SECONDS * 1000
# Its connections ended long before NOW, and so has its row.
LONG_AGO = NOW - LIFETIME


@pytest.fixture
def members(tables: Tables) -> Members:
    return tables.members


def tab(reader: Reader, at: int) -> Reader:
    """A reader as a row has it that was touched at this time."""
    return reader._replace(since=at)


def rows(members: Members, channel: Channel = ROOM, now: int = NOW) -> list[Presence]:
    return [row for page in members.rows(channel, now) for row in page]


def all_of(members: Members) -> list[Presence]:
    return sorted((row for page in members.pages() for row in page), key=lambda row: (row.channel, row.user))


def go(members: Members, at: int, *, keep: bool) -> None:
    """Ana, with one tab, comes and goes."""
    members.join(ROOM, "ana", ANA, TAB1, at - 1)
    members.leave(ROOM, "ana", TAB1)
    members.claim_out(ROOM, "ana", at, at + 10_000)
    members.settle_out(ROOM, "ana", at, keep=keep)


IN = Presence(ROOM, "ana", (tab(TAB1, NOW),), ANA, NOW, NOW)


def test_the_first_connection_makes_the_row(members):
    assert members.join(ROOM, "ana", ANA, TAB1, NOW) is None
    assert rows(members) == [IN]


def test_the_second_connection_finds_the_user_in(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.join(ROOM, "ana", "other", TAB2, NOW + 5) == IN
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB2, NOW + 5), tab(TAB1, NOW + 5)), ANA, NOW, NOW + 5)]


def test_the_same_connection_again_is_no_second_one(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.join(ROOM, "ana", ANA, TAB1, NOW + 5)
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB1, NOW + 5),), ANA, NOW, NOW + 5)]


def test_any_text_names_a_user(members):
    user = "日本 7:\\\u2028\n"
    members.join(ROOM, user, BEN, TAB1, NOW)
    assert [(row.user, row.connections) for row in rows(members)] == [(user, (Reader("c1", "pusher", NOW, user),))]


def test_leaving_tells_who_is_left(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.join(ROOM, "ana", ANA, TAB2, NOW)
    assert members.leave(ROOM, "ana", TAB2) == IN
    assert members.leave(ROOM, "ana", TAB1) == IN._replace(connections=())


def test_who_was_not_there_changes_nothing(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.leave(ROOM, "ana", TAB2) == IN
    assert members.leave(ROOM, "ana", TAB1._replace(protocol="plain")) == IN
    assert all_of(members) == [IN]


def test_a_member_that_lets_events_wait_is_found_so_and_leaves_so(members):
    for reader in (TAB1, WAITING):
        members.join(ROOM, "ana", ANA, reader, NOW)
    assert rows(members) == [IN._replace(connections=(tab(WAITING, NOW), tab(TAB1, NOW)))]
    assert members.leave(ROOM, "ana", WAITING) == IN


def test_where_there_is_no_row_nobody_leaves_and_none_is_made(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.leave(ROOM, "ben", TAB1) is None
    assert members.leave(OTHER, "ana", TAB1) is None
    assert all_of(members) == [IN]


def test_leaving_again_tells_the_same(members):
    """An attempt whose answer was lost is made again."""
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.leave(ROOM, "ana", TAB1) == members.leave(ROOM, "ana", TAB1) == IN._replace(connections=())


def test_of_two_claims_at_the_same_time_one_is_granted(members):
    """Also in the same millisecond: a message of a queue may be handed over twice at once."""
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.leave(ROOM, "ana", TAB1)
    claims = [members.claim_out(ROOM, "ana", NOW + 1, NOW + 2) for _ in range(2)]
    assert [claim and claim.member for claim in claims] == [ANA, None]


def test_touching_says_when_the_user_was_last_seen_to_come(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.touch(ROOM, "ana", NOW, NOW + 700)
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB1, NOW + 700),), ANA, NOW, NOW + 700)]


def test_another_coming_is_not_touched(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert not members.touch(ROOM, "ana", NOW - 1, NOW + 700)
    assert rows(members) == [IN]


def test_touching_makes_no_row(members):
    assert not members.touch(ROOM, "ana", NOW, NOW)
    assert all_of(members) == []


def test_a_user_without_connections_is_claimed_out_once(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.leave(ROOM, "ana", TAB1)
    assert members.claim_out(ROOM, "ana", NOW + 5, UNTIL) == IN._replace(connections=())
    assert members.claim_out(ROOM, "ana", NOW + 6, UNTIL) is None
    assert all_of(members) == [Presence(ROOM, "ana", (), None, None, NOW, NOW + 5, UNTIL)]


def test_a_user_with_connections_is_not_claimed_out(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    assert members.claim_out(ROOM, "ana", NOW + 5, UNTIL) is None
    assert all_of(members) == [IN]


def test_claiming_out_makes_no_row(members):
    assert members.claim_out(ROOM, "ana", NOW, UNTIL) is None
    assert all_of(members) == []


def test_of_a_leaving_and_a_coming_the_one_that_is_first_is_seen_by_the_other(members):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    left = members.leave(ROOM, "ana", TAB1)
    assert left is not None
    assert not left.connections
    # The coming first: it finds the user in, nobody is told of anything.
    assert members.join(ROOM, "ana", ANA, TAB2, NOW + 1) == IN._replace(connections=())
    assert members.claim_out(ROOM, "ana", NOW + 2, UNTIL) is None
    # The leaving first: the coming finds the user out, and in the middle of being told.
    members.leave(ROOM, "ana", TAB2)
    members.claim_out(ROOM, "ana", NOW + 3, UNTIL)
    out = Presence(ROOM, "ana", (), None, None, NOW + 1, NOW + 3, UNTIL)
    assert members.join(ROOM, "ana", BEN, TAB1, NOW + 4) == out


def test_who_comes_back_has_a_new_coming(members):
    go(members, NOW, keep=True)
    members.join(ROOM, "ana", BEN, TAB2, NOW + 4)
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB2, NOW + 4),), BEN, NOW + 4, NOW + 4)]


def test_of_two_that_come_back_at_once_one_finds_the_user_out(members):
    go(members, NOW, keep=True)
    first, second = (members.join(ROOM, "ana", ANA, reader, NOW + 4) for reader in (TAB1, TAB2))
    assert (first.is_in, first.left_at, second.is_in) == (False, NOW, True)


def test_a_telling_that_ends_deletes_the_row(members):
    go(members, NOW, keep=False)
    assert all_of(members) == []


def test_a_telling_that_ends_can_keep_the_row_for_a_while(members):
    go(members, NOW, keep=True)
    assert all_of(members) == [Presence(ROOM, "ana", (), None, None, NOW - 1, NOW)]


@pytest.mark.parametrize("keep", [False, True])
def test_a_telling_that_ended_already_returns_nothing_and_makes_no_row(members, keep):
    assert members.settle_out(ROOM, "ana", NOW, keep=keep) is None
    assert all_of(members) == []


@pytest.mark.parametrize("keep", [False, True])
def test_who_came_back_during_the_telling_is_returned(members, keep):
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.leave(ROOM, "ana", TAB1)
    members.claim_out(ROOM, "ana", NOW + 1, UNTIL)
    members.join(ROOM, "ana", BEN, TAB2, NOW + 2)
    back = members.settle_out(ROOM, "ana", NOW + 1, keep=keep)
    assert back._replace(telling_until=0) == Presence(ROOM, "ana", (tab(TAB2, NOW + 2),), BEN, NOW + 2, NOW + 2)
    assert all_of(members) == [back]


@pytest.mark.parametrize("keep", [False, True])
def test_who_came_back_and_went_again_is_returned(members, keep):
    go(members, NOW, keep=True)
    members.join(ROOM, "ana", ANA, TAB1, NOW + 1)
    members.leave(ROOM, "ana", TAB1)
    members.claim_out(ROOM, "ana", NOW + 2, UNTIL)
    again = Presence(ROOM, "ana", (), None, None, NOW + 1, NOW + 2, UNTIL)
    assert members.settle_out(ROOM, "ana", NOW, keep=keep) == again
    assert all_of(members) == [again]


def test_who_went_vanishes_once(members):
    go(members, NOW, keep=True)
    assert members.vanish(ROOM, "ana", NOW)
    assert not members.vanish(ROOM, "ana", NOW)
    assert all_of(members) == []


def test_who_has_come_back_does_not_vanish(members):
    go(members, NOW, keep=True)
    members.join(ROOM, "ana", ANA, TAB1, NOW + 1)
    assert not members.vanish(ROOM, "ana", NOW)
    assert [row.is_in for row in all_of(members)] == [True]


def test_who_has_come_back_and_gone_again_vanishes_for_the_later_time_only(members):
    go(members, NOW, keep=True)
    go(members, NOW + 100, keep=True)
    assert [members.vanish(ROOM, "ana", left_at) for left_at in (NOW, NOW + 100)] == [False, True]


def test_the_rows_are_those_of_the_channel(members):
    for channel, user in ((ROOM, "ben"), (ROOM, "ana"), (OTHER, "eve"), (Channel("2", ROOM.name), "eve")):
        members.join(channel, user, ANA, TAB1, NOW)
    assert [row.user for row in rows(members)] == ["ana", "ben"]


def test_the_rows_hold_who_has_gone(members):
    go(members, NOW, keep=True)
    assert [(row.user, row.is_in) for row in rows(members)] == [("ana", False)]


@pytest.mark.parametrize(("later", "found"), [(LIFETIME - 1, ["ana"]), (LIFETIME, [])])
def test_a_row_is_there_as_long_as_its_latest_connection_may_last(members, later, found):
    members.join(ROOM, "ana", ANA, TAB1, NOW - 5_000)
    members.join(ROOM, "ana", ANA, TAB2, NOW)
    assert [row.user for row in rows(members, ROOM, NOW + later)] == found


def test_rows_that_fill_more_than_a_page_come_in_pages(members):
    for n in range(15):
        members.join(ROOM, f"u{n:02}", "x" * 100_000, TAB1, NOW)
    for pages in ([*members.rows(ROOM, NOW)], [*members.pages()]):
        assert len(pages) > 1
        assert sorted(row.user for page in pages for row in page) == [f"u{n:02}" for n in range(15)]


def test_those_that_are_there_are_found(members):
    me = server_to_user("1", "ana")
    members.join(ROOM, "ana", ANA, TAB1, NOW)
    members.join(me, "ana", ANA, TAB1, NOW)
    found = members.find([(ROOM, "ana"), (ROOM, "ben"), (OTHER, "ana"), (me, "ana"), (ROOM, "ana")])
    assert found == {(ROOM, "ana"): IN, (me, "ana"): IN._replace(channel=me)}


@pytest.mark.parametrize(("count", "others"), [(0, []), (101, [(OTHER, "eve")])])
def test_none_are_found_and_more_than_a_batch(members, count, others):
    wanted = [(ROOM, f"u{n:03}") for n in range(count)]
    for channel, user in wanted:
        members.join(channel, user, ANA, TAB1, NOW)
    assert sorted(members.find([*wanted, *others])) == wanted


def test_a_row_that_has_expired_is_not_found(members):
    members.join(ROOM, "ana", ANA, TAB1, LONG_AGO)
    assert (members.find([(ROOM, "ana")]), rows(members)) == ({}, [])


def test_the_pages_hold_what_has_expired(members):
    members.join(ROOM, "ana", ANA, TAB1, LONG_AGO)
    assert [row.user for row in all_of(members)] == ["ana"]


def test_nothing_of_a_row_that_has_expired_shows_through(members):
    members.join(ROOM, "ana", ANA, TAB1, LONG_AGO)
    assert members.join(ROOM, "ana", BEN, TAB2, NOW) is None
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB2, NOW),), BEN, NOW, NOW)]


def test_nothing_of_a_leaving_that_has_expired_shows_through(members):
    members.join(ROOM, "ana", ANA, TAB1, LONG_AGO)
    members.leave(ROOM, "ana", TAB1)
    members.claim_out(ROOM, "ana", LONG_AGO, LONG_AGO + 10_000)
    assert members.join(ROOM, "ana", BEN, TAB2, NOW) is None
    assert rows(members) == [Presence(ROOM, "ana", (tab(TAB2, NOW),), BEN, NOW, NOW)]
