from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.contract.aws import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


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
