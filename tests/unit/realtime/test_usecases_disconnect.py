"""A connection ends."""

from __future__ import annotations

import json

import pytest

from realtime.domain.connections import Channel, Connection, server_to_user
from realtime.domain.errors import ServiceError
from realtime.usecases.disconnect import disconnect, forget
from tests.fakes import World, connection
from tests.unit.realtime.scenes import ROOM, pusher

DOWN = ServiceError("DeleteItem", "down")


def readings(world: World) -> list[tuple[str, str]]:
    return [(channel.name, name) for channel, name in world.subscriptions.rows]


def signed_in(name: str, user: str, *watching: str) -> Connection:
    identity = connection(user=user, team=None).identity
    return pusher(name, identity=identity, user_data=json.dumps({"id": user}), watching=frozenset(watching))


def test_a_connection_ends_with_all_its_subscriptions():
    world = World(connection("c1", channels=["a", "b", "c"]), connection("c2", channels=["a"]))
    disconnect(["c1"], world.ports)
    assert (list(world.connections.rows), readings(world)) == (["c2"], [("a", "c2")])


def test_the_row_goes_before_the_subscriptions():
    world = World(connection(channels=["a"]))
    disconnect(["c1"], world.ports)
    assert world.writes[:2] == ["connections.remove", "subscriptions.remove"]


def test_channels_that_are_empty_now_are_vacated():
    world = World(connection("c1", channels=["a", "b"]), connection("c2", channels=["a"]))
    disconnect(["c1"], world.ports)
    assert [channel.name for channel in world.channels.rows] == ["a"]


def test_a_presence_channel_hears_of_it():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B"))
    disconnect(["c1"], world.ports)
    (frame,) = world.outbox.frames("c2")
    assert (
        frame == f'{{"event":"pusher_internal:member_removed","channel":"{ROOM}","data":"{{\\"user_id\\":\\"A\\"}}"}}'
    )
    assert [user for _, user in world.members.held] == ["B"]


def test_with_another_tab_the_user_stays():
    world = World(pusher("c1", ROOM, user="A"), pusher("c2", ROOM, user="B"), pusher("c3", ROOM, user="A"))
    disconnect(["c1"], world.ports)
    assert world.outbox.frames("c2") == []


def test_who_is_signed_in_is_signed_out_and_watches_nobody():
    world = World(signed_in("c1", "A", "B"), signed_in("c2", "B", "A"))
    disconnect(["c1"], world.ports)
    assert (readings(world), list(world.members.held)) == ([("#watch-A", "c2")], [(server_to_user("1", "B"), "B")])
    (frame,) = world.outbox.frames("c2")
    assert json.loads(frame)["data"] == {"events": [{"name": "offline", "user_ids": ["A"]}]}


def test_who_counts_against_the_quota_is_taken_off():
    world = World(pusher("c1", counted=True), pusher("c2"))
    world.state.counts["connections:1"] = 5
    disconnect(["c1", "c2"], world.ports)
    assert world.state.counts["connections:1"] == 4


def test_who_is_found_gone_on_the_way_is_removed_as_well():
    names = ["c1", "c2", "c3"]
    world = World(*(pusher(name, ROOM, user=name.upper()) for name in names))
    world.outbox.fates |= {"c2": "gone", "c3": "gone"}
    disconnect(["c1"], world.ports)
    assert (world.connections.rows, world.members.held, world.channels.rows) == ({}, {}, {})


def test_disconnects_are_counted_by_rows_that_were_there():
    world = World(connection("c1"), connection("c2"))
    disconnect(["c1", "c2", "c3"], world.ports)
    assert world.telemetry.counts == {"Disconnects": 2}


def test_disconnecting_tells_how_many_were_there():
    assert disconnect(["c1", "c2", "c3"], World(connection("c1"), connection("c2")).ports) == 2


def test_disconnecting_twice_is_fine():
    world = World(connection())
    disconnect(["c1"], world.ports)
    assert disconnect(["c1"], world.ports) == 0


def test_disconnecting_nobody_is_fine():
    assert disconnect([], World().ports) == 0


def test_a_known_channel_is_left_even_without_a_row():
    world = World(connection(channels=["a"]))
    del world.connections.rows["c1"]
    disconnect(["c1"], world.ports, channel=Channel("1", "a"))
    assert world.subscriptions.rows == {}


def test_a_row_that_cannot_be_removed_does_not_keep_the_others():
    world = World(connection("c1", channels=["a"]), connection("c2", channels=["a"]))
    world.connections.stuck["c1"] = DOWN
    with pytest.raises(ServiceError):
        disconnect(["c1", "c2"], world.ports)
    assert readings(world) == [("a", "c1")]


@pytest.mark.parametrize("call", ["subscriptions.remove", "channels.vacate"])
def test_what_fails_for_one_does_not_keep_the_others_from_leaving(call):
    """What is left then, the sweep finds."""
    world = World(pusher("c1", "lobby"), pusher("c2", ROOM, user="A", counted=True), pusher("c3", ROOM, user="B"))
    world.journal.failures[call] = DOWN
    with pytest.raises(ServiceError):
        disconnect(["c1", "c2"], world.ports)
    assert (list(world.connections.rows), [user for _, user in world.members.held]) == (["c3"], ["B"])


@pytest.mark.parametrize(
    ("call", "undone"),
    [
        ("subscriptions.remove", {"unsubscribed", "vacated"}),
        ("channels.vacate", {"vacated"}),
        ("members.leave", {"out", "vacated"}),
        ("state.exit", {"uncounted"}),
    ],
)
def test_a_step_that_fails_keeps_none_of_the_others_of_any_connection(call, undone):
    rooms = {"c1": ROOM, "c2": f"{ROOM}-2"}
    world = World(
        *(
            signed_in(name, "A")._replace(channels=frozenset({"a", room}), members={room: "A"}, counted=True)
            for name, room in rooms.items()
        )
    )
    world.state.counts["connections:1"] = 2
    world.journal.failures[call] = DOWN
    with pytest.raises(ServiceError):
        disconnect(rooms, world.ports)
    done = {
        "unsubscribed": not world.subscriptions.rows,
        "vacated": not world.channels.rows,
        "out": not any(row.connections for row in world.members.held.values()),
        "uncounted": world.state.counts["connections:1"] == 0,
    }
    assert {name for name, is_done in done.items() if not is_done} == undone


def test_forgetting_counts_the_gone_and_the_disconnected():
    world = World(connection("c1"))
    forget(["c1", "c2"], world.ports)
    assert world.telemetry.counts == {"Gone": 2, "Disconnects": 1}


def test_forgetting_logs_whom():
    world = World(connection("c1"))
    forget(["c1"], world.ports)
    assert world.telemetry.lines == [("INFO", "connections gone", {"connectionIds": ["c1"]})]


def test_forgetting_nobody_does_nothing():
    world = World(connection("c1"))
    forget([], world.ports)
    assert (world.journal.calls, world.telemetry.counts) == ([], {})


def test_forgetting_that_fails_is_logged_and_not_raised():
    world = World(connection("c1"))
    world.connections.stuck["c1"] = DOWN
    forget(["c1"], world.ports)
    assert world.telemetry.lines[-1] == ("ERROR", "service failed", {"operation": "DeleteItem", "reason": "down"})
