from __future__ import annotations

from collections.abc import Callable

from realtime.domain.apps import Webhook
from realtime.domain.connections import CONNECTION_LIFETIME_SECONDS, Channel, Reader
from realtime.ports import Occupancy
from realtime.usecases.sweep import Swept, sweep
from tests.fakes import NOW, World, connection, presence
from tests.unit.realtime.scenes import ROOM, pusher

SILENCE = 600_000
LATER = NOW + SILENCE


def run(world: World, *, now: int = LATER, has_time: Callable[[], bool] = lambda: True) -> Swept:
    return sweep(world.ports, now, SILENCE, has_time)


def gone(world: World, *connection_ids: str) -> World:
    for name in connection_ids:
        world.outbox.fates[name] = "gone"
    return world


def readings(world: World) -> list[tuple[str, str]]:
    """Who reads what."""
    return [(channel.name, name) for channel, name in world.subscriptions.rows]


def test_a_silent_connection_that_the_gateway_does_not_know_is_removed_everywhere():
    world = gone(World(connection("c1", channels=["a", "b"])), "c1")
    run(world)
    assert (world.connections.rows, world.subscriptions.rows) == ({}, {})


def test_a_silent_connection_that_the_gateway_knows_stays():
    world = World(connection("c1", channels=["a"]))
    run(world)
    assert readings(world) == [("a", "c1")]


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
    assert readings(world) == [("a", "c2")]


def test_every_page_is_swept():
    names = [f"c{n}" for n in range(7)]
    world = gone(World(*(connection(name, channels=["a"]) for name in names)), *names)
    run(world)
    assert world.connections.rows == {}


def test_what_was_removed_is_told():
    world = gone(World(connection("c1", channels=["a"]), connection("c2", channels=["a", "b"])), "c1")
    del world.connections.rows["c2"]
    assert run(world) == Swept(connections=1, subscriptions=2, channels=2, complete=True)


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
    assert readings(world) == [("a", "c1")]


def test_a_dead_member_is_told_out():
    world = gone(World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B", last_seen_at=LATER)), "c1")
    run(world)
    assert ([user for _, user in world.members.held], len(world.outbox.frames("c2"))) == (["B"], 1)


def test_a_member_without_its_connections_row_is_told_out():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B"))
    del world.connections.rows["c1"]
    world.clock.time = LATER
    assert (run(world).members, len(world.outbox.frames("c2"))) == (1, 1)
    assert [user for _, user in world.members.held] == ["B"]


def test_a_member_whom_nobody_came_to_tell_out_is_told_out():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B"))
    world.members.leave(Channel("1", ROOM), "A", Reader("c1", "pusher", 0))
    del world.connections.rows["c1"]
    assert (run(world).members, len(world.outbox.frames("c2"))) == (1, 1)


def test_who_signed_in_and_is_dead_is_signed_out():
    identity = connection().identity
    world = World(pusher("c1", identity=identity, user_data='{"id":"u1"}', watching=frozenset({"u2"})))
    del world.connections.rows["c1"]
    run(world)
    assert (world.members.held, world.subscriptions.rows) == ({}, {})


def test_a_channel_that_nobody_reads_is_vacated():
    world = World(connection("c1", channels=["a", "b"]))
    world.subscriptions.rows.pop((Channel("1", "a"), "c1"))
    assert (run(world).channels, [channel.name for channel in world.channels.rows]) == (1, ["b"])


def vacating(world: World, began: int) -> World:
    world.apps.set(webhooks=(Webhook("https://x.example.com/"),))
    world.channels.rows[Channel("1", "a")] = Occupancy(Channel("1", "a"), f"{began}.c1")
    return world


def test_a_vacancy_whose_task_was_lost_is_ended_and_told():
    world = vacating(World(), LATER - 60_001)
    assert (run(world).channels, world.channels.rows) == (1, {})
    assert world.tasks.sent[0].fields["events"] == [{"name": "channel_vacated", "channel": "a"}]


def test_a_vacancy_whose_task_is_under_way_is_left_alone():
    world = vacating(World(), LATER - 3_000)
    assert (run(world).channels, len(world.channels.rows), world.tasks.sent) == (0, 1, [])


def test_a_vacancy_that_was_lost_with_readers_there_is_taken_back():
    world = vacating(World(connection("c1", channels=["a"])), LATER - 60_001)
    assert (run(world).channels, world.tasks.sent) == (0, [])
    assert world.channels.rows == {Channel("1", "a"): Occupancy(Channel("1", "a"))}


def test_a_users_grace_whose_task_was_lost_is_ended_and_told():
    world = World()
    world.apps.set(webhooks=(Webhook("https://x.example.com/"),))
    room = Channel("1", ROOM)
    world.members.held[room, "A"] = presence(room, "A", joined_at=None, left_at=LATER - 60_000)
    run(world)
    assert (world.members.held, world.tasks.sent[0].fields["events"]) == (
        {},
        [{"name": "member_removed", "channel": ROOM, "user_id": "A"}],
    )


def test_the_counts_against_the_quotas_are_mended():
    world = World(pusher("c1", counted=True), pusher("c2", counted=True), pusher("c3"))
    world.apps.set(max_connections=10)
    world.state.counts["connections:1"] = 9
    run(world)
    assert world.state.counts == {"connections:1": 2}


def test_a_count_without_any_connection_is_mended_as_well():
    world = World()
    world.apps.set(max_connections=10)
    world.state.counts["connections:1"] = 10
    run(world)
    assert world.state.counts == {"connections:1": 0}


def test_those_that_are_removed_do_not_count():
    world = gone(World(pusher("c1", counted=True), pusher("c2", counted=True)), "c1")
    world.apps.set(max_connections=10)
    world.state.counts["connections:1"] = 9
    run(world)
    assert world.state.counts == {"connections:1": 1}
