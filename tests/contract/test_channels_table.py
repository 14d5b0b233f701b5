"""The Channels port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Channel
from realtime.ports import Channels, Occupancy, Tables
from tests.fakes import NOW

ROOM = Channel("1", "room")


@pytest.fixture
def channels(tables: Tables) -> Channels:
    return tables.channels


def occupied(channels: Channels, prefix: str = "", app_id: str = "1") -> list[str]:
    return [name for page in channels.occupied(app_id, prefix) for name in page]


def all_of(channels: Channels) -> set[Occupancy]:
    return {row for page in channels.pages() for row in page}


def test_the_first_to_occupy_a_channel_is_told_so(channels):
    assert [channels.occupy(ROOM) for _ in range(3)] == [True, False, False]
    assert all_of(channels) == {Occupancy(ROOM)}


def test_channels_of_other_apps_are_others(channels):
    channels.occupy(ROOM)
    assert channels.occupy(Channel("2", "room"))


def test_an_occupied_channel_begins_to_vacate(channels):
    channels.occupy(ROOM)
    assert channels.vacate(ROOM, "t1")
    assert all_of(channels) == {Occupancy(ROOM, "t1")}


def test_what_is_not_occupied_does_not_vacate(channels):
    assert not channels.vacate(ROOM, "t1")
    assert all_of(channels) == set()


def test_who_comes_meanwhile_ends_the_vacancy_and_finds_no_new_channel(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    assert not channels.occupy(ROOM)
    assert all_of(channels) == {Occupancy(ROOM)}
    assert not channels.vacated(ROOM, "t1")


def test_a_vacancy_ends_with_the_row(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    assert channels.vacated(ROOM, "t1")
    assert all_of(channels) == set()
    assert channels.occupy(ROOM)


def test_a_vacancy_ends_once(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    assert [channels.vacated(ROOM, "t1") for _ in range(2)] == [True, False]


def test_of_two_vacancies_the_later_ends(channels):
    channels.occupy(ROOM)
    assert [channels.vacate(ROOM, token) for token in ("t1", "t2")] == [True, True]
    assert not channels.vacated(ROOM, "t1")
    assert channels.vacated(ROOM, "t2")


def test_a_vacancy_of_an_earlier_life_does_not_end_this_one(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t2")
    assert not channels.vacated(ROOM, "t1")
    assert all_of(channels) == {Occupancy(ROOM, "t2")}


def test_who_began_to_vacate_can_think_better_of_it(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    channels.stay(ROOM, "t1")
    assert all_of(channels) == {Occupancy(ROOM)}
    assert not channels.vacated(ROOM, "t1")


def test_what_another_began_stays_begun(channels):
    channels.occupy(ROOM)
    channels.vacate(ROOM, "t1")
    channels.vacate(ROOM, "t2")
    channels.stay(ROOM, "t1")
    assert all_of(channels) == {Occupancy(ROOM, "t2")}


@pytest.mark.parametrize("end", ["stay", "vacated"])
def test_ending_what_did_not_begin_makes_no_row(channels, end):
    assert not getattr(channels, end)(ROOM, "t1")
    assert all_of(channels) == set()


def test_an_occupied_channel_that_does_not_vacate_does_not_end(channels):
    channels.occupy(ROOM)
    assert not channels.vacated(ROOM, "t1")
    assert all_of(channels) == {Occupancy(ROOM)}


@pytest.mark.parametrize(("later", "counted"), [(4_999, False), (5_000, True), (5_001, True)])
def test_subscribers_are_counted_out_every_so_often(channels, later, counted):
    channels.occupy(ROOM)
    assert channels.count_now(ROOM, NOW, 5_000)
    assert channels.count_now(ROOM, NOW + later, 5_000) is counted


def test_a_count_that_was_refused_does_not_put_off_the_next(channels):
    channels.occupy(ROOM)
    channels.count_now(ROOM, NOW, 5_000)
    channels.count_now(ROOM, NOW + 4_000, 5_000)
    assert channels.count_now(ROOM, NOW + 5_000, 5_000)


def test_a_channel_that_is_not_occupied_is_not_counted_out(channels):
    assert not channels.count_now(ROOM, NOW, 5_000)
    assert all_of(channels) == set()


def test_a_vacancy_does_not_forget_the_last_count(channels):
    channels.occupy(ROOM)
    channels.count_now(ROOM, NOW, 5_000)
    channels.vacate(ROOM, "t1")
    channels.occupy(ROOM)
    assert not channels.count_now(ROOM, NOW + 1, 5_000)


def test_a_channel_that_is_occupied_anew_is_counted_at_once(channels):
    channels.occupy(ROOM)
    channels.count_now(ROOM, NOW, 5_000)
    channels.vacate(ROOM, "t1")
    channels.vacated(ROOM, "t1")
    channels.occupy(ROOM)
    assert channels.count_now(ROOM, NOW + 1, 5_000)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("", ["a", "presence-a", "presence-b", "private-a"]),
        ("presence-", ["presence-a", "presence-b"]),
        ("p", ["presence-a", "presence-b", "private-a"]),
        ("presence-b", ["presence-b"]),
        ("z", []),
    ],
)
def test_the_occupied_channels_of_an_app_by_their_beginning(channels, prefix, names):
    for name in ("private-a", "presence-b", "a", "presence-a"):
        channels.occupy(Channel("1", name))
    channels.occupy(Channel("2", "presence-c"))
    assert occupied(channels, prefix) == names


def test_a_channel_that_vacates_is_not_listed(channels):
    for name in ("a", "b"):
        channels.occupy(Channel("1", name))
    channels.vacate(Channel("1", "a"), "t1")
    assert occupied(channels) == ["b"]
    channels.stay(Channel("1", "a"), "t1")
    assert occupied(channels) == ["a", "b"]


def test_an_app_without_occupied_channels_has_none(channels):
    assert occupied(channels) == []


def test_the_pages_hold_the_channels_of_all_apps(channels):
    rows = {Occupancy(Channel(app_id, f"{n}")) for app_id in ("1", "2") for n in range(9)}
    for row in rows:
        channels.occupy(row.channel)
    assert all_of(channels) == rows
