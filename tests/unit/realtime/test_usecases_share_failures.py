"""A share that fails, dies or comes twice, at any of its port calls: who is missed, and who gets the event twice.

Nobody is missed. Nobody gets it twice unless a run died, and then at most those who were tried since its last note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from realtime.domain.errors import ServiceError
from realtime.domain.ranges import EVERY, split
from realtime.ports import Limits, Posted
from realtime.usecases.pace import CHUNK
from realtime.usecases.share import deliver_share
from tests.fakes import NOW, FakeOutbox, World
from tests.unit.realtime.crowd import (
    MINUTES,
    RETRIES,
    LateOutbox,
    Steps,
    copied,
    crowd,
    dying,
    failing,
    heard,
    ids,
    joining,
    lambda_does,
    run,
    share,
    told,
)
from tests.unit.realtime.trouble import (
    CROWD,
    GONE,
    LIVE,
    NAMES,
    WINDOW,
    again,
    disturbed,
    missed,
    scene,
    twice,
)


def test_without_a_disturbance_all_get_it_once():
    world = scene()
    assert not run(world, share())
    again(world)
    assert (missed(world), twice(world), world.shares.done) == ([], [], {"s"})
    assert GONE not in world.connections.rows


def test_a_call_that_fails_once_has_nobody_missed_and_nobody_twice():
    for world, where in disturbed(lambda _: failing()):
        if "s" not in world.shares.done:
            again(world)
        assert missed(world) == [], where
        # Nobody can do better whose failure cannot be noted: to Lambda it has died.
        assert len(twice(world)) <= (CHUNK + WINDOW if where == "last" else 0), where


@pytest.mark.parametrize("name", ["subscriptions.readers", "connections.find_all", "subscriptions.existing"])
@pytest.mark.parametrize("after", [3, 300, 610])
def test_reads_that_fail_from_some_time_on_have_nobody_missed_and_nobody_twice(name, after):
    world = scene()

    def fail_later(*_: object) -> None:
        if len(world.outbox.posts) == after:
            world.journal.failures[name] = ServiceError("Query", "down")

    world.outbox.on_post = fail_later
    run(world, share())
    world.outbox.on_post = None
    world.journal.failures.clear()
    again(world)
    assert (missed(world), twice(world)) == ([], [])


@pytest.mark.parametrize("name", ["quota.reserve", "shares.note"])
def test_a_run_that_can_book_or_note_no_more_repeats_no_more_than_one_that_died(name):
    for after in (0, 1, CHUNK - 1, CHUNK, 610):
        world = scene()
        world.outbox.on_post = lambda *_, world=world, after=after: (
            world.journal.failures.update({name: ServiceError("UpdateItem", "down")})
            if len(world.outbox.posts) > after
            else None
        )
        if after == 0:
            world.journal.failures[name] = ServiceError("UpdateItem", "down")
        run(world, share())
        world.outbox.on_post = None
        world.journal.failures.clear()
        again(world)
        most = 0 if name == "quota.reserve" else CHUNK + WINDOW
        assert (missed(world), len(twice(world)) <= most) == ([], True), after


def test_who_has_it_does_not_get_it_again_when_only_the_end_cannot_be_noted():
    world = copied(CROWD)
    world.journal.failures["shares.finish"] = ServiceError("UpdateItem", "down")
    world.invoker.started.append(share().job())
    lambda_does(world)
    assert heard(world) == dict.fromkeys(NAMES, 1)
    assert world.telemetry.errors["internal_error"] == 1


@pytest.mark.parametrize("outbox", [FakeOutbox, LateOutbox])
def test_a_run_that_dies_at_any_call_has_nobody_missed_and_few_twice(outbox):
    for world, where in disturbed(lambda _: dying(), outbox):
        if "s" not in world.shares.done:
            again(world)
        assert missed(world) == [], where
        assert len(twice(world)) <= CHUNK + WINDOW, where


@pytest.mark.parametrize(("outbox", "newest_first"), [(FakeOutbox, False), (FakeOutbox, True), (LateOutbox, False)])
def test_a_run_that_dies_at_any_post_has_nobody_missed_and_few_twice(outbox, newest_first):
    total = len(LIVE) + 10
    for after in sorted({1, 2, CHUNK, CHUNK + 1, total - 9, total - 8, *Random(4).sample(range(total), 4)}):
        world = scene(outbox)
        world.outbox.newest_first = newest_first
        world.outbox.on_post = lambda *_, world=world, after=after: (
            dying() if len(world.outbox.posts) == after else None
        )
        run(world, share())
        world.outbox.on_post = None
        again(world)
        assert missed(world) == [], after
        assert len(twice(world)) <= CHUNK + WINDOW, after


def test_many_throttled_ones_make_a_run_that_dies_no_worse():
    world = copied(CROWD)
    world.outbox.window = WINDOW
    world.outbox.fates |= dict.fromkeys(NAMES, "throttled")
    world.clock.at(NOW + 900, world.outbox.fates.clear)
    world.outbox.on_post = lambda *_: dying() if len(world.outbox.arrived) == 580 else None
    assert not run(world, share())
    world.outbox.on_post = None
    again(world)
    assert set(heard(world)) == set(NAMES)
    assert len(twice(world)) <= CHUNK + WINDOW


def test_a_run_that_dies_twice_has_nobody_missed():
    for first in (2, 7, 12, 16):
        for second in (2, 6, 11):
            world = scene()
            for at in (first, second):
                world.journal.calls = Steps(at, dying)
                run(world, share())
                world.clock.advance(RETRIES[0])
            world.journal.calls = []
            if "s" not in world.shares.done:
                again(world)
            assert missed(world) == [], (first, second)
            assert len(twice(world)) <= 2 * (CHUNK + WINDOW)


@pytest.mark.parametrize("ends", [dying, failing])
def test_what_was_left_to_a_second_run_is_left_to_a_third_if_that_ends_at_any_call(ends):
    names, at = ids(40, seed=3), 0
    while True:
        at += 1
        world = crowd(names)
        joining(world, "0")
        world.outbox.fates |= dict.fromkeys(names[10:30], "failed")
        world.outbox.unsent = set(names[10:30])
        assert not run(world, share())
        told(world, "0")
        world.outbox.fates.clear()
        world.clock.advance(RETRIES[0])
        world.journal.calls = steps = Steps(at, ends)
        has_worked = run(world, share())
        world.journal.calls = []
        if not steps.has_come:
            break
        if not has_worked:
            again(world)
        assert set(names) <= set(heard(world)), steps[-1]
        assert ends is dying or max(heard(world).values()) == 1, steps[-1]
    assert at > 6


def test_the_same_share_started_at_any_time_of_a_run_is_refused():
    refused = list[bool]()

    def starts_again(world: World) -> None:
        with pytest.raises(ServiceError):
            deliver_share(share(), world.ports, lambda: MINUTES)
        refused.append(True)

    for world, where in disturbed(lambda world: None if len(world.journal.calls) == 1 else starts_again(world)):
        again(world)
        assert (missed(world), twice(world)) == ([], []), where
    assert len(refused) > 15


def test_of_two_that_are_started_at_once_the_first_to_claim_delivers():
    world = scene()
    world.journal.calls = Steps(1, lambda: run(world, share()))
    run(world, share())
    world.journal.calls = []
    again(world)
    assert (missed(world), twice(world)) == ([], [])


def test_a_share_that_is_started_again_when_it_is_done_does_nothing():
    world = crowd(NAMES[:5])
    assert [run(world, share()) for _ in range(3)] == [True] * 3
    assert heard(world) == dict.fromkeys(NAMES[:5], 1)


def test_a_share_that_waits_is_not_taken_by_another_run_meanwhile():
    world = copied(CROWD)
    world.limits = Limits(requests_per_second=10)
    outcomes = list[bool]()
    for seconds in (10, 20, 30, 45):
        world.clock.at(NOW + seconds * 1_000, lambda: outcomes.append(run(world, share())))
    assert run(world, share())
    assert (outcomes, heard(world)) == ([False] * 4, dict.fromkeys(NAMES, 1))


def test_what_is_handed_over_and_tried_again_by_lambda_as_well_is_delivered_once():
    """The run that hands over dies behind that: Lambda tries it again, beside the one that it started."""
    world = copied(CROWD)
    world.limits = Limits(requests_per_second=50)
    world.outbox.fates[NAMES[3]] = "gone"
    ends_at = NOW + 24_000
    world.journal.failures["connections.remove"] = ServiceError("DeleteItem", "down")
    assert run(world, share(), lambda: ends_at - world.clock.time)
    world.invoker.started *= 2
    world.journal.failures.clear()
    lambda_does(world)
    assert heard(world) == dict.fromkeys([name for name in NAMES if name != NAMES[3]], 1)


class _Broken(FakeOutbox):
    """Fails as a whole in the middle of a stream."""

    def _stream(self, frames: object) -> Iterator[Posted]:
        for nth, posted in enumerate(super()._stream(frames)):  # type: ignore[arg-type]
            yield posted
            if nth == 550:
                raise ServiceError("PostToConnection", "down")


def test_an_outbox_that_fails_as_a_whole_has_nobody_missed_and_only_those_in_flight_twice():
    world = copied(CROWD)
    world.outbox = _Broken(world.journal, world.clock)
    world.outbox.window = WINDOW
    assert not run(world, share())
    before = heard(world)
    world.outbox = FakeOutbox(world.journal, world.clock)
    again(world)
    both = heard(world) + before
    assert (set(both), sum(both.values()) - len(both) <= WINDOW) == (set(NAMES), True)


@pytest.mark.parametrize("seed", range(4))
def test_shares_whose_runs_fail_and_die_at_random_reach_everybody(seed):
    random = Random(seed)
    world = copied(CROWD, page=random.choice([7, 300, 1_000]))
    world.outbox = random.choice([FakeOutbox, LateOutbox])(world.journal, world.clock)
    world.outbox.window = random.randrange(1, 200)
    deaths = 0
    for number, within in enumerate(split(NAMES[0], NAMES[-1], 3)):
        for _ in range(3):
            happens: Callable[[], object] = random.choice([dying, failing])
            deaths += happens is dying
            world.journal.calls = Steps(random.randrange(1, 16), happens)
            run(world, share(within, name=f"s{number}"))
            world.clock.advance(30_500)
        world.journal.calls = []
        assert run(world, share(within, name=f"s{number}"))
    assert set(heard(world)) == set(NAMES)
    assert sum(heard(world).values()) - len(NAMES) <= deaths * (CHUNK + 200)


def test_shares_of_all_ranges_together_reach_everybody_once():
    world = copied(CROWD)
    for number, within in enumerate(split(NAMES[0], NAMES[-1], 7)):
        assert run(world, share(within, name=f"s{number}"))
    assert heard(world) == dict.fromkeys(NAMES, 1)
    assert EVERY.after(NAMES[-1]).first > NAMES[-1]
