"""What others do between two calls of one method of `aws/tables/sharing.py`, and answers that are lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from realtime.aws.json_service import Item
from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.ports import Progress
from tests.contract.adapters import Interrupted, Kept, kept
from tests.contract.aws import account, create_tables, dynamodb, patience
from tests.fakes import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOM = Channel("1", "room")
LATE = NOW + 6_001


def _nothing() -> None:
    """Nobody comes in between."""


class Forgetful(Interrupted):
    """DynamoDB whose answer to the next call is lost, so that it is made again; `meanwhile` happens in between."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.meanwhile: Callable[[], object] | None = None

    def call(self, operation: str, body: Mapping[str, Any]) -> Item:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            super().call(operation, body)
            meanwhile()
        return super().call(operation, body)


class Two:
    """Two functions with the same table: `others` does things between the calls of `mine`."""

    def __init__(self, client: DynamoDBClient, url: str) -> None:
        self._client = client
        self._table = create_tables(client).state
        self.service = Forgetful(url)
        self.mine: Kept = kept(self.service, self._table)
        self.others: Kept = kept(dynamodb(account(url), patience()), self._table)

    def rows(self) -> list[Item]:
        found: list[Item] = self._client.scan(TableName=self._table)["Items"]
        return found

    def forget_bookings(self) -> None:
        self._client.delete_item(TableName=self._table, Key={"id": {"S": "quota"}})

    def append(self, entry: str, now: int = NOW) -> bool:
        return self.others.buffers.append(ROOM, entry, now)

    def take(self, flush: str, now: int = NOW) -> list[str] | None:
        return self.others.buffers.take(ROOM, flush, now)

    def done(self, flush: str) -> None:
        self.others.buffers.done(ROOM, flush)


@pytest.fixture
def two(dynamodb_client: DynamoDBClient, moto_url: str) -> Two:
    return Two(dynamodb_client, moto_url)


# Bookings


def test_a_booking_behind_others_is_one_call(two):
    two.others.quota.reserve(500, 5_000, NOW)
    two.mine.quota.reserve(500, 5_000, NOW)
    assert two.service.made == ["UpdateItem"]


def test_a_booking_of_its_own_is_two_calls(two):
    two.mine.quota.reserve(500, 5_000, NOW)
    assert two.service.made == ["UpdateItem"] * 2


def test_of_two_that_find_nothing_booked_one_waits_for_the_other(two):
    waits: list[int] = []
    book = ("UpdateItem", lambda: waits.append(two.others.quota.reserve(500, 5_000, NOW)))
    two.service.before = [("UpdateItem", _nothing), book]
    assert (two.mine.quota.reserve(500, 5_000, NOW), waits) == (100, [0])


def test_of_two_that_find_all_bookings_over_one_waits_for_the_other(two):
    two.others.quota.reserve(500, 5_000, NOW - 60_000)
    two.service.before = [
        ("UpdateItem", _nothing),
        ("UpdateItem", lambda: two.others.quota.reserve(500, 5_000, NOW)),
    ]
    assert two.mine.quota.reserve(500, 5_000, NOW) == 100


def test_bookings_that_come_and_go_for_ever_are_given_up(two):
    two.service.before = [
        ("UpdateItem", two.forget_bookings),
        ("UpdateItem", lambda: two.others.quota.reserve(500, 5_000, NOW)),
    ] * 5
    with pytest.raises(ServiceError, match="reserve: the row changes too often"):
        two.mine.quota.reserve(500, 5_000, NOW)


def test_a_booking_whose_answer_was_lost_is_made_again_behind_itself(two):
    two.others.quota.reserve(500, 5_000, NOW)
    two.service.meanwhile = _nothing
    assert two.mine.quota.reserve(500, 5_000, NOW) == 200


# Shares


def test_a_claim_is_one_call_and_so_are_a_note_and_the_end(two):
    two.mine.shares.claim("s", NOW, NOW + 1)
    two.mine.shares.note("s", Progress("c1"), NOW)
    two.mine.shares.finish("s", NOW)
    assert two.service.made == ["UpdateItem"] * 3


def test_a_claim_whose_answer_was_lost_is_refused_until_it_ends(two):
    two.service.meanwhile = _nothing
    with pytest.raises(ServiceError, match="claim: another run has the share"):
        two.mine.shares.claim("s", NOW, NOW + 30_000)
    assert two.mine.shares.claim("s", NOW + 130_001, NOW + 60_000) == Progress()


def test_a_share_that_is_done_is_kept_for_a_day_and_no_longer_than_it_has_to_be(two):
    two.mine.shares.claim("s", NOW, NOW + 1)
    two.mine.shares.note("s", Progress("c1", frozenset({"c0"})), NOW)
    two.mine.shares.finish("s", NOW)
    expiry = {"N": str(NOW // 1000 + 86_400)}
    assert two.rows() == [{"id": {"S": "share:s"}, "done": {"BOOL": True}, "expiresAt": expiry}]


# Buffers


def test_what_waits_and_is_taken_costs_a_call_each(two):
    two.mine.buffers.append(ROOM, "a", NOW)
    two.mine.buffers.append(ROOM, "b", NOW)
    two.mine.buffers.take(ROOM, "f", NOW)
    two.mine.buffers.done(ROOM, "f")
    assert two.service.made == ["UpdateItem"] * 3 + ["DeleteItem"]


def test_a_channel_in_which_nothing_waits_leaves_no_row(two):
    two.append("a")
    two.take("f1")
    two.append("b")
    two.done("f1")
    two.take("f2")
    two.done("f2")
    two.take("f3")
    assert two.rows() == []


def test_an_entry_whose_answer_was_lost_waits_once_and_its_publisher_is_the_first(two):
    two.service.meanwhile = _nothing
    assert two.mine.buffers.append(ROOM, "a", NOW)
    assert two.take("f") == ["a"]


def test_an_entry_whose_answer_was_lost_waits_once_where_others_do(two):
    two.append("a")
    two.service.meanwhile = lambda: two.append("a")
    assert not two.mine.buffers.append(ROOM, "b", NOW)
    assert two.take("f") == ["a", "b", "a"]


def test_an_entry_whose_answer_was_lost_is_not_added_again_while_it_is_delivered(two):
    two.service.meanwhile = lambda: two.take("f1")
    assert not two.mine.buffers.append(ROOM, "a", NOW)
    two.done("f1")
    assert two.take("f2") == []


def test_of_two_that_find_that_nobody_came_one_is_to_have_them_taken(two):
    two.append("a")
    told: list[bool] = []
    two.service.before = [
        ("UpdateItem", _nothing),
        ("UpdateItem", lambda: told.append(two.append("b", LATE))),
    ]
    assert (two.mine.buffers.append(ROOM, "c", LATE), told) == (False, [True])
    assert two.take("f") == ["a", "c", "b"]


def test_where_the_late_one_comes_after_all_nobody_else_is_told(two):
    two.append("a")
    taken: list[object] = []
    two.service.before = [("UpdateItem", _nothing), ("UpdateItem", lambda: taken.append(two.take("f", LATE)))]
    assert (two.mine.buffers.append(ROOM, "b", LATE), taken) == (False, [["a", "b"]])


def test_where_others_wait_anew_by_then_their_first_has_been_told(two):
    two.append("a")
    told: list[bool] = []

    def take_and_append() -> None:
        two.take("f", LATE)
        told.append(two.append("c", LATE))

    two.service.before = [("UpdateItem", _nothing), ("UpdateItem", take_and_append)]
    assert (two.mine.buffers.append(ROOM, "b", LATE), told) == (False, [True])


def test_a_flush_whose_answer_was_lost_has_what_it_took(two):
    two.append("a")
    two.service.meanwhile = lambda: two.append("b")
    assert two.mine.buffers.take(ROOM, "f", NOW) == ["a"]


def test_what_comes_as_a_flush_ends_waits_for_the_next(two):
    two.append("a")
    two.take("f1")
    told: list[bool] = []
    two.service.before = [("DeleteItem", lambda: told.append(two.append("b")))]
    two.mine.buffers.done(ROOM, "f1")
    assert (told, two.take("f2")) == ([True], ["b"])


def test_a_flush_that_ends_as_it_is_taken_for_dead_takes_nothing_from_the_next(two):
    two.append("a")
    two.take("f1")
    two.append("b")
    two.service.before = [("UpdateItem", lambda: two.take("f2", NOW + 130_001))]
    two.mine.buffers.done(ROOM, "f1")
    assert two.take("f2", NOW + 130_001) == ["a", "b"]


def test_an_end_whose_answer_was_lost_ends_nothing_else(two):
    two.append("a")
    two.take("f1")

    def another_round() -> None:
        two.append("b")
        two.take("f2")

    two.service.meanwhile = another_round
    two.mine.buffers.done(ROOM, "f1")
    assert two.take("f2") == ["b"]
