"""Of several channels, several protocols, several events: who gets what, and in which order."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from realtime.domain.sockets import socket_id
from realtime.ports import Limits
from realtime.usecases.counting import tell_count
from realtime.usecases.parcel import Event
from realtime.usecases.publish import publish
from tests.fakes import NOW, World
from tests.http_caller import Caller
from tests.unit.realtime.crowd import HALL, crowd, heard, ids, lambda_does, plain
from tests.unit.realtime.scenes import pusher

FEW = ids(6, seed=5)
LIMITS = Limits(direct_readers=5, share_readers=5, max_shares=20)


def limited(world: World, limits: Limits = LIMITS) -> World:
    world.limits = limits
    return world


# Several channels


def posted(world: World, **fields: Any) -> int:
    status, _, _ = Caller(world).post("/apps/1/events", {"name": "e", "data": "1", **fields})
    return status


def several(**channels: int) -> World:
    """A world with so many readers in each channel."""
    rows = [pusher(f"{channel}{nth}", channel) for channel, count in channels.items() for nth in range(count)]
    return limited(World(*rows))


def test_of_several_channels_the_small_ones_have_it_at_once_whatever_the_others_have():
    """Else the next event for a small channel could come before this one."""
    world = several(a=5, b=6, c=5)
    assert posted(world, channels=["a", "b", "c"]) == 200
    assert sorted({name[0] for name in heard(world)}) == ["a", "c"]
    lambda_does(world)
    assert (len(heard(world)), set(heard(world).values())) == (16, {1})


def test_the_events_of_a_batch_are_bounded_each_by_itself():
    world = several(a=4, b=4)
    batch = [{"name": "e", "data": "1", "channel": name} for name in ("a", "b", "a")]
    assert Caller(world).post("/apps/1/batch_events", {"batch": batch})[0] == 200
    assert (heard(world)["a0"], heard(world)["b0"], world.invoker.started) == (2, 1, [])


def test_a_batch_reaches_each_channel_in_its_order():
    world = several(a=4, b=4)
    batch = [{"name": f"e{nth}", "data": "1", "channel": "ab"[nth % 2]} for nth in range(10)]
    Caller(world).post("/apps/1/batch_events", {"batch": batch})
    for name, events in (("a3", ["e0", "e2", "e4", "e6", "e8"]), ("b3", ["e1", "e3", "e5", "e7", "e9"])):
        assert [json.loads(frame)["event"] for frame in world.outbox.frames(name)] == events


@pytest.mark.parametrize("direct", [5, 1])
def test_a_reader_of_two_channels_gets_an_event_for_each(direct):
    world = limited(World(pusher("c", "a", "b"), pusher("d", "a", "b")), Limits(direct_readers=direct))
    posted(world, channels=["a", "b"])
    lambda_does(world)
    assert heard(world) == {"c": 2, "d": 2}
    assert Counter(json.loads(frame)["channel"] for frame in world.outbox.frames("c")) == {"a": 1, "b": 1}


@pytest.mark.parametrize("count", [3, 9])
def test_a_channel_that_is_named_twice_gets_it_once(count):
    world = several(a=count)
    posted(world, channels=["a", "a"])
    lambda_does(world)
    assert heard(world) == {f"a{nth}": 1 for nth in range(count)}


def test_a_large_channel_is_shared_out_by_ranges_also_when_others_have_had_what_is_delivered_at_once():
    world = limited(crowd(ids(60, seed=11)))
    for nth in range(5):
        world.open(pusher(f"a{nth}", "a"))
    posted(world, channels=["a", "hall"])
    assert len(world.invoker.started) > 4


def test_the_excluded_sender_hears_of_no_channel():
    world = several(a=3, b=9)
    world.open(pusher("me", "a", "b"))
    posted(world, channels=["a", "b"], socket_id=socket_id("me"))
    lambda_does(world)
    assert (heard(world)["me"], len(heard(world))) == (0, 12)


# The number of subscribers


def counting(names: list[str], limits: Limits) -> World:
    world = limited(crowd(names), limits)
    world.apps.set(subscription_count=True)
    world.open(plain("p", "hall", coalesce=200))
    return world


@pytest.mark.parametrize(("count", "limits"), [(50, Limits()), (150, Limits()), (150, Limits(direct_readers=120))])
@pytest.mark.parametrize("longest", [0, 5_000])
def test_the_number_of_subscribers_reaches_each_of_pushers_once_however_many_they_are(count, limits, longest):
    names = ids(count, seed=12)
    world = counting(names, limits._replace(coalesce_max_ms=longest))
    tell_count(HALL, world.ports)
    shared = count > limits.direct_readers
    assert (bool(world.invoker.started), bool(world.outbox.posts)) == (shared, not shared)
    lambda_does(world)
    assert heard(world) == dict.fromkeys(names, 1)
    frame = json.loads(world.outbox.frames(names[0])[0])
    data = json.loads(frame["data"])
    assert (frame["event"], data) == ("pusher_internal:subscription_count", {"subscription_count": count + 1})


def test_a_number_that_has_been_told_just_now_is_told_later():
    world = counting(ids(150, seed=12), Limits())
    tell_count(HALL, world.ports)
    tell_count(HALL, world.ports)
    assert (set(heard(world).values()), len(world.tasks.of("count"))) == ({1}, 1)
    assert world.clock.time == NOW


def test_an_event_for_nobody_in_particular_is_none():
    world = World()
    assert not any(publish(Event(HALL, "e", "1"), world.ports).deliveries)
