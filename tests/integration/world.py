"""What a test against the applied stack works with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from ops.environments import Deployment
from ops.local.control import Running
from ops.tokens import Grant, mint
from realtime.domain.connections import Channel
from tests.integration.client import Client

T = TypeVar("T")

# What DynamoDB takes at once.
_BATCH = 25

_PATIENCE_SECONDS = 30

# The tables that are emptied, and their keys.
_KEYS = {
    "connections": ["connectionId"],
    "subscriptions": ["channel", "connectionId"],
    "members": ["channel", "userId"],
    "channels": ["appId", "channel"],
    "state": ["id"],
}


class Deployed(Deployment):
    """The deployment of a test session: its boto3 clients take half a second to make and are shared."""

    def __init__(self, name: str, outputs: Mapping[str, Any]) -> None:
        super().__init__(name, outputs)
        self._made: dict[str, Any] = {}

    def client(self, service: Any) -> Any:
        """A boto3 client."""
        return self._made.get(service) or self._made.setdefault(service, super().client(service))


class World:
    """Clients that are closed, faults that are cleared and rows that are removed when the test is over."""

    def __init__(self, deployment: Deployment, daemon: Running) -> None:
        self.deployment = deployment
        self.daemon = daemon
        self.url: str = deployment.outputs["websocket_url"]
        self._dynamodb = deployment.client("dynamodb")
        self._lambda = deployment.client("lambda")
        self.clients: list[Client] = []

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.daemon.clear_fault(None)
        for client in self.clients:
            client.close()
        self.eventually(lambda: self.daemon.call("GET", "status")["connections"]["live"] == 0, "clients are gone")
        for name, keys in _KEYS.items():
            doomed = [{"DeleteRequest": {"Key": {key: {"S": row[key]} for key in keys}}} for row in self.rows(name)]
            for first in range(0, len(doomed), _BATCH):
                self._dynamodb.batch_write_item(
                    RequestItems={self.deployment.table(name): doomed[first : first + _BATCH]}
                )

    def token(self, user: str = "ana", team: str = "123", **options: Any) -> str:
        return mint(self.deployment, Grant(user, team, **options))

    def connect(self, user: str = "ana", team: str = "123", **options: Any) -> Client:
        return self.open(f"?token={self.token(user, team, **options)}")

    def open(self, query: str = "", **options: Any) -> Client:
        client = Client(self.url + query, **options)
        self.clients.append(client)
        return client

    def subscribed(self, channel: str, users: list[str], team: str = "123") -> list[Client]:
        clients = [self.connect(user, team) for user in users]
        for client in clients:
            client.subscribe(channel)
        return clients

    def fault(self, name: str, **settings: Any) -> None:
        self.daemon.set_fault({"name": name, **settings})

    def cut(self) -> None:
        self.daemon.call("POST", "faults/cut", {})

    def struck(self, name: str) -> int:
        count: int = self.daemon.call("GET", "faults")["on"][name]["struck"]
        return count

    def busy(self, function: str) -> bool:
        """Whether a function, by its short name, is running."""
        name = self.deployment.outputs["function_names"][function]
        return bool(self.daemon.call("GET", "status")["functions"][name]["busy"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, without DynamoDB's types."""
        answer = self._dynamodb.scan(TableName=self.deployment.table(table), ConsistentRead=True)
        return [{name: next(iter(value.values())) for name, value in row.items()} for row in answer["Items"]]

    def key(self, channel: str) -> str:
        """Under which the tables know a channel of plain clients."""
        return Channel(self.deployment.outputs["app_id"], channel).key

    def assert_nothing_left(self) -> None:
        tables = ("connections", "subscriptions", "members", "channels")
        self.eventually(lambda: not any(self.rows(table) for table in tables), "no row is left behind")

    def connection_of(self, user: str) -> dict[str, Any]:
        return next(row for row in self.rows("connections") if row.get("userId") == user)

    def make_silent(self, user: str, seconds: int = 3600) -> None:
        """Let the row say that the client was last seen long ago."""
        row = self.connection_of(user)
        seen = str(int(row["lastSeenAt"]) - seconds * 1000)
        self._dynamodb.update_item(
            TableName=self.deployment.table("connections"),
            Key={"connectionId": {"S": row["connectionId"]}},
            UpdateExpression="SET lastSeenAt = :seen",
            ExpressionAttributeValues={":seen": {"N": seen}},
        )

    def sweep(self) -> dict[str, Any]:
        """Run the sweep now and wait for it."""
        answer = self._lambda.invoke(FunctionName=self.deployment.outputs["function_names"]["sweep"])
        assert "FunctionError" not in answer
        swept: dict[str, Any] = json.load(answer["Payload"])
        return swept

    def eventually(self, holds: Callable[[], T], what: str) -> T:
        """Wait until `holds` returns something true, and return it; for what nothing announces."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (result := holds()):
            assert time.monotonic() < deadline, f"not within {_PATIENCE_SECONDS} s: {what}"
            time.sleep(0.02)
        return result
