"""What each operation costs in AWS calls, exactly. The table is quoted in the documentation."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import jwt
import pytest

from realtime.aws.service import Account
from realtime.aws.telemetry import Source, Telemetry
from realtime.bootstrap import build_door, build_ports
from realtime.settings import Environ
from realtime.usecases.actions import Call, broadcast, heartbeat, subscribe, unknown, unsubscribe
from realtime.usecases.connect import Handshake, connect
from realtime.usecases.disconnect import disconnect
from realtime.usecases.receive import Action, receive
from realtime.usecases.sweep import sweep
from tests.contract.aws import account, create_secret, create_tables
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.fakes import NOW, subscription

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

SECRET = "s" * 64


class Backend:
    """The real ports over moto and a small @connections server."""

    def __init__(self, account: Account, environ: dict[str, str]) -> None:
        self.calls = account.calls
        self._reader = Environ(environ)
        self._account = account
        self._telemetry = Telemetry(Source("test", "f", "n", "ERROR"), io.StringIO(), lambda: 0.0)
        self.ports = build_ports(self._reader, account, self._telemetry)
        self._door = build_door(self._reader, account)

    def connect(self, *connection_ids: str) -> None:
        for name in connection_ids:
            token = jwt.encode(
                {"sub": name, "team": "123", "exp": 4_000_000_000}, SECRET, "HS256", headers={"kid": "k1"}
            )
            handshake = Handshake(name, NOW, token, "192.0.2.1", "agent")
            connect(handshake, self._door, self.ports.connections, self._telemetry)

    def say(self, action: Action, connection_id: str = "c1", /, *, after: int = 0, **fields: object) -> None:
        receive(json.dumps(fields), action, Call(connection_id, NOW + after, 10_240), self.ports)

    def beat(self, *after: int) -> None:
        for each in after:
            self.say(heartbeat, after=each)

    def join(self, channel: str, *connection_ids: str) -> None:
        for name in connection_ids:
            self.say(subscribe, name, channel=channel)

    def in_channels(self, count: int) -> None:
        self.connect("c1")
        for n in range(count):
            self.join(f"channel-{n}", "c1")

    def in_lobby(self, *others: str) -> None:
        self.connect("c1", *others)
        self.join("lobby", "c1", *(name for name in others if name != "gone"))

    def with_gone_reader(self) -> None:
        self.in_lobby("c2", "c3")
        self.connect("gone")
        self.ports.connections.join("gone", "lobby", NOW)
        self.ports.connections.join("gone", "other", NOW)
        self.ports.subscriptions.add(subscription("lobby", "gone"))

    def broadcast(self) -> None:
        self.say(broadcast, channel="lobby", event="e", data={})

    def sweep(self, after: int) -> None:
        sweep(self.ports, NOW + after, 600_000, lambda: True)


@pytest.fixture
def backend(moto_url: str, dynamodb_client: DynamoDBClient, secrets_client: SecretsManagerClient) -> Iterator[Backend]:
    connections, subscriptions = create_tables(dynamodb_client)
    with ConnectionsServer() as server:
        yield Backend(
            account(moto_url, apigatewaymanagementapi=server.url),
            {
                "CONNECTIONS_TABLE": connections,
                "SUBSCRIPTIONS_TABLE": subscriptions,
                "MANAGEMENT_ENDPOINT": f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}",
                "APPS_SECRET_ID": create_secret(secrets_client, "k1", SECRET),
                "APP_ID": "1",
            },
        )


SECRET_READ = "secretsmanager:GetSecretValue"
GET, PUT, UPDATE, DELETE = (f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))
QUERY, SCAN = "dynamodb:Query", "dynamodb:Scan"
BATCH_WRITE, BATCH_GET = "dynamodb:BatchWriteItem", "dynamodb:BatchGetItem"
POST, ASK = "execute-api:ManageConnectionsPOST", "execute-api:ManageConnectionsGET"

Step = Callable[[Backend], object]

# operation: (what went before, what is counted, the AWS calls)
TABLE: dict[str, tuple[Step, Step, dict[str, int]]] = {
    "connect, cold": (
        lambda b: None,
        lambda b: b.connect("c1"),
        {SECRET_READ: 1, PUT: 1},
    ),
    "connect, warm": (
        lambda b: b.connect("c0"),
        lambda b: b.connect("c1"),
        {PUT: 1},
    ),
    "subscribe": (
        lambda b: b.connect("c1"),
        lambda b: b.say(subscribe, channel="lobby"),
        {GET: 1, PUT: 1, UPDATE: 1, POST: 1},
    ),
    "subscribe, again": (
        lambda b: b.in_lobby(),
        lambda b: b.say(subscribe, channel="lobby"),
        {GET: 1, PUT: 1, UPDATE: 1, POST: 1},
    ),
    "subscribe, forbidden": (
        lambda b: b.connect("c1"),
        lambda b: b.say(subscribe, channel="team-456"),
        {GET: 1, POST: 1},
    ),
    "unsubscribe": (
        lambda b: b.in_lobby(),
        lambda b: b.say(unsubscribe, channel="lobby"),
        {BATCH_WRITE: 1, UPDATE: 1, POST: 1},
    ),
    "heartbeat, within a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.say(heartbeat, after=59_999),
        {GET: 1, POST: 1},
    ),
    "heartbeat, after a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.say(heartbeat, after=60_000),
        {GET: 1, UPDATE: 1, POST: 1},
    ),
    "heartbeat, twice after a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.beat(60_000, 119_999),
        {GET: 2, UPDATE: 1, POST: 2},
    ),
    "unknown action": (
        lambda b: b.connect("c1"),
        lambda b: b.say(unknown, action="fly"),
        {POST: 1},
    ),
    "broadcast to nobody else": (
        lambda b: b.in_lobby(),
        lambda b: b.broadcast(),
        {QUERY: 1},
    ),
    "broadcast to 5": (
        lambda b: b.in_lobby("c2", "c3", "c4", "c5", "c6"),
        lambda b: b.broadcast(),
        {QUERY: 1, POST: 5},
    ),
    "broadcast to 2 and one that is gone": (
        lambda b: b.with_gone_reader(),
        lambda b: b.broadcast(),
        {QUERY: 1, POST: 3, DELETE: 1, BATCH_WRITE: 1},
    ),
    "broadcast without being in": (
        lambda b: b.connect("c1"),
        lambda b: b.broadcast(),
        {QUERY: 1, POST: 1},
    ),
    "disconnect from 0 channels": (
        lambda b: b.in_channels(0),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1},
    ),
    "disconnect from 1 channel": (
        lambda b: b.in_channels(1),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1, BATCH_WRITE: 1},
    ),
    "disconnect from 25 channels": (
        lambda b: b.in_channels(25),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1, BATCH_WRITE: 1},
    ),
    "disconnect from 26 channels": (
        lambda b: b.in_channels(26),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1, BATCH_WRITE: 2},
    ),
    "disconnect of a connection without a row": (
        lambda b: None,
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1},
    ),
    "sweep, nobody silent": (
        lambda b: b.in_lobby("c2"),
        lambda b: b.sweep(after=0),
        {SCAN: 2, BATCH_GET: 1},
    ),
    "sweep, 2 silent, one of them gone": (
        lambda b: b.connect("c1", "gone"),
        lambda b: b.sweep(after=600_000),
        {SCAN: 2, ASK: 2, DELETE: 1},
    ),
}


@pytest.mark.parametrize("operation", TABLE)
def test_the_aws_calls_of(operation, backend):
    before, counted, calls = TABLE[operation]
    before(backend)
    backend.calls.clear()
    counted(backend)
    assert dict(backend.calls) == calls


def test_a_channel_of_more_than_a_page_is_one_query_a_page(backend):
    backend.in_lobby()
    for n in range(11):
        backend.ports.subscriptions.add(subscription("lobby", f"d{n}", user="x" * 100_000))
    backend.calls.clear()
    backend.broadcast()
    assert dict(backend.calls) == {QUERY: 2, POST: 11}
