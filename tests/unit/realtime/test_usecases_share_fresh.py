"""One share of a large publish: readers who have just come, and who may know the event already."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.usecases.delivery import FRESH_MS
from realtime.usecases.pace import CHUNK
from realtime.usecases.parcel import Event, event_stamp
from tests.fakes import NOW, World
from tests.unit.realtime.crowd import (
    HALL,
    RETRIES,
    counted,
    crowd,
    heard,
    ids,
    joining,
    plain,
    run,
    share,
    told_after,
)
from tests.unit.realtime.scenes import pusher

MANY = ids(1_100)
CROWD = crowd(MANY)
FEW = ("a", "b", "c", "d", "e")


# Fresh ones


@pytest.mark.parametrize("after", [0, 60, 1_000])
@pytest.mark.parametrize("name", ["0", "bb", "z"])
def test_who_has_yet_to_be_told_of_the_channel_gets_it_once_it_has(name, after):
    world = crowd(FEW)
    joining(world, name)
    told_after(world, name, after)
    world.clock.advance(0)
    assert run(world, share())
    assert heard(world) == dict.fromkeys((*FEW, name), 1)


def test_who_is_never_told_is_told_of_and_given_up():
    world = crowd(FEW)
    joining(world, "f")
    assert run(world, share())
    assert (heard(world)["f"], counted(world, "Deliveries", "DeliveriesFailed")) == (0, [5, 1])
    assert world.shares.done == {"s"}


def test_who_leaves_meanwhile_is_no_failure():
    world = crowd(FEW)
    joining(world, "f")
    world.clock.at(NOW + 50, lambda: world.subscriptions.rows.pop((HALL, "f")))
    assert run(world, share())
    assert (heard(world)["f"], counted(world, "DeliveriesFailed")) == (0, [0])


def test_one_that_is_fresh_and_gone_is_forgotten():
    world = crowd(FEW)
    joining(world, "f")
    told_after(world, "f", 50)
    world.outbox.fates["f"] = "gone"
    assert run(world, share())
    assert "f" not in world.connections.rows


def test_one_that_is_fresh_and_throttled_gets_a_second_try():
    world = crowd(FEW)
    joining(world, "f")
    told_after(world, "f", 50)
    world.outbox.fates["f"] = "throttled"
    world.outbox.on_post = lambda name, frame: world.outbox.fates.pop(name, None)
    assert run(world, share())
    assert heard(world)["f"] == 1


@pytest.mark.parametrize("name", ["0", "z"])
def test_who_waited_to_be_told_and_got_it_does_not_get_it_again_with_those_that_were_not_sent(name):
    """Behind all others it is where the next run would read on."""
    world = crowd(FEW)
    joining(world, name)
    told_after(world, name, 60)
    world.outbox.fates["c"], world.outbox.unsent = "failed", {"c"}
    assert not run(world, share())
    world.outbox.fates.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys((*FEW, name), 1)


def test_who_waited_to_be_told_and_got_it_does_not_get_it_again_after_a_failure():
    world = crowd(FEW)
    joining(world, "bb", "z")
    told_after(world, "bb", 0)
    world.clock.advance(0)
    told_after(world, "z", 300)
    world.outbox.on_post = lambda name, frame: world.journal.failures.update(
        {"connections.find_all": ServiceError("BatchGetItem", "down")} if name == "e" else {}
    )
    assert not run(world, share())
    world.outbox.on_post = None
    world.journal.failures.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys((*FEW, "bb", "z"), 1)


def test_who_has_been_told_and_not_got_it_when_a_run_fails_gets_it_from_the_next():
    """Three of them are told at the same time, and the chunk ends behind the first."""
    world = crowd(MANY[: CHUNK - 1])
    names = ("0", "1", "2")
    joining(world, *names)
    for name in names:
        told_after(world, name, 40)
    world.outbox.on_post = lambda name, frame: world.journal.failures.update(
        {"quota.reserve": ServiceError("UpdateItem", "down")}
    )
    assert not run(world, share())
    assert sorted(set(names) & set(heard(world))) == ["0"]
    world.outbox.on_post = None
    world.journal.failures.clear()
    world.clock.advance(RETRIES[0])
    assert run(world, share())
    assert heard(world) == dict.fromkeys((*names, *MANY[: CHUNK - 1]), 1)


# Events that a cache channel keeps

CACHE = Channel("1", "cache-a")
KEPT = Event(CACHE, "e", "1", event_id="0123")
STAMP = event_stamp(CACHE, "0123")


def came(world: World, name: str, at: int, *saw: str) -> None:
    """A client came into the cache channel at `at` (ms) and was told; it knew these stamps by then."""
    row = pusher(name, "cache-a", saw=frozenset(saw))
    world.open(row)
    world.subscribe("cache-a", row, since=at)


def test_who_has_a_cached_event_already_does_not_get_it_again():
    world = World()
    came(world, "a", NOW, STAMP)
    came(world, "b", NOW, "another")
    assert run(world, share(event=KEPT))
    assert heard(world) == {"b": 1}


@pytest.mark.parametrize("later", [0, FRESH_MS - 1, FRESH_MS + 5_000, 200_000])
def test_however_late_a_share_is_who_came_after_the_publish_has_its_event_already(later):
    world = World()
    came(world, "before", NOW - 60_000)
    came(world, "a", NOW + 1_000, STAMP)
    world.clock.advance(1_000 + later)
    assert run(world, share(event=KEPT))
    assert heard(world) == {"before": 1}


def test_who_came_long_after_the_publish_has_its_event_already():
    """It keeps no stamp of an event that was kept for longer than a publish takes."""
    world = World()
    came(world, "a", NOW + FRESH_MS + 5_000)
    world.clock.advance(100_000)
    assert run(world, share(event=KEPT))
    assert heard(world) == {}


def test_who_came_just_before_the_publish_and_does_not_know_it_gets_it_however_late_the_share_is():
    world = World()
    came(world, "a", NOW - 1_000, "another")
    world.clock.advance(100_000)
    assert run(world, share(event=KEPT))
    assert heard(world) == {"a": 1}


def test_a_plain_client_that_subscribed_again_after_the_publish_gets_it_since_nothing_is_replayed_to_it():
    world = World()
    row = plain("a", "cache-a")
    world.open(row)
    world.subscribe("cache-a", row, since=NOW + FRESH_MS)
    world.clock.advance(100_000)
    assert run(world, share(event=KEPT))
    assert heard(world) == {"a": 1}
