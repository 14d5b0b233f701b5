"""The adapters of the tables over moto, and a way to come between two of their calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from realtime.aws.json_service import Item, JsonService
from realtime.aws.tables.channels import DynamoChannels
from realtime.aws.tables.connections import DynamoConnections
from realtime.aws.tables.members import DynamoMembers
from realtime.aws.tables.sharing import DynamoBuffers, DynamoQuota, DynamoShares
from realtime.aws.tables.state import DynamoState
from realtime.aws.tables.subscriptions import DynamoSubscriptions
from realtime.ports import Buffers, Quota, Shares, Tables
from tests.contract.aws import account, create_tables, dynamodb, patience
from tests.fakes import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from realtime.wiring import TableNames


class Interrupted(JsonService):
    """DynamoDB to which something else happens `before` a call of an operation: once for each entry, in order."""

    def __init__(self, url: str) -> None:
        super().__init__(account(url), "dynamodb", "DynamoDB_20120810", "1.0", patience())
        self.before: list[tuple[str, Callable[[], object]]] = []
        self.made: list[str] = []

    def call(self, operation: str, body: Mapping[str, Any]) -> Item:
        if self.before and self.before[0][0] == operation:
            self.before.pop(0)[1]()
        self.made.append(operation)
        return super().call(operation, body)


def adapters(service: JsonService, names: TableNames) -> Tables:
    """The adapters, for which it is NOW."""
    return Tables(
        DynamoConnections(service, names.connections),
        DynamoSubscriptions(service, names.subscriptions),
        DynamoMembers(service, names.members, lambda: NOW / 1000),
        DynamoChannels(service, names.channels),
        DynamoState(service, names.state),
    )


def tables_of(client: DynamoDBClient, url: str) -> Tables:
    """The adapters over new tables."""
    return adapters(dynamodb(account(url), patience()), create_tables(client))


class Kept(NamedTuple):
    """What large publishes and events that wait keep."""

    shares: Shares
    quota: Quota
    buffers: Buffers


def kept(service: JsonService, table: str) -> Kept:
    """The adapters over the table `state`."""
    return Kept(DynamoShares(service, table), DynamoQuota(service, table), DynamoBuffers(service, table))


def kept_of(client: DynamoDBClient, url: str) -> Kept:
    """The adapters over a new table."""
    return kept(dynamodb(account(url), patience()), create_tables(client).state)
