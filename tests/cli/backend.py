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
        self.connections, self.subscriptions = create_tables(self.dynamodb)
        self._secret = f"cli-{next(_numbers)}/apps"
        self._secrets.create_secret(Name=self._secret, SecretString="{}")
        self.set_keys(key("key-1"))

    def set_keys(self, *keys: dict[str, str]) -> None:
        secret = {"apps": [{"id": "1", "name": "default", "keys": keys}]}
        self._secrets.put_secret_value(SecretId=self._secret, SecretString=json.dumps(secret))

    def connect(self, connection_id: str, *, at: int = NOW - 60, expires: int = NOW + 3600, **attributes: Any) -> None:
        """Write a connection's row, connected at `at` (s), and its subscriptions. Names as in the table."""
        texts: dict[str, Any] = {
            "userId": "ana",
            "teamId": "123",
            "sourceIp": "10.0.0.1",
            "userAgent": "test/1",
            "key": "key-1",
        }
        texts |= {"protocol": "plain", "appId": "1"} | attributes
        channels: list[str] = texts.pop("channels", [])
        row: dict[str, Any] = {name: {"S": value} for name, value in texts.items() if value}
        row |= {name: {"N": str(at * 1000)} for name in ("connectedAt", "lastSeenAt")}
        row |= {"connectionId": {"S": connection_id}, "expiresAt": {"N": str(expires)}}
        if channels:
            row["channels"] = {"SS": channels}
        self.dynamodb.put_item(TableName=self.connections, Item=row)
        for channel in channels:
            item = {name: row[name] for name in ("connectionId", "expiresAt")} | {"channel": {"S": channel}}
            self.dynamodb.put_item(TableName=self.subscriptions, Item=item)

    def outputs(self, **others: Any) -> dict[str, Any]:
        """What `terraform output` tells of it."""
        return {
            "environment": "local",
            "region": REGION,
            "websocket_url": "ws://127.0.0.1:4566/production",
            "management_endpoint": "http://127.0.0.1:4566/production",
            "table_names": {"connections": self.connections, "subscriptions": self.subscriptions},
            "function_names": {"sweep": "milequest-local-sweep"},
            "app_id": "1",
            "app_key": "key-1",
            "apps_secret_name": self._secret,
            "stage": "production",
            "api_id": "abcdefghij",
            "failure_queue_url": "http://127.0.0.1:4566/1/milequest-local-failures",
            "max_data_bytes": 10_240,
            **others,
        }

    def announce(self, folder: Path, url: str | None = None) -> None:
        """Write outputs.json as `ops local up` does."""
        outputs = self.outputs(aws_endpoint_url=url or self.url)
        (folder / "outputs.json").write_text(json.dumps(outputs))
