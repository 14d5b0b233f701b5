"""Posting to readers, each after its client has been told that it is in."""

from __future__ import annotations

from realtime.domain.connections import Channel, Reader, server_to_user
from realtime.ports import Entry
from realtime.usecases.delivery import FRESH_MS, Frames, deliver
from tests.fakes import NOW, World, connection
from tests.unit.realtime.scenes import pusher

LOBBY = Channel("1", "lobby")
FRAMES = Frames({"pusher": "p", "plain": "q"}, "stamp")
OLD = NOW - FRESH_MS


def reader(name: str, since: int = NOW, protocol: str = "pusher") -> Reader:
    return Reader(name, protocol, since)


def coming(*names: str) -> World:
    """Clients that have not been told yet that they are in the lobby."""
    world = World(*(pusher(name) for name in names))
    for name in names:
        world.subscribe("lobby", world.connections.rows[name])
    return world


def test_each_gets_the_frame_of_its_protocol_and_who_speaks_another_none():
    world = World()
    readers = [reader("c1", OLD), reader("c2", OLD, "plain"), reader("c3", OLD, "other")]
    assert deliver(LOBBY, readers, FRAMES, world.ports).delivered == ["c1", "c2"]
    assert world.outbox.posts == [("c1", "p"), ("c2", "q")]


def test_of_old_readers_no_row_is_read():
    world = World()
    deliver(LOBBY, [reader("c1", OLD)], FRAMES, world.ports)
    assert world.journal.calls == ["outbox.post_each"]


def test_a_fresh_reader_that_has_been_told_gets_it_at_once():
    world = World(pusher("c1", "lobby"))
    deliver(LOBBY, [reader("c1", OLD + 1)], FRAMES, world.ports)
    assert (world.outbox.frames("c1"), world.clock.slept) == (["p"], [])


def test_a_fresh_reader_that_has_not_been_told_gets_it_once_it_has():
    world = coming("c1")
    world.clock.at(NOW + 100, lambda: world.connections.join("c1", Entry("lobby"), NOW))
    result = deliver(LOBBY, [reader("c1"), reader("c2", OLD)], FRAMES, world.ports)
    assert (result.delivered, world.outbox.posts) == (["c2", "c1"], [("c2", "p"), ("c1", "p")])
    assert world.clock.time == NOW + 150


def test_a_fresh_reader_that_is_never_told_is_given_up_in_two_seconds_and_counted():
    world = coming("c1")
    assert deliver(LOBBY, [reader("c1")], FRAMES, world.ports).failed == ["c1"]
    assert (round(sum(world.clock.slept), 3), world.telemetry.counts["DeliveriesFailed"]) == (2, 1)


def test_a_fresh_reader_that_has_left_meanwhile_is_no_failure():
    world = World(pusher("c1"))
    result = deliver(LOBBY, [reader("c1")], FRAMES, world.ports)
    assert (any(result), world.outbox.posts, world.telemetry.lines) == (False, [], [])
    assert sum(world.clock.slept) < 0.2


def test_a_fresh_reader_whose_row_is_gone_is_left_out():
    world = World()
    result = deliver(LOBBY, [reader("c1")], FRAMES, world.ports)
    assert (any(result), world.outbox.posts, world.clock.slept) == (False, [], [])


def test_who_saw_the_stamp_does_not_get_it_again():
    world = World(pusher("c1", "lobby", saw=frozenset({"stamp"})), pusher("c2", "lobby", saw=frozenset({"another"})))
    deliver(LOBBY, [reader("c1"), reader("c2")], FRAMES, world.ports)
    assert world.outbox.posts == [("c2", "p")]


def test_some_frames_are_only_for_those_who_saw_another_stamp():
    world = World(pusher("c1", "lobby", saw=frozenset({"before"})), pusher("c2", "lobby"))
    readers = [reader("c1"), reader("c2"), reader("c3", OLD)]
    deliver(LOBBY, readers, FRAMES._replace(after="before"), world.ports)
    assert world.outbox.posts == [("c1", "p")]


def test_some_get_it_whatever_they_saw():
    world = World(pusher("c1", "lobby", saw=frozenset({"stamp"})))
    deliver(LOBBY, [reader("c1")], FRAMES._replace(even_to=["c1"]), world.ports)
    assert world.outbox.posts == [("c1", "p")]


def test_a_users_events_reach_who_has_signed_in():
    world = World(pusher("c1", user_data='{"id":"A"}'), pusher("c2"))
    result = deliver(server_to_user("1", "A"), [reader("c1"), reader("c2")], FRAMES, world.ports)
    assert (result.delivered, result.failed) == (["c1"], [])


def test_a_time_limit_ends_all_of_it():
    world = coming("c1", "c2")
    world.clock.at(NOW + 200, lambda: world.connections.join("c2", Entry("lobby"), NOW))
    result = deliver(LOBBY, [reader("c1"), reader("c2"), reader("c3", OLD)], FRAMES, world.ports, 1.0)
    assert (result.delivered, result.failed) == (["c3", "c2"], ["c1"])
    assert (world.clock.time < NOW + 1000, world.outbox.timeouts) == (True, [1.0, 0.7])


def test_without_a_time_limit_there_is_none():
    world = World()
    deliver(LOBBY, [reader("c1", OLD)], FRAMES, world.ports)
    assert world.outbox.timeouts == [None]


def test_nobody_is_forgotten_here_and_failures_are_told():
    world = World(connection("c1", channels=["lobby"]))
    world.outbox.fates |= {"c1": "gone", "c2": "throttled"}
    result = deliver(LOBBY, [reader("c1", OLD), reader("c2", OLD)], FRAMES, world.ports)
    assert (result.gone, result.throttled, list(world.connections.rows)) == (["c1"], ["c2"], ["c1"])
    assert world.telemetry.lines == [
        (
            "ERROR",
            "deliveries failed",
            {"channel": "lobby", "throttled": ["c2"], "failed": [], "reasons": {"HTTP 429": 1}},
        )
    ]
