from __future__ import annotations

import pytest

from realtime.domain.errors import ClientError, ErrorCode, ServiceError
from realtime.usecases.actions import broadcast
from tests.fakes import NOW, World, call, connection, message

FRAME = '{"event":"activity-logged","channel":"lobby","data":{"a":1},"userId":"u1"}'


def world_of(*connection_ids: str) -> World:
    """Connections that all read the lobby; c1 sends."""
    return World(*(connection(name, channels=["lobby"], user=f"u{name[1:]}") for name in connection_ids))


def send(world: World, *, now: int = NOW, channel: str = "lobby", data: object = None) -> None:
    frame = message(channel=channel, event="activity-logged", data={"a": 1} if data is None else data)
    broadcast(frame, call(now=now, max_data_bytes=50), world.ports)


def recipients(world: World) -> list[str]:
    return [name for name, _ in world.outbox.posts]


def readings(world: World) -> list[tuple[str, str]]:
    """Who reads what."""
    return [(channel.name, name) for channel, name in world.subscriptions.rows]


def test_every_other_subscriber_gets_the_event():
    world = world_of("c1", "c2", "c3", "c4", "c5")
    send(world)
    assert world.outbox.posts == [(name, FRAME) for name in ("c2", "c3", "c4", "c5")]


def test_the_sender_does_not_hear_itself():
    world = world_of("c1", "c2")
    send(world)
    assert world.outbox.frames("c1") == []


def test_a_second_connection_of_the_same_user_hears_it():
    world = World(connection("c1", channels=["lobby"]), connection("c2", channels=["lobby"]))
    send(world)
    assert world.outbox.frames("c2") == [FRAME]


def test_readers_of_other_channels_hear_nothing():
    world = World(connection("c1", channels=["lobby"]), connection("c2", channels=["lobby-2", "team-123"]))
    send(world)
    assert recipients(world) == []


def test_an_anonymous_sender_has_no_user_id():
    world = World(connection("c1", user=None, team=None, channels=["lobby"]), connection("c2", channels=["lobby"]))
    send(world)
    assert world.outbox.frames("c2") == ['{"event":"activity-logged","channel":"lobby","data":{"a":1}}']


def test_expired_subscriptions_get_nothing():
    old = connection("c2", channels=["lobby"], connected_at=NOW - 8_000_000)
    world = World(connection("c1", channels=["lobby"]), old, connection("c3", channels=["lobby"]))
    send(world)
    assert recipients(world) == ["c3"]


@pytest.mark.parametrize("reads", [[], ["team-123"]])
def test_only_a_subscriber_may_broadcast(reads):
    world = World(connection("c1", channels=reads), connection("c2", channels=["lobby"]))
    with pytest.raises(ClientError) as refusal:
        send(world)
    assert refusal.value.code == ErrorCode.NOT_SUBSCRIBED


def test_who_may_not_broadcast_reaches_nobody():
    world = World(connection("c1"), connection("c2", channels=["lobby"]))
    with pytest.raises(ClientError):
        send(world)
    assert world.outbox.posts == []


@pytest.mark.parametrize(("connections", "code"), [([], "connection_unknown"), (["pusher"], "forbidden")])
def test_without_a_row_or_with_one_of_another_protocol_it_is_refused(connections, code):
    rows = [connection("c1", channels=["lobby"], protocol=protocol) for protocol in connections]
    with pytest.raises(ClientError) as refusal:
        send(World(*rows))
    assert refusal.value.code == code


def test_the_permission_is_the_connections_row_and_not_the_subscriptions():
    world = World(connection("c1"), connection("c2", channels=["lobby"]))
    world.subscribe("lobby", world.connections.rows["c1"])
    with pytest.raises(ClientError):
        send(world)
    assert set(world.journal.calls) == {"connections.find"}


def test_who_was_told_a_moment_ago_may_broadcast():
    world = World(connection("c1"), connection("c2", channels=["lobby"]))
    told = world.connections.rows["c1"]._replace(channels=frozenset({"lobby"}))
    world.clock.at(NOW + 100, lambda: world.connections.rows.update(c1=told))
    send(world)
    assert recipients(world) == ["c2"]


def test_who_goes_while_its_row_is_waited_for_is_unknown():
    world = World(connection("c1"), connection("c2", channels=["lobby"]))
    world.clock.at(NOW + 100, lambda: world.connections.rows.pop("c1"))
    with pytest.raises(ClientError) as refusal:
        send(world)
    assert (refusal.value.code, world.outbox.posts) == (ErrorCode.CONNECTION_UNKNOWN, [])


def test_too_much_data_reads_nothing():
    world = world_of("c1", "c2")
    with pytest.raises(ClientError) as refusal:
        send(world, data="x" * 49)
    assert (refusal.value.code, world.journal.calls) == (ErrorCode.DATA_TOO_LARGE, [])


def test_a_channel_with_nobody_else_is_fine():
    world = world_of("c1")
    send(world)
    assert world.telemetry.counts["Deliveries"] == 0


def test_deliveries_are_counted():
    world = world_of("c1", "c2", "c3")
    send(world)
    assert world.telemetry.counts == {"Deliveries": 2}


def test_a_reader_that_is_gone_loses_its_connection():
    world = world_of("c1", "c2", "c3")
    world.outbox.fates["c2"] = "gone"
    send(world)
    assert sorted(world.connections.rows) == ["c1", "c3"]


def test_a_reader_that_is_gone_loses_its_subscriptions_to_every_channel():
    world = World(connection("c1", channels=["lobby"]), connection("c2", channels=["lobby", "team-123", "x"]))
    world.outbox.fates["c2"] = "gone"
    send(world)
    assert readings(world) == [("lobby", "c1")]


def test_a_reader_without_a_connection_row_loses_the_subscription_that_led_to_it():
    world = world_of("c1", "c2")
    del world.connections.rows["c2"]
    world.outbox.fates["c2"] = "gone"
    send(world)
    assert readings(world) == [("lobby", "c1")]


def test_others_get_the_event_though_some_are_gone_throttled_or_failed():
    world = world_of("c1", "c2", "c3", "c4", "c5")
    world.outbox.fates.update({"c2": "gone", "c3": "throttled", "c4": "failed"})
    send(world)
    assert world.outbox.frames("c5") == [FRAME]


def test_what_was_not_delivered_is_counted_by_outcome():
    world = world_of("c1", "c2", "c3", "c4", "c5")
    world.outbox.fates.update({"c2": "gone", "c3": "throttled", "c4": "failed"})
    send(world)
    assert world.telemetry.counts == {"Deliveries": 1, "DeliveriesFailed": 2, "Gone": 1, "Disconnects": 1}


def test_what_was_not_delivered_is_logged_without_the_data():
    world = world_of("c1", "c2", "c3")
    world.outbox.fates.update({"c2": "throttled", "c3": "failed"})
    send(world)
    assert world.telemetry.lines == [
        (
            "ERROR",
            "deliveries failed",
            {"channel": "lobby", "throttled": ["c2"], "failed": ["c3"], "reasons": {"HTTP 429": 1, "HTTP 500": 1}},
        )
    ]


@pytest.mark.parametrize("fate", ["throttled", "failed"])
def test_a_reader_that_was_only_out_of_reach_stays(fate):
    world = world_of("c1", "c2")
    world.outbox.fates["c2"] = fate
    send(world)
    assert ("lobby", "c2") in readings(world)


def test_a_gone_reader_that_cannot_be_forgotten_does_not_fail_the_broadcast():
    world = world_of("c1", "c2")
    world.outbox.fates["c2"] = "gone"
    world.connections.stuck["c2"] = ServiceError("DeleteItem", "down")
    send(world)
    assert world.telemetry.errors == {"internal_error": 1}
