"""The Connections and Subscriptions ports: one suite over the fakes and over the adapters, these against moto."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from realtime.aws.dynamodb import DynamoConnections, DynamoSubscriptions
from realtime.domain.connections import Connection, Subscription
from realtime.ports import Connections, Removed, Subscriptions
from tests.contract.aws import account, create_tables, dynamodb, patience
from tests.fakes import NOW, FakeConnections, FakeSubscriptions, connection, subscription

LARGE = "x" * 100_000
ANONYMOUS = connection(user=None, team=None)._replace(source_ip=None, user_agent=None)
EXPIRY = subscription().expires_at * 1000


@dataclass(frozen=True)
class Tables:
    connections: Connections
    subscriptions: Subscriptions

    def hold(self, *rows: Connection) -> None:
        for row in rows:
            self.connections.add(row)

    def all_connections(self) -> list[Connection]:
        rows = [row for page in self.connections.pages() for row in page]
        return sorted(rows, key=lambda row: row.connection_id)

    def all_subscriptions(self) -> set[tuple[str, str]]:
        return {(row.channel, row.connection_id) for page in self.subscriptions.pages() for row in page}

    def readers(self, channel: str, now: int = NOW) -> list[Subscription]:
        rows = [row for page in self.subscriptions.readers(channel, now) for row in page]
        return sorted(rows, key=lambda row: row.connection_id)


@pytest.fixture(params=["fakes", "dynamodb"])
def tables(request: pytest.FixtureRequest) -> Tables:
    if request.param == "fakes":
        return Tables(FakeConnections(page_size=7), FakeSubscriptions(page_size=7))
    names = create_tables(request.getfixturevalue("dynamodb_client"))
    service = dynamodb(account(request.getfixturevalue("moto_url")), patience())
    return Tables(DynamoConnections(service, names[0]), DynamoSubscriptions(service, names[1]))


@pytest.mark.parametrize(
    "row",
    [
        connection(),
        connection(patterns=["private-*", "a@b,c;d=."], channels=["a", "b"]),
        connection("L0SM9cOFvHcCIhw=", user="日本", user_agent='"\\\u2028'),
        ANONYMOUS,
    ],
    ids=["usual", "with sets", "with any text", "anonymous"],
)
def test_a_connection_is_found_as_it_was_added(tables, row):
    tables.hold(row)
    assert tables.connections.find(row.connection_id) == row


def test_a_connection_that_was_not_added_is_not_found(tables):
    tables.hold(connection("c2"))
    assert tables.connections.find("c1") is None


def test_joining_adds_the_channel_and_notes_the_time(tables):
    tables.hold(connection(channels=["a"]))
    assert tables.connections.join("c1", "b", NOW + 5)
    assert tables.connections.find("c1") == connection(channels=["a", "b"], last_seen_at=NOW + 5)


def test_joining_the_first_channel_makes_the_set(tables):
    tables.hold(connection())
    tables.connections.join("c1", "a", NOW)
    assert tables.connections.find("c1") == connection(channels=["a"])


def test_joining_again_changes_no_channel(tables):
    tables.hold(connection(channels=["a"]))
    assert tables.connections.join("c1", "a", NOW)
    assert tables.connections.find("c1") == connection(channels=["a"])


def test_leaving_takes_the_channel_off(tables):
    tables.hold(connection(channels=["a", "b"]))
    assert tables.connections.leave("c1", "a")
    assert tables.connections.find("c1") == connection(channels=["b"])


def test_leaving_the_last_channel_leaves_none(tables):
    tables.hold(connection(channels=["a"]))
    tables.connections.leave("c1", "a")
    assert tables.connections.find("c1") == connection()


@pytest.mark.parametrize("channels", [[], ["b"]])
def test_leaving_what_was_not_joined_changes_nothing(tables, channels):
    tables.hold(connection(channels=channels))
    assert tables.connections.leave("c1", "a")
    assert tables.connections.find("c1") == connection(channels=channels)


@pytest.mark.parametrize(
    ("later", "expected"), [(0, NOW), (59_999, NOW), (60_000, NOW + 60_000), (90_000, NOW + 90_000), (-1, NOW)]
)
def test_a_sign_of_life_is_noted_once_a_minute(tables, later, expected):
    tables.hold(connection())
    tables.connections.seen("c1", NOW + later)
    assert tables.connections.find("c1") == connection(last_seen_at=expected)


def test_no_row_cannot_be_joined(tables):
    assert not tables.connections.join("c1", "a", NOW)


def test_no_row_cannot_be_left(tables):
    assert not tables.connections.leave("c1", "a")


@pytest.mark.parametrize(
    "write",
    [
        lambda connections: connections.join("c1", "a", NOW),
        lambda connections: connections.leave("c1", "a"),
        lambda connections: connections.seen("c1", NOW),
    ],
    ids=["join", "leave", "seen"],
)
def test_what_happens_to_no_row_makes_none(tables, write):
    write(tables.connections)
    assert tables.all_connections() == []


def test_removing_tells_the_channels_of_the_rows_that_were_there(tables):
    tables.hold(connection("c1", channels=["a", "b"]), connection("c2"))
    assert tables.connections.remove(["c1", "c2", "c3"]) == Removed({"c1": frozenset({"a", "b"}), "c2": frozenset()})


def test_removing_leaves_the_other_rows(tables):
    tables.hold(connection("c1"), connection("c2"))
    tables.connections.remove(["c1"])
    assert tables.all_connections() == [connection("c2")]


def test_removing_again_finds_nothing(tables):
    tables.hold(connection())
    tables.connections.remove(["c1"])
    assert tables.connections.remove(["c1"]) == Removed({})


def test_removing_nothing_is_fine(tables):
    assert tables.connections.remove([]) == Removed({})


def test_more_rows_than_fit_in_flight_are_removed(tables):
    names = [f"c{n:03}" for n in range(70)]
    tables.hold(*(connection(name) for name in names))
    assert sorted(tables.connections.remove(names).channels) == names


def test_which_exist_of_more_than_a_batch(tables):
    names = [f"c{n:03}" for n in range(101)]
    tables.hold(*(connection(name) for name in names))
    assert tables.connections.existing([*names, *(f"d{n}" for n in range(105))]) == set(names)


@pytest.mark.parametrize("asked", [[], ["c2"]])
def test_none_exist_of_those_that_are_not_there(tables, asked):
    tables.hold(connection("c1"))
    assert tables.connections.existing(asked) == set()


def test_the_pages_hold_every_connection_expired_ones_included(tables):
    rows = [connection("c1", connected_at=0), connection("c2"), ANONYMOUS._replace(connection_id="c3")]
    tables.hold(*rows)
    assert tables.all_connections() == rows


def test_connections_that_fill_more_than_a_page_come_in_pages(tables):
    tables.hold(*(connection(f"c{n:02}", user_agent=LARGE) for n in range(15)))
    pages = [[row.connection_id for row in page] for page in tables.connections.pages()]
    assert len(pages) > 1
    assert sorted(sum(pages, [])) == [f"c{n:02}" for n in range(15)]


def test_a_reader_is_found_as_it_was_added(tables):
    tables.subscriptions.add(subscription("lobby", "c1"))
    tables.subscriptions.add(subscription("lobby", "c2", user=None))
    assert tables.readers("lobby") == [subscription("lobby", "c1"), subscription("lobby", "c2", user=None)]


def test_subscribing_again_makes_no_second_row(tables):
    tables.subscriptions.add(subscription())
    tables.subscriptions.add(subscription())
    assert tables.readers("team-123") == [subscription()]


def test_readers_of_other_channels_are_not_found(tables):
    for channel in ("a", "aa", "A", "b"):
        tables.subscriptions.add(subscription(channel))
    assert tables.readers("a") == [subscription("a")]


def test_a_channel_without_readers_has_none(tables):
    assert tables.readers("a") == []


@pytest.mark.parametrize(("now", "found"), [(EXPIRY - 1, 1), (EXPIRY, 0), (EXPIRY + 1, 0)])
def test_a_subscription_is_found_until_it_expires(tables, now, found):
    tables.subscriptions.add(subscription())
    assert len(tables.readers("team-123", now)) == found


def test_readers_that_fill_more_than_a_page_come_in_pages(tables):
    for n in range(15):
        tables.subscriptions.add(subscription("lobby", f"c{n:02}", user=LARGE))
    pages = [[row.connection_id for row in page] for page in tables.subscriptions.readers("lobby", NOW)]
    assert len(pages) > 1
    assert sum(pages, []) == [f"c{n:02}" for n in range(15)]


def test_subscriptions_that_fill_more_than_a_page_come_in_pages(tables):
    for n in range(15):
        tables.subscriptions.add(subscription(f"channel-{n}", user=LARGE))
    pages = [[row.channel for row in page] for page in tables.subscriptions.pages()]
    assert len(pages) > 1
    assert sorted(sum(pages, [])) == sorted(f"channel-{n}" for n in range(15))


def test_more_subscriptions_than_a_batch_are_removed(tables):
    pairs = [("lobby", f"c{n:02}") for n in range(51)]
    for channel, connection_id in [*pairs, ("lobby", "d1")]:
        tables.subscriptions.add(subscription(channel, connection_id))
    tables.subscriptions.remove(pair for pair in pairs)
    assert tables.all_subscriptions() == {("lobby", "d1")}


def test_only_the_pair_is_removed(tables):
    for channel, connection_id in (("a", "c1"), ("a", "c2"), ("b", "c1")):
        tables.subscriptions.add(subscription(channel, connection_id))
    tables.subscriptions.remove([("a", "c1")])
    assert tables.all_subscriptions() == {("a", "c2"), ("b", "c1")}


@pytest.mark.parametrize("pairs", [[], [("a", "c1")]])
def test_removing_subscriptions_that_are_not_there_is_fine(tables, pairs):
    tables.subscriptions.remove(pairs)
    assert tables.all_subscriptions() == set()
