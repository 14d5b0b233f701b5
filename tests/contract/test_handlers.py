"""Each handler with an event as API Gateway shapes it, in its own environment, over moto and @connections.

API Gateway turns every key of a return value but `statusCode` into an error frame for the client.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.contract.aws import REGION, create_queue, create_secret, create_tables, table_variables
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.contract.http_double import HttpDouble

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

EVENTS = Path(__file__).parents[1] / "fixtures" / "events"
SECRET = "s" * 64
ID = "BFaT_fALIAMCKug="
TOKEN = jwt.encode({"sub": "u1", "team": "123", "exp": 4_000_000_000}, SECRET, "HS256", headers={"kid": "k1"})
OK = {"statusCode": 200}

Invoke = Callable[..., Mapping[str, Any]]


class Context:
    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def event(name: str, **changes: object) -> dict[str, Any]:
    """An event of a connection that was opened just now."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    loaded["requestContext"]["connectedAt"] = time.time_ns() // 1_000_000
    return {**loaded, **changes}


def message(**fields: object) -> dict[str, Any]:
    return event("message", body=json.dumps(fields))


def knock(token: str | None) -> dict[str, Any]:
    return event("connect", queryStringParameters=None if token is None else {"token": token})


@pytest.fixture
def server() -> Iterator[ConnectionsServer]:
    with ConnectionsServer() as server:
        yield server


@pytest.fixture
def functions() -> Iterator[HttpDouble]:
    """Lambda, which takes every event."""
    with HttpDouble(lambda _: (202, b"")) as server:
        yield server


@pytest.fixture
def environ(
    moto_url: str,
    dynamodb_client: DynamoDBClient,
    secrets_client: SecretsManagerClient,
    sqs_client: SQSClient,
    server: ConnectionsServer,
    functions: HttpDouble,
) -> dict[str, str]:
    return {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_LAMBDA_FUNCTION_NAME": "milequest-test",
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": server.url,
        "AWS_ENDPOINT_URL_LAMBDA": functions.url,
        "ENVIRONMENT": "test",
        **table_variables(create_tables(dynamodb_client)),
        "TASKS_QUEUE_URL": create_queue(sqs_client),
        "DELIVER_FUNCTION": "milequest-test-deliver",
        "MANAGEMENT_ENDPOINT": f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}",
        "APPS_SECRET_ID": create_secret(secrets_client, "k1", SECRET),
        "APP_ID": "1",
        "MAX_DATA_BYTES": "100",
        "SILENT_AFTER_SECONDS": "600",
    }


@pytest.fixture
def invoke(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Call the handler of a function that has not run before."""

    def invoke(name: str, event: dict[str, Any], **changes: str) -> Mapping[str, Any]:
        for variable, value in {**environ, **changes}.items():
            monkeypatch.setenv(variable, value)
        module = importlib.reload(importlib.import_module(f"handlers.{name}"))
        answer: Mapping[str, Any] = module.handler(event, Context())
        return answer

    return invoke


@pytest.fixture
def rows(dynamodb_client: DynamoDBClient, environ: dict[str, str]) -> Callable[[str], list[Any]]:
    return lambda kind: dynamodb_client.scan(TableName=environ[f"{kind}_TABLE"])["Items"]


def test_a_handshake_with_a_good_token_is_let_in(invoke):
    assert invoke("websocket_connect", knock(TOKEN)) == OK


def test_a_handshake_that_is_let_in_has_its_row(invoke, rows):
    invoke("websocket_connect", knock(TOKEN))
    (row,) = rows("CONNECTIONS")
    assert {name: row[name]["S"] for name in ("connectionId", "userId", "teamId", "key", "sourceIp", "userAgent")} == {
        "connectionId": ID,
        "userId": "u1",
        "teamId": "123",
        "key": "k1",
        "sourceIp": "192.0.2.1",
        "userAgent": "walker/1.0",
    }


@pytest.mark.parametrize("token", ["bad", "", None])
def test_a_handshake_without_a_good_token_gets_401(invoke, token):
    assert invoke("websocket_connect", knock(token)) == {"statusCode": 401}


def test_a_handshake_that_is_refused_has_no_row(invoke, rows):
    invoke("websocket_connect", knock("bad"))
    assert rows("CONNECTIONS") == []


def test_a_handshake_without_a_token_is_let_in_where_that_is_allowed(invoke):
    assert invoke("websocket_connect", knock(None), ALLOW_ANONYMOUS="true") == OK


def test_a_handshake_that_no_service_can_check_gets_500(invoke):
    assert invoke("websocket_connect", knock(TOKEN), APPS_SECRET_ID="missing") == {"statusCode": 500}


def test_no_line_about_a_refused_handshake_quotes_the_token(invoke, capsys):
    invoke("websocket_connect", knock(f"{TOKEN}x"))
    assert TOKEN[:40] not in capsys.readouterr().out


ROUTES = {
    "websocket_subscribe": ({"channel": "team-123"}, '{"event":"subscribed","channel":"team-123"}'),
    "websocket_unsubscribe": ({"channel": "team-123"}, '{"event":"unsubscribed","channel":"team-123"}'),
}


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_answers_its_client_with_a_frame(invoke, server, name):
    fields, frame = ROUTES[name]
    invoke("websocket_connect", knock(TOKEN))
    invoke(name, message(**fields))
    assert server.frames[ID] == [frame]


@pytest.mark.parametrize(
    "name",
    ["websocket_subscribe", "websocket_unsubscribe", "websocket_broadcast", "websocket_heartbeat", "websocket_message"],
)
@pytest.mark.parametrize("body", ['{"action":"x","channel":"team-123"}', "no json", ""], ids=["good", "bad", "empty"])
def test_a_route_returns_the_status_and_nothing_else(invoke, name, body):
    invoke("websocket_connect", knock(TOKEN))
    assert invoke(name, event("message", body=body)) == OK


def test_a_broadcast_takes_its_limit_from_the_environment(invoke, server):
    invoke("websocket_broadcast", message(channel="team-123", event="e", data="x" * 99))
    assert [json.loads(frame)["code"] for frame in server.frames[ID]] == ["data_too_large"]


def test_a_heartbeat_tells_the_time(invoke, server):
    before = time.time_ns() // 1_000_000
    invoke("websocket_connect", knock(TOKEN))
    invoke("websocket_heartbeat", message())
    assert before <= json.loads(server.frames[ID][0])["serverTime"] <= time.time_ns() // 1_000_000


def test_a_disconnect_leaves_no_row(invoke, rows):
    invoke("websocket_connect", knock(TOKEN))
    invoke("websocket_subscribe", message(channel="team-123"))
    assert invoke("websocket_disconnect", event("disconnect")) == OK
    assert (rows("CONNECTIONS"), rows("SUBSCRIPTIONS")) == ([], [])


def test_a_pusher_client_is_welcomed_by_another_invocation(invoke, server, functions):
    assert invoke("websocket_connect", event("connect", queryStringParameters={"key": "k1", "protocol": "7"})) == OK
    (asked,) = functions.received
    assert asked.target == "/2015-03-31/functions/milequest-test-deliver/invocations"
    invoke("deliver", json.loads(asked.body))
    invoke("deliver", json.loads(asked.body))
    assert [json.loads(frame)["event"] for frame in server.frames[ID]] == ["pusher:connection_established"]


def test_a_pusher_client_without_a_known_key_is_told_and_sent_away(invoke, server, functions, rows):
    assert invoke("websocket_connect", event("connect", queryStringParameters={"key": "k9"})) == OK
    invoke("deliver", json.loads(functions.received[0].body))
    assert [json.loads(frame)["data"]["code"] for frame in server.frames[ID]] == [4001]
    assert (server.closed, rows("CONNECTIONS")) == ([ID], [])


def test_a_sweep_tells_what_it_did(invoke):
    old = knock(TOKEN)
    old["requestContext"]["connectedAt"] = 0
    invoke("websocket_connect", old)
    swept = invoke("sweep", {})
    assert swept == {"connections": 1, "subscriptions": 0, "members": 0, "channels": 0, "complete": True}


def test_an_invocation_writes_down_the_aws_calls_it_made(invoke, capsys):
    invoke("websocket_connect", knock(TOKEN))
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["calls"] == {"secretsmanager:GetSecretValue": 1, "dynamodb:PutItem": 1}
