"""A frame from the client up to its answer, and the two actions that are hardly more than that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.errors import ServiceError
from realtime.usecases.actions import broadcast, heartbeat, subscribe, unknown
from realtime.usecases.receive import Action, receive
from tests.fakes import NOW, World, call, connection


def exchange(world: World, action: Action, body: str, *, now: int = NOW) -> list[Any]:
    """What client c1 hears after it has sent `body`."""
    receive(body, action, call(now=now), world.ports)
    return [json.loads(frame) for frame in world.outbox.frames("c1")]


def test_a_heartbeat_is_answered_with_the_servers_time():
    assert exchange(World(connection()), heartbeat, '{"action":"heartbeat","requestId":"h"}', now=NOW + 1) == [
        {"event": "heartbeat", "serverTime": NOW + 1, "requestId": "h"}
    ]


def test_a_heartbeat_a_minute_after_the_last_sign_is_written_down():
    world = World(connection())
    exchange(world, heartbeat, "{}", now=NOW + 60_000)
    assert world.connections.rows["c1"].last_seen_at == NOW + 60_000


def test_a_heartbeat_within_a_minute_writes_nothing():
    world = World(connection())
    exchange(world, heartbeat, "{}", now=NOW + 59_999)
    assert world.writes == []


def test_the_heartbeat_of_an_unknown_connection_says_so():
    (answer,) = exchange(World(), heartbeat, '{"requestId":1}')
    assert (answer["code"], answer["requestId"]) == ("connection_unknown", 1)


def test_an_unknown_action_is_answered_with_its_code_and_request_id():
    (answer,) = exchange(World(connection()), unknown, '{"action":"fly","requestId":"u"}')
    assert (answer["event"], answer["code"], answer["requestId"]) == ("error", "unknown_action", "u")


def test_a_frame_without_an_action_is_answered_as_invalid():
    (answer,) = exchange(World(connection()), unknown, "{}")
    assert answer["code"] == "invalid_message"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "invalid_json"),
        ("hello", "invalid_json"),
        ("[]", "invalid_message"),
        ('{"requestId":[]}', "invalid_message"),
        ("{}", "invalid_message"),
        ('{"channel":1}', "invalid_message"),
        ('{"channel":"a b"}', "invalid_channel"),
        ('{"channel":"team-9"}', "forbidden"),
    ],
)
def test_bad_input_is_answered_with_its_code(body, code):
    (answer,) = exchange(World(connection()), subscribe, body)
    assert (answer["event"], answer["code"]) == ("error", code)


def test_a_bad_request_id_is_not_repeated():
    (answer,) = exchange(World(connection()), subscribe, '{"requestId":1.5}')
    assert "requestId" not in answer


def test_a_refusal_is_counted_by_code():
    world = World(connection())
    exchange(world, subscribe, '{"channel":"team-9"}')
    assert world.telemetry.errors == {"forbidden": 1}


def test_a_refusal_is_logged_without_what_the_client_sent():
    world = World(connection())
    exchange(world, subscribe, '{"channel":"team-9","data":"private matter"}')
    assert world.telemetry.lines == [("INFO", "refused", {"code": "forbidden", "connectionId": "c1"})]


def test_every_frame_is_counted_as_a_message():
    world = World(connection())
    exchange(world, subscribe, "no json")
    assert world.telemetry.counts == {"Messages": 1}


def test_a_service_that_fails_is_answered_with_internal_error_and_the_request_id():
    world = World(connection())
    world.journal.failures["subscriptions.add"] = ServiceError("PutItem", "ThrottlingException")
    (answer,) = exchange(world, subscribe, '{"channel":"lobby","requestId":"s"}')
    assert (answer["code"], answer["requestId"]) == ("internal_error", "s")


def test_a_client_does_not_learn_which_service_failed():
    world = World(connection())
    world.journal.failures["subscriptions.add"] = ServiceError("PutItem", "ThrottlingException")
    (answer,) = exchange(world, subscribe, '{"channel":"lobby"}')
    assert answer["message"] == "It failed on our side: try again."


def test_a_service_that_fails_is_logged_and_counted():
    world = World(connection())
    world.journal.failures["connections.find"] = ServiceError("GetItem", "down")
    exchange(world, subscribe, '{"channel":"lobby"}')
    assert (world.telemetry.errors, world.telemetry.lines) == (
        {"internal_error": 1},
        [("ERROR", "service failed", {"operation": "GetItem", "reason": "down", "connectionId": "c1"})],
    )


def test_an_action_without_an_answer_sends_none():
    world = World(connection(channels=["lobby"]))
    assert exchange(world, broadcast, '{"channel":"lobby","event":"e","data":1}') == []


def test_a_bug_is_not_mistaken_for_the_clients_fault():
    def buggy(*_: object) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exchange(World(connection()), buggy, "{}")


def test_a_client_that_is_gone_before_the_answer_is_forgotten():
    world = World(connection(channels=["team-123"]))
    world.outbox.fates["c1"] = "gone"
    exchange(world, subscribe, '{"channel":"lobby"}')
    assert (world.connections.rows, world.subscriptions.rows) == ({}, {})


@pytest.mark.parametrize("fate", ["throttled", "failed"])
def test_an_answer_that_does_not_arrive_is_counted(fate):
    world = World(connection())
    world.outbox.fates["c1"] = fate
    exchange(world, subscribe, '{"channel":"lobby"}')
    assert world.telemetry.counts == {"Messages": 1, "DeliveriesFailed": 1}


def test_an_answer_that_does_not_arrive_leaves_the_connection():
    world = World(connection())
    world.outbox.fates["c1"] = "failed"
    exchange(world, subscribe, '{"channel":"lobby"}')
    assert "c1" in world.connections.rows
