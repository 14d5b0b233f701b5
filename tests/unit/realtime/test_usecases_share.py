"""One share of a large publish: who gets it, and who does not."""

from __future__ import annotations

from collections import Counter

import pytest

from realtime.aws.http1 import Response
from realtime.aws.lanes import Budget, Call, Lane, Rules
from realtime.domain.ranges import Range
from realtime.domain.sockets import socket_id
from realtime.ports import Fate, Posted
from realtime.usecases.pace import CHUNK
from realtime.usecases.parcel import Parcel
from realtime.usecases.sharing import Share
from tests.fakes import NOW, FakeOutbox
from tests.unit.realtime.crowd import (
    EVENT,
    HALL,
    copied,
    counted,
    crowd,
    heard,
    ids,
    paced,
    plain,
    run,
    share,
)
from tests.unit.realtime.scenes import pusher

MANY = ids(1_100)
CROWD = crowd(MANY)
FEW = ("a", "b", "c", "d", "e")


# Who gets it


def test_every_reader_of_the_range_and_nobody_else_gets_it_once():
    world = crowd(FEW)
    world.open(pusher("c1", "other"))
    world.open(pusher("c2", "hall", app_id="2"))
    assert run(world, share(Range("b", "d")))
    assert heard(world) == dict.fromkeys("bcd", 1)


@pytest.mark.parametrize("window", [1, 64])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("page", [7, 500, 1_000])
def test_of_many_each_gets_it_once(window, newest_first, page):
    world = copied(CROWD, page)
    world.outbox.window, world.outbox.newest_first = window, newest_first
    assert run(world, share())
    assert heard(world) == dict.fromkeys(MANY, 1)
    assert counted(world, "Deliveries", "DeliveriesFailed", "DeliveriesShed", "DeliveriesDelayed") == [
        1_100,
        0,
        0,
        1_100 - CHUNK,
    ]


def test_each_gets_the_frame_of_its_protocol():
    world = crowd("a")
    world.open(plain("b", "hall"))
    run(world, share())
    assert world.outbox.arrived == [
        ("a", '{"event":"e","channel":"hall","data":"1"}'),
        ("b", '{"event":"e","channel":"hall","data":1}'),
    ]


def test_the_sender_does_not_get_it():
    world = crowd(FEW)
    run(world, share(event=EVENT._replace(exclude=socket_id("c"))))
    assert sorted(heard(world)) == ["a", "b", "d", "e"]


def test_what_is_only_for_pushers_readers_reaches_no_plain_one():
    world = crowd("a")
    world.open(plain("b", "hall"))
    run(world, share(event=EVENT._replace(plain=False)))
    assert sorted(heard(world)) == ["a"]


def test_an_empty_range_is_done_at_once():
    world = crowd(FEW)
    assert run(world, share(Range("x", "y")))
    assert (world.outbox.posts, world.shares.done, world.quota.booked) == ([], {"s"}, [])


@pytest.mark.parametrize("coalesced", [True, False])
def test_a_share_is_for_those_who_let_events_wait_or_for_the_others(coalesced):
    world = crowd(())
    world.open(plain("a", "hall", coalesce=200))
    world.open(plain("b", "hall"))
    run(world, Share("s", Parcel(HALL, [EVENT], coalesced), Range(), NOW))
    assert list(heard(world)) == (["a"] if coalesced else ["b"])


def test_who_is_gone_is_forgotten():
    world = crowd(FEW)
    world.outbox.fates["b"] = "gone"
    assert run(world, share())
    assert ("b" in world.connections.rows, (HALL, "b") in world.subscriptions.rows) == (False, False)
    assert counted(world, "Deliveries", "DeliveriesFailed", "Gone") == [4, 0, 1]


def test_a_failure_that_the_client_may_have_heard_is_told_and_not_tried_again():
    world = crowd(FEW)
    world.outbox.fates["b"], world.outbox.reasons["b"] = "failed", "HTTP 413"
    assert run(world, share())
    assert (Counter(name for name, _ in world.outbox.posts)["b"], world.shares.done) == (1, {"s"})
    line = {"channel": "hall", "throttled": [], "failed": ["b"], "reasons": {"HTTP 413": 1}}
    assert world.telemetry.lines == [("ERROR", "deliveries failed", line)]


class Answered(FakeOutbox):
    """API Gateway answers with this status to all that have a fate of their own."""

    status = 413

    def _posted(self, name: str, fate: Fate) -> Posted:
        if fate == "delivered":
            return Posted(name, fate)
        rules = Rules(1, float("inf"), lambda: 0.0, float)
        lane = Lane(Call(None, rules, Budget()), name, "")  # type: ignore[arg-type]
        lane.settle(Response(self.status, {}))
        return lane.posted()


@pytest.mark.parametrize("status", [403, 404, 413, 500])
def test_what_api_gateway_answered_is_told_and_not_tried_again_however_many_they_are(status):
    """Tried again it would fail as well: the share would never be done."""
    world = copied(CROWD)
    world.outbox = Answered(world.journal, world.clock)
    world.outbox.status = status
    world.outbox.fates |= dict.fromkeys(MANY[:300], "failed")
    assert run(world, share())
    assert (Counter(name for name, _ in world.outbox.posts), world.shares.done) == (dict.fromkeys(MANY, 1), {"s"})
    assert counted(world, "Deliveries", "DeliveriesFailed") == [800, 300]
    (line,) = world.telemetry.lines
    assert line[2]["reasons"] == {f"HTTP {status}": 300}


# Throttled ones


def test_a_throttled_reader_gets_a_second_try_after_a_pause():
    world = crowd(FEW)
    world.outbox.fates["b"] = "throttled"
    world.clock.at(NOW + 500, lambda: world.outbox.fates.clear())
    assert run(world, share())
    assert heard(world) == dict.fromkeys(FEW, 1)
    assert (world.outbox.pauses, counted(world, "DeliveriesFailed")) == ([1.0], [0])


def test_who_is_throttled_twice_is_told_and_given_up():
    world = crowd(FEW)
    world.outbox.fates["b"] = "throttled"
    assert run(world, share())
    assert (Counter(name for name, _ in world.outbox.posts)["b"], world.shares.done) == (2, {"s"})
    assert counted(world, "Deliveries", "DeliveriesFailed") == [4, 1]


def test_second_tries_keep_to_the_quota():
    world = paced(copied(CROWD), requests_per_second=1_000)
    world.outbox.fates |= dict.fromkeys(MANY, "throttled")
    run(world, share())
    assert len(world.outbox.posts) <= sum(world.quota.booked)


def test_after_requests_were_refused_ours_are_half_as_fast():
    world = paced(copied(CROWD), requests_per_second=1_000)
    world.outbox.fates[MANY[10]] = "throttled"
    world.clock.at(NOW + 600, lambda: world.outbox.fates.clear())
    run(world, share())
    assert world.quota.booked[:3] == [CHUNK, 2 * CHUNK, CHUNK]


def test_who_was_throttled_is_tried_again_before_there_are_too_many_to_note():
    world = copied(CROWD)
    world.outbox.fates |= dict.fromkeys(MANY, "throttled")
    world.clock.at(NOW + 500, lambda: world.outbox.fates.clear())
    run(world, share())
    assert heard(world) == dict.fromkeys(MANY, 1)
    assert max(len(progress.open) for progress in world.shares.noted["s"]) < 3 * CHUNK
