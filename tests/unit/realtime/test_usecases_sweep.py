from __future__ import annotations

from collections.abc import Callable

from realtime.domain.connections import CONNECTION_LIFETIME_SECONDS
from realtime.usecases.sweep import Swept, sweep
from tests.fakes import NOW, World, connection

SILENCE = 600_000
LATER = NOW + SILENCE


def run(world: World, *, now: int = LATER, has_time: Callable[[], bool] = lambda: True) -> Swept:
    return sweep(world.ports, now, SILENCE, has_time)


def gone(world: World, *connection_ids: str) -> World:
    for name in connection_ids:
        world.outbox.fates[name] = "gone"
    return world


def test_a_silent_connection_that_the_gateway_does_not_know_is_removed_everywhere():
    world = gone(World(connection("c1", channels=["a", "b"])), "c1")
    run(world)
    assert (world.connections.rows, world.subscriptions.rows) == ({}, {})


def test_a_silent_connection_that_the_gateway_knows_stays():
    world = World(connection("c1", channels=["a"]))
    run(world)
    assert list(world.subscriptions.rows) == [("a", "c1")]


def test_a_connection_that_was_heard_of_lately_is_not_asked_about():
    world = gone(World(connection("c1", last_seen_at=NOW + 1)), "c1")
    run(world)
    assert (world.outbox.asked, list(world.connections.rows)) == ([], ["c1"])


def test_a_connection_is_silent_from_exactly_the_limit_on():
    world = World(connection("c1", last_seen_at=NOW))
    run(world)
    assert world.outbox.asked == ["c1"]


def test_an_expired_connection_is_removed_without_asking():
    world = World(connection("c1", channels=["a"]))
    run(world, now=NOW + CONNECTION_LIFETIME_SECONDS * 1000)
    assert (world.outbox.asked, world.connections.rows, world.subscriptions.rows) == ([], {}, {})


def test_a_subscription_without_a_connection_is_removed():
    world = World(connection("c1", channels=["a"]), connection("c2", channels=["a"]))
    del world.connections.rows["c1"]
    run(world)
    assert list(world.subscriptions.rows) == [("a", "c2")]


def test_every_page_is_swept():
    names = [f"c{n}" for n in range(7)]
    world = gone(World(*(connection(name, channels=["a"]) for name in names)), *names)
    run(world)
    assert world.connections.rows == {}


def test_what_was_removed_is_told():
    world = gone(World(connection("c1", channels=["a"]), connection("c2", channels=["a", "b"])), "c1")
    del world.connections.rows["c2"]
    assert run(world) == Swept(connections=1, subscriptions=2, complete=True)


def test_with_nothing_to_do_nothing_is_removed():
    assert run(World(connection("c1", channels=["a"])), now=NOW) == Swept(0, 0, complete=True)


def test_a_second_sweep_finds_nothing():
    world = gone(World(connection("c1", channels=["a"])), "c1")
    run(world)
    assert run(world) == Swept(0, 0, complete=True)


def test_out_of_time_it_stops_after_the_page_under_way_and_says_so():
    names = [f"c{n}" for n in range(4)]
    world = gone(World(*(connection(name) for name in names)), *names)
    assert run(world, has_time=lambda: False) == Swept(connections=2, subscriptions=0, complete=False)


def test_out_of_time_among_the_subscriptions_it_stops_and_says_so():
    world = World(*(connection(f"c{n}", channels=["a"]) for n in range(4)))
    world.connections.rows.clear()
    assert run(world, has_time=lambda: False) == Swept(connections=0, subscriptions=2, complete=False)


def test_a_subscribe_under_way_is_not_swept():
    world = World(connection("c1", last_seen_at=LATER))
    world.subscribe("a", world.connections.rows["c1"])
    run(world)
    assert list(world.subscriptions.rows) == [("a", "c1")]
