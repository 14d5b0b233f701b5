"""What the adapters talk to in these tests: an account, and the tables, the queue and the secret in moto."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from realtime.aws.json_service import JsonService, Patience
from realtime.aws.service import Account
from realtime.aws.sigv4 import Credentials
from realtime.wiring import TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeDefinitionTypeDef, KeySchemaElementTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
_numbers = itertools.count()


def account(url: str, **endpoints: str) -> Account:
    """An account whose services are all at `url`, except for those in `endpoints`."""
    return Account(REGION, Credentials("AKIA", "secret"), lambda name: endpoints.get(name, url), lambda: 1_700_000_000)


def patience(*, attempts: int = 3, timeout: float = 30.0, pauses: list[int] | None = None) -> Patience:
    """Patience without pauses; the numbers of those that it would have made are in `pauses`."""
    made: list[int] = [] if pauses is None else pauses
    return Patience(attempts, timeout, made.append)


def dynamodb(account: Account, patience: Patience) -> JsonService:
    return JsonService(account, "dynamodb", "DynamoDB_20120810", "1.0", patience)


def create_tables(client: DynamoDBClient) -> TableNames:
    """Create the five tables (docs/architecture.md, "Tables") under new names; return these."""
    number = next(_numbers)
    names = TableNames(*(f"test-{number}-{name}" for name in TableNames._fields))
    client.create_table(
        TableName=names.connections,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("connectionId"),
        AttributeDefinitions=_attributes(connectionId="S", teamId="S", connectedAt="N"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "team-connectedAt",
                "KeySchema": _keys("teamId", "connectedAt"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    _create_table(client, names.subscriptions, "channel", "connectionId")
    _create_table(client, names.members, "channel", "userId")
    _create_table(client, names.channels, "appId", "channel")
    _create_table(client, names.state, "id")
    return names


def table_variables(names: TableNames) -> dict[str, str]:
    """The environment of a function that says what the tables are called."""
    return {f"{name.upper()}_TABLE": table for name, table in names._asdict().items()}


def create_queue(client: SQSClient) -> str:
    """Create the queue of tasks under a new name; return its URL."""
    return client.create_queue(QueueName=f"test-{next(_numbers)}-tasks")["QueueUrl"]


def create_secret(client: SecretsManagerClient, key: str, secret: str) -> str:
    """Create the secret of app 1 with one active key; return its name."""
    name = f"test-{next(_numbers)}/apps"
    keys = [{"key": key, "secret": secret, "state": "active", "createdAt": "2026-01-01T00:00:00Z"}]
    client.create_secret(Name=name, SecretString=json.dumps({"apps": [{"id": "1", "name": "default", "keys": keys}]}))
    return name


def _create_table(client: DynamoDBClient, name: str, *keys: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys(*keys),
        AttributeDefinitions=_attributes(**dict.fromkeys(keys, "S")),
    )


def _keys(partition: str, sort: str | None = None) -> list[KeySchemaElementTypeDef]:
    schema: list[Any] = [{"AttributeName": partition, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": sort, "KeyType": "RANGE"}] if sort else schema


def _attributes(**types: str) -> list[AttributeDefinitionTypeDef]:
    attributes: list[Any] = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    return attributes
