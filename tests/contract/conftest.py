from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from realtime.ports import Tables
from tests.contract.adapters import tables_of
from tests.contract.aws import REGION
from tests.fakes import FakeChannels, FakeConnections, FakeMembers, FakeState, FakeSubscriptions

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
