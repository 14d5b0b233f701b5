"""boto3, one post after the other: what AWS's sample of a broadcast does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.candidates.task import FRAME, STAGE, Post, Task, measure

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


def client(task: Task, connections: int = 10) -> ApiGatewayManagementApiClient:
    """A client with room for so many connections (10 is what boto3 has by itself)."""
    config = Config(max_pool_connections=connections)
    return boto3.client("apigatewaymanagementapi", endpoint_url=f"{task.url}{STAGE}", verify=task.ca, config=config)


def fails(management: ApiGatewayManagementApiClient, connection_id: str) -> bool:
    """Post the frame to one."""
    try:
        management.post_to_connection(ConnectionId=connection_id, Data=FRAME.encode())
    except (BotoCoreError, ClientError):
        return True
    return False


def prepare(task: Task) -> Post:
    management = client(task)

    def post(connection_ids: Iterable[str]) -> int:
        return sum(fails(management, connection_id) for connection_id in connection_ids)

    return post


if __name__ == "__main__":
    measure(prepare)
