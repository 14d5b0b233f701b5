"""One share of a large publish: when it gives up, hands over, or is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from realtime.domain.errors import ServiceError
from realtime.usecases.pace import CHUNK
from realtime.usecases.share import deliver_share
from tests.fakes import NOW, World
from tests.unit.realtime.crowd import (
    HALL,
    MINUTES,
    RETRIES,
    Grudging,
    LateOutbox,
    busy,
    copied,
    counted,
    crowd,
    heard,
    ids,
    joining,
    lambda_does,
    paced,
    run,
    share,
    told_after,
)

MANY = ids(1_100)
CROWD = crowd(MANY)
FEW = ("a", "b", "c", "d", "e")


# Too late


@pytest.mark.parametrize(("waits", "gets"), [(19, 5), (20, 5), (21, 0)])
def test_what_cannot_begin_in_time_is_shed(waits, gets):
    world = paced(crowd(FEW), max_age_seconds=20)
    busy(world, waits)
    assert run(world, share())
    assert (len(heard(world)), counted(world, "DeliveriesShed")) == (gets, [5 - gets])
    assert world.shares.done == {"s"}


def test_the_rest_is_shed_when_it_gets_too_late_on_the_way():
    world = paced(copied(CROWD), requests_per_second=250, max_age_seconds=3)
    assert run(world, share())
    assert counted(world, "Deliveries", "DeliveriesShed", "DeliveriesDelayed") == [2 * CHUNK, 100, CHUNK]


def test_shed_ones_are_told_with_the_channel_and_their_number():
    world = paced(crowd(FEW), max_age_seconds=20)
    busy(world, 30)
    run(world, share())
    assert world.telemetry.lines == [("ERROR", "deliveries shed", {"channel": "hall", "share": "s", "readers": 5})]


@pytest.mark.parametrize("second_tries", [10, CHUNK + 50])
def test_who_is_shed_when_its_second_try_comes_too_late_is_counted_once(second_tries):
    """Second tries come among the rest if they are many."""
    world = paced(copied(CROWD, page=600), requests_per_second=250, max_age_seconds=5)
    world.outbox.fates |= dict.fromkeys(MANY[:second_tries], "throttled")

    def get_late(name: str, _: str) -> None:
        if name == MANY[second_tries]:
            world.clock.advance(30_000)

    world.outbox.on_post = get_late
    run(world, share())
    delivered, failed, shed = counted(world, "Deliveries", "DeliveriesFailed", "DeliveriesShed")
    assert (delivered + failed + shed, shed > 0) == (len(MANY), True)


def test_who_waits_to_be_told_is_shed_too():
    world = paced(crowd(FEW), max_age_seconds=20)
    joining(world, "0", "z")
    busy(world, 30)
    run(world, share())
    assert (heard(world), counted(world, "DeliveriesShed", "DeliveriesFailed")) == ({}, [7, 0])


def test_who_was_shed_is_shed_once_even_if_others_have_to_be_tried_again():
    world = paced(copied(CROWD), requests_per_second=250, max_age_seconds=3)
    name = MANY[0]
    world.outbox.fates[name], world.outbox.unsent = "failed", {name}
    assert not run(world, share())
    world.outbox.fates.clear()
    world.clock.advance(RETRIES[0])
    run(world, share())
    assert max(heard(world).values()) == 1
    assert sum(heard(world).values()) + counted(world, "DeliveriesShed")[0] == len(MANY)


@pytest.mark.parametrize("remaining", [MINUTES, 14_000])
def test_what_is_shed_or_handed_over_takes_nothing_of_the_quota(remaining):
    world = paced(crowd(FEW), max_age_seconds=20)
    busy(world, 30 if remaining == MINUTES else 15)
    for nth in range(5):
        run(world, share(name=f"s{nth}"), lambda: remaining)
    assert sum(world.quota.booked) == 0


def test_when_too_much_is_published_as_much_as_the_quota_allows_gets_through():
    """Twenty small shares a second, of which each books a chunk: twice what there is."""
    world = paced(crowd(FEW), max_age_seconds=2)
    for nth in range(200):
        world.clock.time = NOW + nth * 50
        published = share(name=f"s{nth}", at=world.clock.time)
        run(world, published)
        world.clock.time = NOW + nth * 50
    assert counted(world, "Deliveries")[0] > 5 * (10 * 10 - 10)


# Short of time


def clockwork(world: World, milliseconds: int) -> Callable[[], int]:
    ends_at = world.clock.time + milliseconds
    return lambda: ends_at - world.clock.time


def test_a_run_without_time_hands_over_and_nobody_is_missed_or_gets_it_twice():
    world = paced(copied(CROWD), requests_per_second=50)
    world.outbox.window = 64
    assert run(world, share(), clockwork(world, 24_000))
    # Chunks of five seconds, and a margin of fifteen.
    assert (sum(heard(world).values()), len(world.invoker.started)) == (2 * 250, 1)
    assert world.invoker.started == [share().job()]
    lambda_does(world)
    assert heard(world) == dict.fromkeys(MANY, 1)
    assert world.shares.done == {"s"}


def test_a_run_whose_time_is_too_short_from_the_start_hands_over():
    world = crowd(FEW)
    assert run(world, share(), lambda: 14_000)
    assert (world.outbox.posts, world.invoker.started) == ([], [share().job()])


def test_what_was_throttled_or_not_told_before_a_hand_over_is_tried_by_the_next_run():
    world = paced(copied(CROWD), requests_per_second=50)
    before, behind = "-", f"{MANY[800]}0"
    joining(world, before, behind)
    told_after(world, before, 5_000)
    told_after(world, behind, 5_000)
    world.outbox.fates[MANY[3]] = "throttled"
    world.outbox.fates[MANY[4]], world.outbox.unsent = "failed", {MANY[4]}
    assert run(world, share(), clockwork(world, 24_000))
    world.outbox.fates.clear()
    lambda_does(world)
    assert heard(world) == dict.fromkeys((before, behind, *MANY), 1)


def test_a_hand_over_that_cannot_be_started_is_a_failure_and_tried_again():
    world = paced(copied(CROWD), requests_per_second=50)
    world.journal.failures["invoker.start"] = ServiceError("Invoke", "down")
    with pytest.raises(ServiceError):
        deliver_share(share(), world.ports, clockwork(world, 24_000))
    world.journal.failures.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys(MANY, 1)


def test_a_run_that_is_short_of_time_and_fails_is_tried_again_and_hands_over_to_nobody():
    world = paced(copied(CROWD), requests_per_second=50)
    world.quota = Grudging(world.journal)
    assert not run(world, share(), clockwork(world, 24_000))
    assert world.invoker.started == []


def test_a_share_that_waits_for_the_quota_does_not_hand_over_time_and_again():
    """A wait that is longer than a run can be is no reason to start one run after the other."""
    world = paced(crowd(FEW))
    busy(world, 290)
    world.invoker.started.append(share().job())
    assert world.deliver(lambda: MINUTES) < 5


# Out of reach


def unsent(world: World, *names: str) -> None:
    world.outbox.fates |= dict.fromkeys(names, "failed")
    world.outbox.unsent |= set(names)


def test_what_never_left_is_tried_again_and_nobody_gets_it_twice():
    world = copied(CROWD)
    unsent(world, *MANY[10:40])
    assert not run(world, share())
    world.outbox.fates.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys(MANY, 1)


@pytest.mark.parametrize("late", [False, True])
def test_when_nothing_leaves_the_rest_is_not_tried(late):
    world = copied(CROWD)
    if late:
        world.outbox = LateOutbox(world.journal, world.clock)
    world.outbox.window = 64
    unsent(world, *MANY)
    assert not run(world, share())
    assert len(world.outbox.posts) < 200
    world.outbox.fates.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys(MANY, 1)


def test_who_left_or_is_gone_meanwhile_is_not_tried_again():
    world = crowd(FEW)
    unsent(world, "b", "c", "d")
    assert not run(world, share())
    world.outbox.fates.clear()
    del world.subscriptions.rows[HALL, "b"]
    del world.connections.rows["c"]
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert sorted(heard(world)) == ["a", "d", "e"]
