"""The Connections port: one suite over the fake and over the adapter, this against moto."""

from __future__ import annotations

import pytest

from realtime.domain.connections import TOLD, Connection
from realtime.domain.errors import ClientError, ErrorCode
from realtime.ports import Connections, Entry, Removed, SignIn, Tables
from tests.fakes import NOW, connection

LARGE = "x" * 100_000
ANONYMOUS = connection(user=None, team=None)._replace(source_ip=None, user_agent=None)
WHOLE = connection(
    channels=["presence-a", "presence-b", "c"],
    members={"presence-a": "7", "presence-b": "日本\\\u2028"},
    welcome=TOLD,
    refusal=4004,
    user_data='{"id":"u1"}',
    counted=True,
    watching=frozenset({"u2", "u3"}),
    saw=frozenset({"presence-a\n7\n1"}),
    coalesce=200,
)
FULL = [f"channel-{n}" for n in range(100)]


@pytest.fixture
def connections(tables: Tables) -> Connections:
    return tables.connections


def hold(connections: Connections, *rows: Connection) -> None:
    for row in rows:
        connections.add(row)


def all_of(connections: Connections) -> list[Connection]:
    rows = [row for page in connections.pages() for row in page]
    return sorted(rows, key=lambda row: row.connection_id)


@pytest.mark.parametrize(
    "row",
    [
        connection(),
        connection(patterns=["private-*", "a@b,c;d=."], channels=["a", "b"]),
        connection("L0SM9cOFvHcCIhw=", user="日本", user_agent='"\\\u2028'),
        ANONYMOUS,
        WHOLE,
    ],
    ids=["usual", "with sets", "with any text", "anonymous", "with all"],
)
def test_a_connection_is_found_as_it_was_added(connections, row):
    hold(connections, row)
    assert connections.find(row.connection_id) == row


def test_a_connection_that_was_not_added_is_not_found(connections):
    hold(connections, connection("c2"))
    assert connections.find("c1") is None


def test_those_that_are_there_are_found_together(connections):
    hold(connections, connection("c1"), WHOLE._replace(connection_id="c2"), connection("c3"))
    found = connections.find_all(["c2", "c1", "c9", "c1"])
    assert found == {"c1": connection("c1"), "c2": WHOLE._replace(connection_id="c2")}


def test_of_none_none_are_found(connections):
    hold(connections, connection("c1"))
    assert connections.find_all([]) == {}


def test_more_than_a_batch_are_found_together(connections):
    names = [f"c{n:03}" for n in range(101)]
    hold(connections, *(connection(name) for name in names))
    assert sorted(connections.find_all([*names, "d1"])) == names


def test_joining_adds_the_channel_and_notes_the_time(connections):
    hold(connections, connection(channels=["a"]))
    assert connections.join("c1", Entry("b"), NOW + 5)
    assert connections.find("c1") == connection(channels=["a", "b"], last_seen_at=NOW + 5)


def test_joining_the_first_channel_makes_the_set(connections):
    hold(connections, connection())
    connections.join("c1", Entry("a"), NOW)
    assert connections.find("c1") == connection(channels=["a"])


def test_joining_again_changes_no_channel(connections):
    hold(connections, connection(channels=["a"]))
    assert connections.join("c1", Entry("a"), NOW)
    assert connections.find("c1") == connection(channels=["a"])


def test_joining_notes_whom_the_connection_is_there_and_what_it_saw(connections):
    hold(connections, connection(channels=["presence-a"], members={"presence-a": "7"}, saw=frozenset({"1"})))
    connections.join("c1", Entry("presence-b", "u 2", saw=frozenset({"2", "3"})), NOW)
    found = connections.find("c1")
    assert found is not None
    assert (found.members, found.saw) == ({"presence-a": "7", "presence-b": "u 2"}, {"1", "2", "3"})


@pytest.mark.parametrize(("team", "expected"), [(None, "456"), ("123", "123")])
def test_joining_fills_an_empty_team_and_no_other(connections, team, expected):
    hold(connections, connection(team=team))
    connections.join("c1", Entry("a", team="456"), NOW)
    found = connections.find("c1")
    assert found is not None
    assert found.identity.team_id == expected


def test_a_channel_more_than_a_connection_may_have_is_refused(connections):
    hold(connections, connection(channels=FULL))
    with pytest.raises(ClientError) as refusal:
        connections.join("c1", Entry("one-more", saw=frozenset({"1"})), NOW + 5)
    assert refusal.value.code == ErrorCode.TOO_MANY_CHANNELS
    assert connections.find("c1") == connection(channels=FULL)


def test_one_of_as_many_channels_as_there_may_be_is_joined_again(connections):
    hold(connections, connection(channels=FULL))
    assert connections.join("c1", Entry(FULL[0]), NOW)


def test_the_last_channel_that_a_connection_may_have_is_joined(connections):
    hold(connections, connection(channels=FULL[:99]))
    assert connections.join("c1", Entry(FULL[99]), NOW)


@pytest.mark.parametrize("channels", [[], FULL], ids=["empty", "full"])
def test_a_connection_that_is_to_be_refused_joins_nothing(connections, channels):
    row = connection(refusal=4004, channels=channels)
    hold(connections, row)
    assert not connections.join("c1", Entry("a"), NOW + 5)
    assert connections.find("c1") == row


@pytest.mark.parametrize("others", [[], FULL[:99]], ids=["few", "full"])
def test_a_presence_channel_is_not_joined_as_another_user(connections, others):
    row = connection(channels=["presence-a", *others], members={"presence-a": "7"})
    hold(connections, row)
    with pytest.raises(ClientError) as refusal:
        connections.join("c1", Entry("presence-a", "8", "456", frozenset({"1"})), NOW + 5)
    assert (refusal.value.code, connections.find("c1")) == (ErrorCode.FORBIDDEN, row)
    assert connections.join("c1", Entry("presence-a", "7"), NOW)
    assert connections.find("c1") == row


def test_who_has_left_a_presence_channel_may_join_it_as_another_user(connections):
    hold(connections, connection(channels=["presence-a", "b"], members={"presence-a": "7"}))
    connections.leave("c1", "presence-a", "7")
    assert connections.join("c1", Entry("presence-a", "8"), NOW)
    assert connections.find("c1") == connection(channels=["presence-a", "b"], members={"presence-a": "8"})


def test_leaving_takes_the_channel_off(connections):
    hold(connections, connection(channels=["a", "b"]))
    assert connections.leave("c1", "a")
    assert connections.find("c1") == connection(channels=["b"])


def test_leaving_takes_off_whom_the_connection_was_there(connections):
    rows = {"presence-a": "7", "presence-b": "7"}
    hold(connections, connection(channels=rows, members=rows))
    assert connections.leave("c1", "presence-a", "7")
    assert connections.find("c1") == connection(channels=["presence-b"], members={"presence-b": "7"})


def test_leaving_the_last_channel_leaves_none(connections):
    hold(connections, connection(channels=["presence-a"], members={"presence-a": "7"}))
    connections.leave("c1", "presence-a", "7")
    assert connections.find("c1") == connection()


@pytest.mark.parametrize("channels", [[], ["b"]])
def test_leaving_what_was_not_joined_changes_nothing(connections, channels):
    hold(connections, connection(channels=channels))
    assert connections.leave("c1", "a", "7")
    assert connections.find("c1") == connection(channels=channels)


@pytest.mark.parametrize(
    ("later", "expected"), [(0, NOW), (59_999, NOW), (60_000, NOW + 60_000), (90_000, NOW + 90_000), (-1, NOW)]
)
def test_a_sign_of_life_is_noted_once_a_minute(connections, later, expected):
    hold(connections, connection())
    connections.seen("c1", NOW + later)
    assert connections.find("c1") == connection(last_seen_at=expected)


WRITES = {
    "join": lambda connections: connections.join("c1", Entry("a", "u1", "123", frozenset({"1"})), NOW),
    "leave": lambda connections: connections.leave("c1", "a", "u1"),
    "seen": lambda connections: connections.seen("c1", NOW),
    "claim a user": lambda connections: connections.claim_user("c1", "u1"),
    "sign in": lambda connections: connections.sign_in("c1", SignIn("u1", "{}"), NOW),
    "claim a welcome": lambda connections: connections.claim_welcome("c1", NOW),
    "welcomed": lambda connections: connections.welcomed("c1"),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_happens_to_no_row_fails_and_makes_none(connections, write):
    assert not WRITES[write](connections)
    assert all_of(connections) == []


def test_removing_returns_the_rows_that_were_there(connections):
    rows = [WHOLE, connection("c2")]
    hold(connections, *rows)
    removed = connections.remove(["c1", "c2", "c3"])
    assert (sorted(removed.connections, key=lambda row: row.connection_id), removed.failure) == (rows, None)


def test_removing_leaves_the_other_rows(connections):
    hold(connections, connection("c1"), connection("c2"))
    connections.remove(["c1"])
    assert all_of(connections) == [connection("c2")]


def test_removing_again_finds_nothing(connections):
    hold(connections, connection())
    connections.remove(["c1"])
    assert connections.remove(["c1"]) == Removed([])


def test_removing_nothing_is_fine(connections):
    assert connections.remove([]) == Removed([])


def test_more_rows_than_fit_in_flight_are_removed(connections):
    names = [f"c{n:03}" for n in range(70)]
    hold(connections, *(connection(name) for name in names))
    assert sorted(row.connection_id for row in connections.remove(names).connections) == names


def test_which_exist_of_more_than_a_batch(connections):
    names = [f"c{n:03}" for n in range(101)]
    hold(connections, *(connection(name) for name in names))
    assert connections.existing([*names, *(f"d{n}" for n in range(105))]) == set(names)


@pytest.mark.parametrize("asked", [[], ["c2"]])
def test_none_exist_of_those_that_are_not_there(connections, asked):
    hold(connections, connection("c1"))
    assert connections.existing(asked) == set()


def test_the_pages_hold_every_connection_expired_ones_included(connections):
    rows = [connection("c1", connected_at=0), connection("c2"), ANONYMOUS._replace(connection_id="c3")]
    hold(connections, *rows)
    assert all_of(connections) == rows


def test_connections_that_fill_more_than_a_page_come_in_pages(connections):
    hold(connections, *(connection(f"c{n:02}", user_agent=LARGE) for n in range(15)))
    pages = [[row.connection_id for row in page] for page in connections.pages()]
    assert len(pages) > 1
    assert sorted(sum(pages, [])) == [f"c{n:02}" for n in range(15)]
