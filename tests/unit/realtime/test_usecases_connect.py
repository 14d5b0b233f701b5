"""Connections begin and end."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Connection, Identity
from realtime.domain.errors import ServiceError, Unauthorized
from realtime.usecases.connect import Door, Handshake, connect
from realtime.usecases.disconnect import disconnect, forget
from tests.fakes import NOW, FakeTokens, World, connection

IDENTITY = Identity("u1", "123", frozenset({"private-*"}), "key-1")
HANDSHAKE = Handshake("c1", NOW, "good", "192.0.2.1", "agent/1.0")
DOWN = ServiceError("DeleteItem", "down")


def door(*, allow_anonymous: bool = False) -> Door:
    return Door("1", allow_anonymous, FakeTokens({"good": IDENTITY}))


def enter(world: World, handshake: Handshake, door: Door) -> None:
    connect(handshake, door, world.connections, world.telemetry)


def test_a_good_token_writes_the_row_of_its_bearer():
    world = World()
    enter(world, HANDSHAKE, door())
    assert world.connections.rows["c1"] == Connection(
        connection_id="c1",
        identity=IDENTITY,
        protocol="plain",
        app_id="1",
        connected_at=NOW,
        last_seen_at=NOW,
        expires_at=1_700_000_000 + 7_800,
        channels=frozenset(),
        source_ip="192.0.2.1",
        user_agent="agent/1.0",
    )


def test_a_connection_is_counted():
    world = World()
    enter(world, HANDSHAKE, door())
    assert world.telemetry.counts == {"Connects": 1}


@pytest.mark.parametrize("allow_anonymous", [True, False])
def test_a_bad_token_is_refused_even_where_none_is_needed(allow_anonymous):
    with pytest.raises(Unauthorized):
        enter(World(), HANDSHAKE._replace(token="bad"), door(allow_anonymous=allow_anonymous))


@pytest.mark.parametrize("token", [None, "", "bad"])
def test_a_refused_client_has_no_row(token):
    world = World()
    with pytest.raises(Unauthorized):
        enter(world, HANDSHAKE._replace(token=token), door())
    assert world.connections.rows == {}


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_a_client_is_anonymous_where_that_is_allowed(token):
    world = World()
    enter(world, HANDSHAKE._replace(token=token), door(allow_anonymous=True))
    assert world.connections.rows["c1"].identity == Identity()


def test_a_connection_ends_with_all_its_subscriptions():
    world = World(connection("c1", channels=["a", "b", "c"]), connection("c2", channels=["a"]))
    disconnect(["c1"], world.rows)
    assert (list(world.connections.rows), list(world.subscriptions.rows)) == (["c2"], [("a", "c2")])


def test_the_row_goes_before_the_subscriptions():
    world = World(connection(channels=["a"]))
    disconnect(["c1"], world.rows)
    assert world.writes == ["connections.remove", "subscriptions.remove"]


def test_disconnects_are_counted_by_rows_that_were_there():
    world = World(connection("c1"), connection("c2"))
    disconnect(["c1", "c2", "c3"], world.rows)
    assert world.telemetry.counts == {"Disconnects": 2}


def test_disconnecting_tells_how_many_were_there():
    assert disconnect(["c1", "c2", "c3"], World(connection("c1"), connection("c2")).rows) == 2


def test_disconnecting_twice_is_fine():
    world = World(connection())
    disconnect(["c1"], world.rows)
    assert disconnect(["c1"], world.rows) == 0


def test_disconnecting_nobody_is_fine():
    assert disconnect([], World().rows) == 0


def test_a_known_channel_is_left_even_without_a_row():
    world = World(connection(channels=["a"]))
    del world.connections.rows["c1"]
    disconnect(["c1"], world.rows, channel="a")
    assert world.subscriptions.rows == {}


def test_a_row_that_cannot_be_removed_does_not_keep_the_others():
    world = World(connection("c1", channels=["a"]), connection("c2", channels=["a"]))
    world.connections.stuck["c1"] = DOWN
    with pytest.raises(ServiceError):
        disconnect(["c1", "c2"], world.rows)
    assert list(world.subscriptions.rows) == [("a", "c1")]


def test_forgetting_counts_the_gone_and_the_disconnected():
    world = World(connection("c1"))
    forget(["c1", "c2"], world.rows)
    assert world.telemetry.counts == {"Gone": 2, "Disconnects": 1}


def test_forgetting_logs_whom():
    world = World(connection("c1"))
    forget(["c1"], world.rows)
    assert world.telemetry.lines == [("INFO", "connections gone", {"connectionIds": ["c1"]})]


def test_forgetting_that_fails_is_logged_and_not_raised():
    world = World(connection("c1"))
    world.connections.stuck["c1"] = DOWN
    forget(["c1"], world.rows)
    assert world.telemetry.lines[-1] == ("ERROR", "service failed", {"operation": "DeleteItem", "reason": "down"})
