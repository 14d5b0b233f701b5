"""One share of a large publish: what it books of the quota, and how it keeps to that."""

from __future__ import annotations

import pytest

from realtime.domain.errors import ServiceError
from realtime.usecases.pace import CHUNK
from tests.fakes import NOW
from tests.unit.realtime.crowd import (
    Grudging,
    busy,
    copied,
    counted,
    crowd,
    heard,
    ids,
    lambda_does,
    paced,
    run,
    share,
)

MANY = ids(1_100)
CROWD = crowd(MANY)
FEW = ("a", "b", "c", "d", "e")


def test_requests_are_booked_by_the_chunk_and_the_rest_of_the_last_is_given_back():
    world = copied(CROWD)
    run(world, share())
    assert world.quota.booked == [CHUNK, CHUNK, CHUNK, 1_100 - 3 * CHUNK]


@pytest.mark.parametrize(("rate", "chunk"), [(1, 5), (10, 50), (99, 495), (100, CHUNK), (5_000, CHUNK)])
def test_a_chunk_is_what_may_be_sent_in_five_seconds(rate, chunk):
    world = paced(copied(CROWD), requests_per_second=rate, max_age_seconds=2_000)
    run(world, share(), lambda: 2_000_000)
    assert set(world.quota.booked[:-1]) == {chunk}
    assert (sum(world.quota.booked), heard(world)) == (len(MANY), dict.fromkeys(MANY, 1))


def test_a_run_that_fails_gives_back_what_it_did_not_send():
    world = copied(CROWD, page=700)
    world.outbox.on_post = lambda name, frame: world.journal.failures.update(
        {"subscriptions.readers": ServiceError("Query", "down")}
    )
    assert not run(world, share())
    assert sum(world.quota.booked) == len(world.outbox.posts)


def test_a_rest_that_was_booked_twice_as_long_is_given_back_so():
    world = copied(CROWD)
    world.outbox.fates[MANY[10]] = "throttled"
    world.clock.at(NOW + 600, world.outbox.fates.clear)
    run(world, share())
    assert world.quota.booked == [CHUNK, 2 * CHUNK, CHUNK, 1_101 - 3 * CHUNK]


def test_a_rest_that_cannot_be_given_back_fails_nobody():
    world = crowd(FEW)
    world.quota = Grudging(world.journal)
    assert run(world, share())
    assert (world.shares.done, world.telemetry.errors["internal_error"]) == ({"s"}, 1)


@pytest.mark.parametrize("rate", [1, 10, 33, 50])
def test_at_a_low_rate_a_run_keeps_its_share_and_ends_in_time(rate):
    """The outbox keeps to the rate as well, so that a chunk takes its time."""
    names = MANY[: rate * 60]
    world = paced(crowd(names), requests_per_second=rate, max_age_seconds=1_000)
    ends_at, others = NOW + 30_000, set[bool]()
    pause = 1_000 / rate

    def take_time(*_: object) -> None:
        world.clock.advance(round(pause))
        others.add(run(world, share(), lambda: 0))

    world.outbox.on_post = take_time
    assert run(world, share(), lambda: ends_at - world.clock.time)
    assert (others, world.clock.time < ends_at, len(world.invoker.started)) == ({False}, True, 1)
    world.outbox.on_post = lambda *_: world.clock.advance(round(pause))
    lambda_does(world)
    assert heard(world) == dict.fromkeys(names, 1)


def test_a_share_keeps_to_the_quota():
    world = paced(copied(CROWD), requests_per_second=1_000)
    world.outbox.window = 64
    run(world, share())
    assert (world.outbox.pauses, counted(world, "DeliveriesDelayed")) == ([0.5, 0.5], [len(MANY) - CHUNK])


def test_who_had_to_wait_is_counted_once_though_it_is_throttled():
    world = crowd(FEW)
    busy(world, 7)
    world.outbox.fates |= dict.fromkeys(FEW, "throttled")
    run(world, share())
    assert (len(world.outbox.posts), counted(world, "DeliveriesDelayed")) == (2 * len(FEW), [len(FEW)])


def test_shares_wait_for_each_other():
    world = copied(CROWD)
    busy(world, 7)
    run(world, share())
    assert (world.outbox.pauses[0], world.clock.time) == (7.0, NOW + 7_200)


def test_no_chunk_begins_before_its_booking():
    world = paced(copied(CROWD), requests_per_second=1_000)
    times = list[int]()
    world.outbox.on_post = lambda name, frame: times.append(world.clock.time - NOW)
    run(world, share())
    assert [times[n] for n in (0, CHUNK - 1, CHUNK, 2 * CHUNK - 1, 2 * CHUNK)] == [0, 0, 500, 500, 1_000]
