"""The first word to a Pusher client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.errors import ServiceError
from realtime.domain.sockets import socket_id
from realtime.usecases.connect import REFUSALS
from realtime.usecases.welcome import welcome
from tests.fakes import NOW, World, connection
from tests.unit.realtime.scenes import pusher

WELCOME = {"socket_id": socket_id("c1"), "activity_timeout": 120}


def new(**fields: Any) -> World:
    return World(pusher("c1", welcome=None, **fields))


def heard(world: World) -> list[Any]:
    return [json.loads(frame) for frame in world.outbox.frames("c1")]


def gone_until(world: World, tries: int) -> None:
    """Nothing can be posted before so many tries have been made."""
    world.outbox.fates["c1"] = "gone"

    def count(name: str, frame: str) -> None:
        if len(world.outbox.posts) == tries:
            del world.outbox.fates["c1"]

    world.outbox.on_post = count


def test_the_client_gets_its_socket_id():
    world = new()
    welcome("c1", world.ports)
    (frame,) = heard(world)
    assert (frame["event"], json.loads(frame["data"])) == ("pusher:connection_established", WELCOME)
    assert world.connections.rows["c1"].welcome == "told"


def test_the_row_is_claimed_first_and_says_so_last():
    world = new()
    welcome("c1", world.ports)
    assert world.journal.calls == ["connections.claim_welcome", "outbox.post", "connections.welcomed"]


def test_being_invoked_again_changes_nothing():
    world = new()
    welcome("c1", world.ports)
    world.clock.advance(60_000)
    welcome("c1", world.ports)
    assert len(heard(world)) == 1


def test_a_welcome_that_another_began_and_did_not_end_is_taken_over():
    world = new()
    world.connections.claim_welcome("c1", NOW)
    welcome("c1", world.ports)
    assert heard(world) == []
    world.clock.advance(10_000)
    welcome("c1", world.ports)
    assert len(heard(world)) == 1


def test_without_a_row_nothing_is_said():
    world = World()
    welcome("c1", world.ports)
    assert world.outbox.posts == []


def test_the_handshake_may_take_a_while():
    world = new()
    gone_until(world, 8)
    welcome("c1", world.ports)
    assert ([frame["event"] for frame in heard(world)], world.clock.slept) == (
        ["pusher:connection_established"],
        [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4],
    )


@pytest.mark.parametrize("fate", ["gone", "failed", "throttled"])
def test_who_cannot_be_reached_is_forgotten(fate):
    world = new(counted=True)
    world.state.counts["connections:1"] = 1
    world.outbox.fates["c1"] = fate
    welcome("c1", world.ports)
    assert (world.connections.rows, world.outbox.closed, world.state.counts["connections:1"]) == ({}, ["c1"], 0)
    assert sum(world.clock.slept) < 9


def test_a_welcome_that_cannot_be_noted_ends_the_connection():
    """Its frames would wait for that for ever."""
    world = new()
    world.journal.failures["connections.welcomed"] = ServiceError("UpdateItem", "down")
    with pytest.raises(ServiceError):
        welcome("c1", world.ports)
    assert world.outbox.closed == ["c1"]


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_is_the_first_frame_and_the_connection_is_closed_later(code):
    world = new(refusal=code)
    welcome("c1", world.ports)
    assert heard(world) == [{"event": "pusher:error", "data": {"code": code, "message": REFUSALS[code]}}]
    assert (world.clock.slept, world.outbox.closed, world.connections.rows) == ([1.0], ["c1"], {})


def test_who_cannot_be_told_of_its_refusal_is_closed_at_once():
    world = new(refusal=4001)
    world.outbox.fates["c1"] = "failed"
    welcome("c1", world.ports)
    assert (world.clock.slept, world.outbox.closed, world.connections.rows) == ([], ["c1"], {})


def test_an_app_may_want_its_connections_authorized_within_a_time():
    world = new()
    world.apps.set(authorized_timeout_seconds=30)
    welcome("c1", world.ports)
    (task,) = world.tasks.sent
    assert (task.kind, task.fields, task.delay) == ("authorize", {"connectionId": "c1"}, 30)


def test_a_plain_connection_without_its_app_is_welcomed_all_the_same():
    world = World(connection("c1", app_id="9", protocol="pusher"))
    welcome("c1", world.ports)
    assert (len(heard(world)), world.tasks.sent) == (1, [])
