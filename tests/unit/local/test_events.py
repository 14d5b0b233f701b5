"""Events against the fixtures, which were written after events captured on AWS."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.local.events import (
    Handshake,
    Moment,
    Session,
    authorizer_event,
    connect_event,
    disconnect_event,
    encode,
    error_frame,
    format_id,
    message_event,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "events"
HOST = "abcdefghij.execute-api.us-east-1.amazonaws.com"
SESSION = Session(
    api_id="abcdefghij",
    stage="production",
    domain_name=HOST,
    connection_id="BFaT_fALIAMCKug=",
    connected_at=1731324924553,
    source_ip="192.0.2.1",
    user_agent="walker/1.0",
)
MOMENT = Moment("AAAAAAAAAAAAAAE=", 1731324924561)
HANDSHAKE = Handshake(
    headers=[
        ("Host", HOST),
        ("Connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("Content-Length", "0"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("User-Agent", "walker/1.0"),
        ("x-Team", "one"),
        ("x-Team", "two"),
        ("X-Amzn-Trace-Id", "Root=1-6731ebfc-000000000000000000000001"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ],
    query="token=a%20b&tag=x&tag=y&empty=",
)


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def test_connect():
    assert connect_event(SESSION, MOMENT, HANDSHAKE) == fixture("connect.json")


def test_message():
    body = '{"action": "subscribe", "channel": "team-123"}'
    event = message_event(SESSION, MOMENT, "subscribe", "AAAAAAAAAAAAAAI=", body)
    assert event == fixture("message.json")


def test_disconnect():
    reason = "Client-side close frame status not set"
    assert disconnect_event(SESSION, MOMENT, 1005, reason) == fixture("disconnect.json")


def test_without_a_query_the_query_maps_are_absent():
    event = connect_event(SESSION, MOMENT, replace(HANDSHAKE, query=""))
    assert not [key for key in event if "query" in key.lower()]


def test_without_an_agent_identity_holds_the_address_alone():
    event: Any = message_event(replace(SESSION, user_agent=None), MOMENT, "x", "y", "z")
    assert event["requestContext"]["identity"] == {"sourceIp": "192.0.2.1"}


def test_stage_variables_and_authorizer_context_are_in_every_event():
    session = replace(SESSION, stage_variables={"a": "1"}, authorizer={"principalId": "p"})
    events: list[Any] = [
        connect_event(session, MOMENT, HANDSHAKE),
        message_event(session, MOMENT, "x", "y", "z"),
        disconnect_event(session, MOMENT, 1000, ""),
    ]
    assert [event["stageVariables"] for event in events] == [{"a": "1"}] * 3
    contexts = [event["requestContext"]["authorizer"] for event in events]
    assert contexts == [{"principalId": "p"}] * 3


def test_an_authorizer_sees_all_headers_and_empty_maps():
    event: Any = authorizer_event(SESSION, MOMENT, replace(HANDSHAKE, query=""), "arn:x")
    assert {"Connection", "upgrade", "Content-Length"} <= set(event["headers"])
    assert event["queryStringParameters"] == event["multiValueQueryStringParameters"] == {}
    assert (event["type"], event["methodArn"]) == ("REQUEST", "arn:x")
    assert event["stageVariables"] == {}


@pytest.mark.parametrize("entropy", [bytes(11), b"\xff" * 11, bytes(range(11))])
def test_ids_are_16_characters_of_padded_base64url(entropy):
    assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", format_id(entropy))


def test_the_error_frame_byte_for_byte():
    assert error_frame("Forbidden", "XDmENcnwIE0CFEQ=", "XDmGEE2RoE0FRdQ=") == (
        '{"message": "Forbidden", "connectionId":"XDmENcnwIE0CFEQ=", "requestId":"XDmGEE2RoE0FRdQ="}'
    )


def test_encode_keeps_text_as_it_is():
    assert encode({"body": "zwölf \U0001f45f"}) == '{"body":"zwölf \U0001f45f"}'.encode()
