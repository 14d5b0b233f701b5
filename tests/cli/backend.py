"""A deployment without its Lambdas: the tables and the secret in moto, and the outputs that lead to them."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.contract.aws import create_tables

REGION = "us-east-1"
SECRET = "the-active-secret-of-app-one-0123456789"  # PyJWT warns below 32 bytes
NOW = int(time.time())
_numbers = itertools.count()


def client(service: Any, url: str) -> Any:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service, endpoint_url=url)


def key(name: str, secret: str = SECRET, state: str = "active") -> dict[str, str]:
    return {"key": name, "secret": secret, "state": state, "createdAt": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Aws:
    """moto, and clients of it that all tests share: they are slow to make."""

    url: str
    dynamodb: Any
    secrets: Any


class Backend:
    """Tables of one test, and a secret with one active key."""

    def __init__(self, aws: Aws) -> None:
        self.url = aws.url
        self.dynamodb = aws.dynamodb
        self._secrets = aws.secrets
        self.tables = create_tables(self.dynamodb)
        self.connections, self.subscriptions = self.tables.connections, self.tables.subscriptions
        self._secret = f"cli-{next(_numbers)}/apps"
        self._secrets.create_secret(Name=self._secret, SecretString="{}")
        self.set_keys(key("key-1"))

    def set_keys(self, *keys: dict[str, str], **app: Any) -> None:
        """The keys of app 1, and what else there is of it."""
        self.set_apps({"id": "1", "name": "default", "keys": keys, **app})

    def set_apps(self, *apps: dict[str, Any]) -> None:
        """Not after a command has changed them: moto would then have two current versions."""
        self._secrets.put_secret_value(SecretId=self._secret, SecretString=json.dumps({"apps": apps}))

    def apps(self) -> dict[str, Any]:
        """The apps by their ids, as they are stored."""
        stored = self._secrets.get_secret_value(SecretId=self._secret, VersionStage="AWSCURRENT")
        return {app["id"]: app for app in json.loads(stored["SecretString"])["apps"]}

    def states(self, app_id: str = "1") -> dict[str, str]:
        """The states of an app's keys."""
        return {key["key"]: key["state"] for key in self.apps()[app_id]["keys"]}

    def connect(self, connection_id: str, *, at: int = NOW - 60, expires: int = NOW + 3600, **attributes: Any) -> None:
        """Write a connection's row, connected at `at` (s), and those of its channels. Names as in the table."""
        texts: dict[str, Any] = {
            "userId": "ana",
            "teamId": "123",
            "sourceIp": "10.0.0.1",
            "userAgent": "test/1",
            "key": "key-1",
        }
        texts |= {"protocol": "plain", "appId": "1"} | attributes
        channels: list[str] = texts.pop("channels", [])
        coalesce: int | None = texts.pop("coalesce", None)
        waits = {} if coalesce is None else {"coalesce": {"N": str(coalesce)}}
        row: dict[str, Any] = {name: {"S": value} for name, value in texts.items() if value}
        row |= {name: {"N": str(at * 1000)} for name in ("connectedAt", "lastSeenAt")}
        row |= {"connectionId": {"S": connection_id}, "expiresAt": {"N": str(expires)}, **waits}
        if channels:
            row["channels"] = {"SS": channels}
        self.dynamodb.put_item(TableName=self.connections, Item=row)
        for channel in channels:
            self._read(f"{texts['appId']}:{channel}", connection_id, {"expiresAt": row["expiresAt"], **waits})

    def _read(self, channel: str, connection_id: str, attributes: dict[str, dict[str, str]]) -> None:
        row, expires = {"channel": {"S": channel}, **attributes}, attributes["expiresAt"]
        if ":presence-" in channel:
            self.dynamodb.update_item(
                TableName=self.tables.members,
                Key={"channel": row["channel"], "userId": {"S": "ana"}},
                UpdateExpression="ADD connections :tab SET touchedAt = :at, expiresAt = :expires",
                ExpressionAttributeValues={
                    ":tab": {"SS": [f"plain:{connection_id}"]},
                    ":at": {"N": "1"},
                    ":expires": expires,
                },
            )
        else:
            of_connection = {"connectionId": {"S": connection_id}, "protocol": {"S": "plain"}, "since": {"N": "1"}}
            self.dynamodb.put_item(TableName=self.subscriptions, Item={**row, **of_connection})

    def outputs(self, **others: Any) -> dict[str, Any]:
        """What `terraform output` tells of it."""
        return {
            "environment": "local",
            "region": REGION,
            "websocket_url": "ws://127.0.0.1:4566/production",
            "http_url": "http://127.0.0.1:4566",
            "pusher": {"host": "127.0.0.1", "port": 4566, "tls": False, "app_id": "1", "key": "key-1"},
            "management_endpoint": "http://127.0.0.1:4566/production",
            "table_names": self.tables._asdict(),
            "function_names": {"sweep": "milequest-local-sweep", "deliver": "milequest-local-deliver"},
            "app_id": "1",
            "app_key": "key-1",
            "apps_secret_name": self._secret,
            "stage": "production",
            "api_id": "abcdefghij",
            "failure_queue_url": "http://127.0.0.1:4566/1/milequest-local-failures",
            "tasks_queue_url": "http://127.0.0.1:4566/1/milequest-local-tasks",
            "max_data_bytes": 10_240,
            "deliver_function": "milequest-local-deliver",
            "fanout": {
                "direct_readers": 500,
                "max_age_seconds": 300,
                "max_shares": 20,
                "requests_per_second": 5_000,
                "share_readers": 5_000,
            },
            "coalesce_max_ms": 0,
            **others,
        }

    def announce(self, folder: Path, url: str | None = None, **others: Any) -> None:
        """Write outputs.json as `ops local up` does; `others` as in `outputs`."""
        outputs = self.outputs(aws_endpoint_url=url or self.url, **others)
        (folder / "outputs.json").write_text(json.dumps(outputs))
