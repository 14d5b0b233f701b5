"""Events that wait for each other to share a frame, for those plain clients that asked for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.connections import SHORTEST_WAIT_MS, Channel
from realtime.ports import Limits
from realtime.usecases.parcel import Event
from realtime.usecases.publish import publish
from tests.fakes import NOW, World
from tests.unit.realtime.crowd import heard, ids, lambda_does, plain
from tests.unit.realtime.scenes import ROOM, pusher
from tests.unit.realtime.waiters import METERED, event, frames, names, publish_all, scene, waiting

# Who waits, and who does not


def test_where_it_is_off_it_costs_nothing_and_everybody_gets_each_event_at_once():
    world = scene(limits=Limits())
    publish_all(world, event("a"), event("b"))
    assert [names(world, name) for name in "wxpq"] == [["a", "b"]] * 4
    assert set(world.journal.calls) == {"subscriptions.readers", "outbox.post_each"}
    assert len(world.journal.calls) == 4


def test_where_nobody_asked_for_it_it_costs_nothing():
    world = scene(plain("p", "hall"), pusher("q", "hall"))
    published = publish(event(), world.ports)
    assert (world.journal.calls, published.waiting) == (["subscriptions.readers", "outbox.post_each"], 0)


def test_who_asked_for_it_gets_several_events_in_one_frame_and_the_others_each_at_once():
    world = scene()
    publish_all(world, event("a"), event("b"), event("c"))
    assert [frames(world, name) for name in "wxpq"] == [[], [], *[[["a"], ["b"], ["c"]]] * 2]
    lambda_does(world)
    assert [frames(world, name) for name in "wx"] == [[["a", "b", "c"]]] * 2
    assert world.telemetry.counts["Coalesced"] == 3


def test_the_publish_tells_how_many_let_it_wait():
    published = publish(event(), scene().ports)
    assert (published.waiting, sorted(published.deliveries.delivered)) == (2, ["p", "q"])


def test_one_event_alone_is_an_ordinary_frame():
    world = scene()
    publish(event(data='{"n":1}', user_id="u1"), world.ports)
    lambda_does(world)
    assert world.outbox.frames("w") == ['{"event":"e","channel":"hall","data":{"n":1},"userId":"u1"}']


def test_nothing_is_left_when_all_has_been_delivered():
    world = scene()
    publish_all(world, event("a"), event("b"))
    lambda_does(world)
    assert (world.buffers.is_empty, world.invoker.started) == (True, [])


def test_an_event_that_is_only_for_pushers_readers_never_waits():
    world = scene()
    assert publish(event(plain=False), world.ports).waiting == 0
    assert (world.invoker.started, world.buffers.is_empty, list(heard(world))) == ([], True, ["q"])


def test_channels_do_not_share_a_frame():
    world = scene(waiting("w", "hall", "lobby"))
    publish_all(world, event("a"), Event(Channel("1", "lobby"), "b", "1"), event("c"))
    lambda_does(world)
    assert sorted(frames(world, "w")) == [["a", "c"], ["b"]]


def test_in_a_presence_channel_events_wait_as_well():
    room = Channel("1", ROOM)
    world = scene(
        *(waiting(name, ROOM, members={ROOM: name}, user=name) for name in ("a", "b")), pusher("q", ROOM, user="C")
    )
    publish_all(world, Event(room, "1", "1"), Event(room, "2", "2"))
    assert [frames(world, name) for name in "abq"] == [[], [], [["1"], ["2"]]]
    lambda_does(world)
    assert [frames(world, name) for name in "ab"] == [[["1", "2"]]] * 2


def test_when_it_has_been_switched_off_who_asked_for_it_gets_each_event_at_once():
    world = scene(waiting("w"), limits=Limits())
    publish_all(world, event("a"), event("b"))
    assert frames(world, "w") == [["a"], ["b"]]


# The sender


def test_the_sender_gets_the_others_events_without_its_own():
    world = scene(waiting("w"), waiting("x"), waiting("y"))
    publish_all(world, event("a", "w"), event("b", "x"), event("c", "w"))
    lambda_does(world)
    assert [frames(world, name) for name in "wxy"] == [[["b"]], [["a", "c"]], [["a", "b", "c"]]]


def test_an_event_for_nobody_but_its_sender_does_not_wait():
    world = scene(waiting("w"))
    assert publish(event(sender="w"), world.ports).waiting == 0
    assert world.invoker.started == []


# How long


def flush_time(world: World) -> int:
    """After how many ms what waits is delivered."""
    lambda_does(world)
    return world.clock.time - NOW


@pytest.mark.parametrize(
    ("windows", "longest", "taken"),
    [((200,), 5_000, 200), ((200, 100, 3_000), 5_000, 100), ((200,), 150, 150), ((50, 60), 5_000, 50)],
)
def test_events_wait_as_long_as_the_most_hasty_of_those_that_wait(windows, longest, taken):
    world = scene(
        *(waiting(f"w{nth}", coalesce=window) for nth, window in enumerate(windows)),
        *(plain("p", "hall"), pusher("q", "hall")),
        limits=Limits(coalesce_max_ms=longest),
    )
    publish(event(), world.ports)
    assert flush_time(world) == taken


def test_an_event_that_finds_others_waiting_waits_no_longer_than_those():
    world = scene()
    publish(event("a"), world.ports)
    world.clock.at(NOW + 150, lambda: publish(event("b"), world.ports))
    assert (flush_time(world), frames(world, "w")) == (200, [["a", "b"]])


def test_an_event_waits_no_longer_than_asked_because_the_one_before_was_not_for_the_most_hasty():
    world = scene(waiting("w", coalesce=50), waiting("x", coalesce=3_000))
    publish_all(world, event("a", sender="w"), event("b"))
    assert (flush_time(world), frames(world, "w"), frames(world, "x")) == (50, [["b"]], [["a", "b"]])


# The size of a frame


def sized(name: str, size: int) -> Event:
    """An event whose frame has so many bytes."""
    rest = len('{"event":"","channel":"hall","data":""}') + len(name)
    return event(name, data=json.dumps("x" * (size - rest)))


def test_frames_keep_within_what_is_metered_as_one():
    world = scene(waiting("w"))
    publish_all(world, *(sized(f"e{nth}", 10_000) for nth in range(8)))
    lambda_does(world)
    assert frames(world, "w") == [["e0", "e1", "e2"], ["e3", "e4", "e5"], ["e6", "e7"]]
    assert all(len(frame.encode()) <= METERED for frame in world.outbox.frames("w"))


def test_what_is_larger_goes_by_itself_and_the_order_stays():
    world = scene(waiting("w"))
    publish_all(world, sized("a", 100), sized("b", 40_000), sized("c", 100), sized("d", 100))
    lambda_does(world)
    assert frames(world, "w") == [["a"], ["b"], ["c", "d"]]


@given(st.lists(st.tuples(st.sampled_from(["x", "é", "€", "😀", "\ud800", '"']), st.integers(0, 9_000)), max_size=9))
def test_whatever_is_in_them_frames_keep_within_the_limit_and_events_in_their_order(parts):
    world = scene(waiting("w"))
    publish_all(world, *(event(f"e{nth}", data=sign * count) for nth, (sign, count) in enumerate(parts)))
    lambda_does(world)
    assert names(world, "w") == [f"e{nth}" for nth in range(len(parts))]
    for frame in world.outbox.frames("w"):
        assert len(frame.encode()) <= METERED or "events" not in json.loads(frame)


# Many readers

SHARED = Limits(direct_readers=5, share_readers=5, coalesce_max_ms=5_000)


def test_to_a_large_channel_what_waits_is_shared_out_and_so_is_what_does_not():
    slow, quick, others = ids(10, seed=20), ids(10, seed=21), ids(10, seed=22)
    rows = [*(waiting(name) for name in slow), *(plain(name, "hall") for name in quick)]
    world = scene(*rows, *(pusher(name, "hall") for name in others), limits=SHARED)
    publish_all(world, event("a"), event("b"), event("c", slow[0]))
    assert world.outbox.posts == []
    lambda_does(world)
    assert [frames(world, name) for name in slow] == [[["a", "b"]], *[[["a", "b", "c"]]] * 9]
    assert all(sorted(frames(world, name)) == [["a"], ["b"], ["c"]] for name in (*quick, *others))


def test_in_a_large_channel_events_wait_as_long_as_makes_sense_at_all():
    world = scene(*(waiting(name) for name in ids(10)), limits=SHARED)
    publish(event(), world.ports)
    assert [job["wait"] for job in world.invoker.started if job["kind"] == "flush"] == [SHORTEST_WAIT_MS]


def test_in_a_large_channel_of_pushers_readers_everybody_gets_it_once_all_the_same():
    names = ids(10)
    world = scene(*(pusher(name, "hall") for name in names), limits=SHARED)
    publish(event(), world.ports)
    lambda_does(world)
    assert heard(world) == dict.fromkeys(names, 1)
