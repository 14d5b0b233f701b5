"""The plain protocol, frame by frame, through the deployed stack."""

from __future__ import annotations

import time

import pytest
import websocket

from tests.integration.client import Client, Closed
from tests.integration.world import World


def test_answers_repeat_the_request_id(world: World) -> None:
    client = world.connect()
    assert client.ask("subscribe", channel="team-123", requestId="r1") == {
        "event": "subscribed",
        "channel": "team-123",
        "requestId": "r1",
    }
    assert client.ask("unsubscribe", channel="team-123", requestId=2) == {
        "event": "unsubscribed",
        "channel": "team-123",
        "requestId": 2,
    }
    assert client.ask("broadcast", channel="team-123", event="e", data=1, requestId="r3")["requestId"] == "r3"


def test_a_heartbeat_is_answered_with_the_servers_time(world: World) -> None:
    answer = world.connect().ask("heartbeat", requestId="h")
    assert answer.keys() == {"event", "serverTime", "requestId"}
    assert answer["event"] == "heartbeat"
    assert isinstance(answer["serverTime"], int)


def test_a_broadcast_reaches_the_others_and_not_the_sender(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    ana.send("broadcast", channel="team-123", event="activity-logged", data={"distance": 2.5, "note": "früh ☀"})
    expected = {
        "event": "activity-logged",
        "channel": "team-123",
        "data": {"distance": 2.5, "note": "früh ☀"},
        "userId": "ana",
    }
    assert ben.receive() == expected
    assert cleo.receive() == expected
    assert ana.heard_before_heartbeat() == []


def test_a_broadcast_stays_within_its_channel(world: World) -> None:
    ana, ben = world.subscribed("team-123", ["ana", "ben"])
    (dan,) = world.subscribed("team-456", ["dan"], team="456")
    ana.send("broadcast", channel="team-123", event="e", data=1)
    ben.receive()
    assert dan.heard_before_heartbeat() == []


def test_one_who_unsubscribed_hears_nothing_more(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    assert ben.ask("unsubscribe", channel="team-123")["event"] == "unsubscribed"
    ana.send("broadcast", channel="team-123", event="e", data=1)
    cleo.receive()
    assert ben.heard_before_heartbeat() == []


def test_subscribing_twice_has_no_second_effect(world: World) -> None:
    ana, ben = world.subscribed("team-123", ["ana", "ben"])
    ben.subscribe("team-123")
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert ben.receive()["event"] == "e"
    assert ben.heard_before_heartbeat() == []
    assert len(world.rows("subscriptions")) == 2


def test_unsubscribing_from_what_one_is_not_in_succeeds(world: World) -> None:
    assert world.connect().ask("unsubscribe", channel="team-123") == {
        "event": "unsubscribed",
        "channel": "team-123",
    }


@pytest.mark.parametrize(
    ("channel", "allowed"),
    [
        ("team-123", True),
        ("private-team-123", True),
        ("presence-team-123", True),
        ("team-456", False),
        ("private-team-456", False),
        ("private-news", False),
        ("presence-x", False),
        ("privateer", True),
        ("news", True),
    ],
)
def test_a_token_of_team_123_opens(world: World, channel: str, allowed: bool) -> None:
    answer = world.connect("ana", "123").ask("subscribe", channel=channel)
    assert answer.get("code") == (None if allowed else "forbidden")


def test_the_channels_claim_opens_more(world: World) -> None:
    client = world.connect("ana", "123", channels=["private-news-*", "team-456"])
    client.subscribe("private-news-today")
    client.subscribe("team-456")
    assert client.ask("subscribe", channel="private-other")["code"] == "forbidden"


BAD = [
    ("hello", "invalid_json"),
    ("[]", "invalid_message"),
    ("7", "invalid_message"),
    ("null", "invalid_message"),
    ("{}", "invalid_message"),
    ('{"action":7}', "invalid_message"),
    ('{"action":"dance"}', "unknown_action"),
    ('{"action":["subscribe"]}', "invalid_message"),
    ('{"action":"subscribe"}', "invalid_message"),
    ('{"action":"subscribe","channel":7}', "invalid_message"),
    ('{"action":"subscribe","channel":""}', "invalid_channel"),
    ('{"action":"subscribe","channel":"a b"}', "invalid_channel"),
    ('{"action":"subscribe","channel":"' + "c" * 165 + '"}', "invalid_channel"),
    ('{"action":"subscribe","channel":"x","requestId":{}}', "invalid_message"),
    ('{"action":"unsubscribe"}', "invalid_message"),
    ('{"action":"broadcast","channel":"news","event":"e"}', "invalid_message"),
    ('{"action":"broadcast","channel":"news","data":1}', "invalid_message"),
    ('{"action":"broadcast","channel":"news","event":"' + "e" * 201 + '","data":1}', "invalid_event"),
    ('{"action":"broadcast","channel":"news","event":"subscribed","data":1}', "invalid_event"),
    ('{"action":"broadcast","channel":"news","event":"pusher:error","data":1}', "invalid_event"),
    ('{"action":"broadcast","channel":"news","event":"e","data":NaN}', "invalid_json"),
    ('{"action":"broadcast","channel":"news","event":"e","data":1e999}', "invalid_message"),
    ('{"action":"broadcast","channel":"news","event":"e","data":"' + "d" * 10_240 + '"}', "data_too_large"),
    ('{"action":"broadcast","channel":"news","event":"e","data":1}', "not_subscribed"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=lambda value: str(value)[:60])
def test_bad_input_gets_its_code_and_the_connection_stays(world: World, text: str, code: str) -> None:
    client = world.connect()
    client.send_text(text)
    answer = client.receive()
    assert (answer["event"], answer["code"]) == ("error", code)
    assert client.ask("heartbeat")["event"] == "heartbeat"


def test_data_of_exactly_the_limit_passes(world: World) -> None:
    ana, ben = world.subscribed("news", ["ana", "ben"])
    ana.send("broadcast", channel="news", event="e", data="d" * 10_238)
    assert len(ben.receive()["data"]) == 10_238


def test_a_frame_over_32_kb_is_closed_with_1009(world: World) -> None:
    client = world.connect()
    client.send_text("x" * 32_769)
    assert close_code(client) == 1009


def test_a_binary_frame_is_closed_with_1003(world: World) -> None:
    client = world.connect()
    client.socket.send_binary(b"{}")
    assert close_code(client) == 1003


def test_a_connection_whose_row_has_gone_is_told_to_connect_again(world: World) -> None:
    client = world.connect("ana")
    row = world.connection_of("ana")
    key = {"connectionId": {"S": row["connectionId"]}}
    world.deployment.client("dynamodb").delete_item(TableName=world.deployment.table("connections"), Key=key)
    assert client.ask("subscribe", channel="team-123")["code"] == "connection_unknown"
    assert client.ask("heartbeat")["code"] == "connection_unknown"
    assert world.rows("subscriptions") == []


def test_a_heartbeat_is_written_at_most_once_a_minute(world: World) -> None:
    client = world.connect("ana")
    before = world.connection_of("ana")["lastSeenAt"]
    client.ask("heartbeat")
    assert world.connection_of("ana")["lastSeenAt"] == before
    world.make_silent("ana", seconds=61)
    now = int(time.time() * 1000)
    client.ask("heartbeat")
    assert int(world.connection_of("ana")["lastSeenAt"]) >= now


def close_code(client: Client) -> int | None:
    with pytest.raises((Closed, websocket.WebSocketConnectionClosedException)) as closed:
        while True:
            client.receive()
    return closed.value.code if isinstance(closed.value, Closed) else None
