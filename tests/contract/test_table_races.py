"""What others do between two calls of one method of the adapters. Most methods are one call and need no such test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.domain.connections import CONNECTION_LIFETIME_SECONDS, Channel, Presence, Reader
from realtime.domain.errors import ServiceError
from realtime.ports import Occupancy, Tables
from tests.contract.adapters import Interrupted, adapters
from tests.contract.aws import account, create_tables, dynamodb, patience
from tests.fakes import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOM = Channel("1", "room")
LONG_AGO = NOW - CONNECTION_LIFETIME_SECONDS * 1000
TAB1, TAB2 = Reader("c1", "pusher", 0, "ana"), Reader("c2", "pusher", 0, "ana")


class Two:
    """Two functions with the same tables: `others` does things between the calls of `mine`."""

    def __init__(self, client: DynamoDBClient, url: str) -> None:
        names = create_tables(client)
        self.service = Interrupted(url)
        self.mine: Tables = adapters(self.service, names)
        self.others: Tables = adapters(dynamodb(account(url), patience()), names)

    def occupancies(self) -> list[Occupancy]:
        return [row for page in self.others.channels.pages() for row in page]

    def members(self) -> list[Presence]:
        return [row for page in self.others.members.pages() for row in page]


@pytest.fixture
def two(dynamodb_client: DynamoDBClient, moto_url: str) -> Two:
    return Two(dynamodb_client, moto_url)


def test_a_channel_that_stands_costs_one_read(two):
    two.others.channels.occupy(ROOM)
    two.mine.channels.occupy(ROOM)
    assert two.service.made == ["GetItem"]


def test_of_two_that_find_no_row_one_has_made_the_channel(two):
    two.service.before = [("UpdateItem", lambda: two.others.channels.occupy(ROOM))]
    assert not two.mine.channels.occupy(ROOM)
    assert two.occupancies() == [Occupancy(ROOM)]


def test_a_channel_that_vacates_after_it_was_made_by_another_stays(two):
    def made_and_vacating() -> None:
        two.others.channels.occupy(ROOM)
        two.others.channels.vacate(ROOM, "t1")

    two.service.before = [("UpdateItem", made_and_vacating)]
    assert not two.mine.channels.occupy(ROOM)
    assert not two.others.channels.vacated(ROOM, "t1")


def test_a_channel_whose_vacancy_ended_first_is_new(two):
    two.others.channels.occupy(ROOM)
    two.others.channels.vacate(ROOM, "t1")
    ended: list[bool] = []
    two.service.before = [("UpdateItem", lambda: ended.append(two.others.channels.vacated(ROOM, "t1")))]
    assert (two.mine.channels.occupy(ROOM), ended) == (True, [True])
    assert two.occupancies() == [Occupancy(ROOM)]


def test_of_two_that_end_a_vacancy_none_has_made_the_channel(two):
    two.others.channels.occupy(ROOM)
    two.others.channels.vacate(ROOM, "t1")
    two.service.before = [("UpdateItem", lambda: two.others.channels.occupy(ROOM))]
    assert not two.mine.channels.occupy(ROOM)


def test_coming_is_one_write(two):
    two.mine.members.join(ROOM, "ana", "{}", TAB1, NOW)
    assert two.service.made == ["UpdateItem"]


def test_of_two_that_find_a_row_expired_one_writes_it_anew_and_the_other_joins_it(two):
    two.others.members.join(ROOM, "ana", "old", TAB1, LONG_AGO)

    def other_is_faster() -> None:
        two.service.before = [("UpdateItem", lambda: two.others.members.join(ROOM, "ana", "new", TAB2, NOW))]

    two.service.before = [("UpdateItem", other_is_faster)]
    before = two.mine.members.join(ROOM, "ana", "mine", TAB1, NOW + 1)
    assert (before.is_in, before.joined_at, before.member) == (True, NOW, "new")
    (row,) = two.members()
    assert [reader.connection_id for reader in row.connections] == ["c1", "c2"]


def test_an_expired_row_that_ttl_collects_meanwhile_is_no_hindrance(two):
    two.others.members.join(ROOM, "ana", "old", TAB1, LONG_AGO)
    two.others.members.leave(ROOM, "ana", TAB1)
    two.others.members.claim_out(ROOM, "ana", LONG_AGO, LONG_AGO)

    def collected() -> None:
        two.service.before = [("UpdateItem", lambda: two.others.members.vanish(ROOM, "ana", LONG_AGO))]

    two.service.before = [("UpdateItem", collected)]
    assert two.mine.members.join(ROOM, "ana", "mine", TAB1, NOW) is None
    assert [(row.joined_at, row.member) for row in two.members()] == [(NOW, "mine")]


def test_a_row_that_is_never_the_same_twice_is_given_up(two):
    def expire() -> None:
        two.others.members.join(ROOM, "ana", "{}", TAB1, LONG_AGO)
        two.service.before = [("UpdateItem", renew)]

    def renew() -> None:
        two.others.members.vanish(ROOM, "ana", LONG_AGO)
        two.others.members.leave(ROOM, "ana", TAB1)
        two.others.members.claim_out(ROOM, "ana", LONG_AGO, LONG_AGO)
        two.others.members.settle_out(ROOM, "ana", LONG_AGO, keep=False)
        two.service.before = [("UpdateItem", expire)]

    two.service.before = [("UpdateItem", expire)]
    with pytest.raises(ServiceError, match="the row changes too often"):
        two.mine.members.join(ROOM, "ana", "mine", TAB2, NOW)
