"""The chat of chat_handler.py, deployed onto a local AWS that runs: an API, a table and functions of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.libraries import BOTO3
from ops.environments import Deployment

_NAME, _STAGE = "bench-chat", "chat"
# What the samples' template gives their functions.
MEMORY_MB = 256
_HANDLER = Path(__file__).with_name("chat_handler.py")
# Of botocore's data: the services that it calls. All of it would be 25 MB.
_SERVICES = ("apigatewaymanagementapi", "dynamodb")
_ROUTES = {"$connect": "connect", "$disconnect": "disconnect", "sendmessage": "send"}


@dataclass(frozen=True, slots=True)
class Chat:
    """Where its clients connect; the log group of what sends, and its table."""

    url: str
    log_group: str
    table: str


def deploy(deployment: Deployment) -> Chat:
    """Create it all."""
    table = _create_table(deployment.client("dynamodb"))
    gateway, functions = deployment.client("apigatewayv2"), deployment.client("lambda")
    api = gateway.create_api(Name=_NAME, ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")[
        "ApiId"
    ]
    endpoint = urlsplit(str(deployment.endpoint_url))
    environ = {"TABLE_NAME": table, "MANAGEMENT_ENDPOINT": f"{deployment.endpoint_url}/{_STAGE}"}
    # Any role will do: nobody holds it to its permissions here.
    ours = functions.get_function(FunctionName=deployment.outputs["function_names"]["websocket-broadcast"])
    code, region, role = _package(), deployment.outputs["region"], ours["Configuration"]["Role"]
    for route, function in _ROUTES.items():
        deployment.client("logs").create_log_group(logGroupName=f"/aws/lambda/{_NAME}-{function}")
        arn = functions.create_function(
            FunctionName=f"{_NAME}-{function}",
            Runtime="python3.11",
            Role=role,
            Handler=f"chat_handler.{function}",
            Code={"ZipFile": code},
            Timeout=29,
            MemorySize=MEMORY_MB,
            Environment={"Variables": environ},
        )["FunctionArn"]
        uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        integration = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri)
        target = f"integrations/{integration['IntegrationId']}"
        gateway.create_route(ApiId=api, RouteKey=route, Target=target)
    gateway.create_stage(ApiId=api, StageName=_STAGE, AutoDeploy=True)
    return Chat(f"ws://{endpoint.netloc}/{_STAGE}", f"/aws/lambda/{_NAME}-send", table)


def _create_table(dynamodb: Any) -> str:
    dynamodb.create_table(
        TableName=_NAME,
        AttributeDefinitions=[{"AttributeName": "connectionId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "connectionId", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return _NAME


def _package() -> bytes:
    """The zip. A sandbox sees nothing that is installed here, so boto3 is in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(_HANDLER, _HANDLER.name)
        for library in BOTO3:
            for name, path in _files(metadata.distribution(library)):
                archive.write(path, name)
    return packed.getvalue()


def _files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or []:
        data = file.parts[2] if file.parts[:2] == ("botocore", "data") else None
        unwanted = data is not None and "." not in data and data not in _SERVICES
        if file.parts[0] != ".." and "__pycache__" not in file.parts and not unwanted:
            yield str(file), Path(str(distribution.locate_file(file)))
