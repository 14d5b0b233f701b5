"""What a chat's functions look like in AWS's public WebSocket samples: boto3, a table of connections that is scanned,
a post to one connection after the other. Kinder than those in one thing: the clients are made once, not at every event.

Each invocation prints how often it called AWS.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import boto3

_calls: Counter[str] = Counter()
_table: Any = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
_management: Any = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["MANAGEMENT_ENDPOINT"])

Event = Mapping[str, Any]


def _count(event_name: str, **details: Any) -> None:
    # before-send.dynamodb.Scan
    _, service, operation = event_name.split(".")
    _calls[f"{service}:{operation}"] += 1


for _client in (_table.meta.client, _management):
    _client.meta.events.register("before-send", _count)


def connect(event: Event, context: Any) -> dict[str, int]:
    """$connect: keep the connection."""
    _table.put_item(Item={"connectionId": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def disconnect(event: Event, context: Any) -> dict[str, int]:
    """$disconnect: drop it."""
    _table.delete_item(Key={"connectionId": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def send(event: Event, context: Any) -> dict[str, int]:
    """sendmessage: post the data to every connection."""
    _calls.clear()
    data = json.loads(event["body"])["data"].encode()
    for row in _table.scan(ProjectionExpression="connectionId")["Items"]:
        connection_id = str(row["connectionId"])
        try:
            _management.post_to_connection(ConnectionId=connection_id, Data=data)
        except _management.exceptions.GoneException:
            _table.delete_item(Key={"connectionId": connection_id})
    print(json.dumps({"requestId": context.aws_request_id, "calls": _calls}))
    return {"statusCode": 200}
