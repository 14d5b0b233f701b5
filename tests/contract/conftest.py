from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from realtime.ports import Tables
from tests.contract.adapters import Kept, kept_of, tables_of
from tests.contract.aws import REGION, account, create_queue, create_secret, create_tables, table_variables
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.contract.counted import KEY, SECRET, Backend
from tests.contract.http_double import HttpDouble
from tests.fakes import (
    FakeBuffers,
    FakeChannels,
    FakeConnections,
    FakeMembers,
    FakeQuota,
    FakeShares,
    FakeState,
    FakeSubscriptions,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _client(service: Any, url: str) -> Any:
    session = boto3.session.Session("AKIA", "secret", region_name=REGION)
    return session.client(service, endpoint_url=url)


@pytest.fixture(scope="session")
def dynamodb_client(moto_url: str) -> Iterator[DynamoDBClient]:
    with closing(_client("dynamodb", moto_url)) as client:
        yield client


@pytest.fixture(scope="session")
def secrets_client(moto_url: str) -> Iterator[SecretsManagerClient]:
    with closing(_client("secretsmanager", moto_url)) as client:
        yield client


@pytest.fixture(scope="session")
def sqs_client(moto_url: str) -> Iterator[SQSClient]:
    with closing(_client("sqs", moto_url)) as client:
        yield client


@pytest.fixture(params=["fakes", "dynamodb"])
def tables(request: pytest.FixtureRequest) -> Tables:
    """The five tables, new and empty. It is NOW for what looks at the clock."""
    if request.param == "fakes":
        return Tables(
            FakeConnections(page_size=7),
            FakeSubscriptions(page_size=7),
            FakeMembers(page_size=7),
            FakeChannels(page_size=7),
            FakeState(),
        )
    return tables_of(request.getfixturevalue("dynamodb_client"), request.getfixturevalue("moto_url"))


@pytest.fixture(params=["fakes", "dynamodb"])
def kept(request: pytest.FixtureRequest) -> Kept:
    """Progress, bookings and buffers, none yet."""
    if request.param == "fakes":
        return Kept(FakeShares(), FakeQuota(), FakeBuffers())
    return kept_of(request.getfixturevalue("dynamodb_client"), request.getfixturevalue("moto_url"))


@pytest.fixture
def backend(
    moto_url: str, dynamodb_client: DynamoDBClient, secrets_client: SecretsManagerClient, sqs_client: SQSClient
) -> Iterator[Backend]:
    """All ports, which count their calls."""
    with ConnectionsServer() as server, HttpDouble(lambda received: (202, b"")) as functions:
        yield Backend(
            account(moto_url, apigatewaymanagementapi=server.url, **{"lambda": functions.url}),
            {
                **table_variables(create_tables(dynamodb_client)),
                "MANAGEMENT_ENDPOINT": f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}",
                "APPS_SECRET_ID": create_secret(secrets_client, KEY, SECRET),
                "APP_ID": "1",
                "DELIVER_FUNCTION": "deliver",
                "TASKS_QUEUE_URL": create_queue(sqs_client),
            },
            functions,
        )
