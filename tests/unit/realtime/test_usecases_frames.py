"""A frame that no route took: who sent it, whether it is one, and what becomes of it if all fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.errors import ServiceError
from realtime.usecases.frames import receive_any
from tests.fakes import NOW, World, app, call, connection
from tests.unit.realtime.scenes import pusher

DOWN = ServiceError("PutItem", "down")


def exchange(world: World, body: str, **handled: Any) -> list[Any]:
    """What client c1 hears after it has sent `body`."""
    receive_any(body, call(**handled), world.ports)
    return [json.loads(frame) for frame in world.outbox.frames("c1")]


def frame(event: str) -> str:
    return json.dumps({"event": event, "data": {}})


def new(**fields: Any) -> World:
    return World(pusher("c1", **fields))


@pytest.mark.parametrize(
    "body", ["", "x", "[]", "7", "{}", '{"event":1}', '{"event":"pusher:ping","channel":1}', "null"]
)
def test_a_frame_that_is_none_is_answered_with_an_error_without_code(body):
    world = new()
    (answer,) = exchange(world, body)
    assert (answer["event"], answer["data"]["code"], list(world.connections.rows)) == ("pusher:error", None, ["c1"])


def test_a_ping_shows_that_the_client_is_there():
    world = new()
    exchange(world, frame("pusher:ping"), now=NOW + 60_000)
    assert world.connections.rows["c1"].last_seen_at == NOW + 60_000


def test_within_a_minute_it_is_not_written_down():
    world = new()
    exchange(world, frame("pusher:ping"), now=NOW + 59_999)
    assert world.writes == []


def test_a_service_that_fails_otherwise_is_an_error_without_code():
    world = new()
    world.journal.failures["connections.find"] = DOWN
    (answer,) = exchange(world, frame("pusher:ping"))
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", None)


def test_a_client_without_a_row_is_closed_and_connects_again():
    world = World()
    assert exchange(world, frame("pusher:ping")) == []
    assert world.outbox.closed == ["c1"]


def test_who_is_to_be_refused_is_not_heard():
    assert exchange(new(refusal=4001), frame("pusher:ping")) == []


def test_who_speaks_before_its_welcome_waits_for_it():
    world = new(welcome="telling")
    world.clock.at(NOW + 100, lambda: world.connections.welcomed("c1"))
    assert exchange(world, frame("pusher:ping")) == [{"event": "pusher:pong", "data": {}}]


@pytest.mark.parametrize("welcome", [None, "telling"])
def test_who_is_not_welcomed_hears_nothing_and_is_closed(welcome):
    world = new(welcome=welcome)
    assert exchange(world, frame("pusher:ping")) == []
    assert (world.outbox.closed, world.connections.rows) == (["c1"], {})


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "disabled"])
def test_an_app_that_is_gone_or_disabled_hears_no_more(gone):
    world = new()
    world.apps.apps = {} if gone else {"1": app(enabled=False)}
    (answer,) = exchange(world, frame("pusher:ping"))
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", 4009)


def test_a_plain_client_on_no_route_is_told_of_its_unknown_action():
    (answer,) = exchange(World(connection()), '{"action":"fly"}')
    assert (answer["event"], answer["code"]) == ("error", "unknown_action")
