"""Lambda's Invoke API as boto3 sees it."""

import asyncio
from typing import Any

import pytest

from ops.local.functions import FunctionNotFound, TooManyRequests
from ops.local.gateway.invoke import parse_path
from tests.unit.local.harness import Crash, Handler, Stack, raises, serving

ARN = "arn:aws:lambda:us-east-1:123456789012:function:sweep"


def raising(error: Exception) -> Handler:
    def handler(event: object) -> object:
        raise error

    return handler


async def invoke(stack: Stack, **arguments: Any) -> Any:
    client = stack.aws("lambda")

    def run() -> Any:
        answer = client.invoke(**{"FunctionName": "sweep"} | arguments)
        return answer | {"Payload": answer["Payload"].read()}

    try:
        return await asyncio.to_thread(run)
    finally:
        client.close()


async def test_a_function_that_raises_is_200_with_the_error_in_a_header():
    async with serving() as stack:
        stack.functions.on("sweep", raising(Crash("boom")))
        answer = await invoke(stack)
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert b'"errorMessage": "boom"' in answer["Payload"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FunctionNotFound("x"), "ResourceNotFoundException"),
        (TooManyRequests("x"), "TooManyRequestsException"),
    ],
)
async def test_errors_are_the_classes_of_the_service_model(error, kind):
    async with serving() as stack:
        stack.functions.on("sweep", raising(error))
        await raises(kind, invoke(stack))


async def test_an_event_for_a_function_that_is_not_there_is_not_found():
    async with serving() as stack:
        await raises("ResourceNotFoundException", invoke(stack, InvocationType="Event"))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"FunctionName": ARN}, ARN),
        ({"FunctionName": "sweep", "Qualifier": "live"}, "sweep:live"),
        ({"FunctionName": ARN, "Qualifier": "3"}, f"{ARN}:3"),
    ],
)
async def test_arns_and_qualifiers_arrive(arguments, name):
    async with serving() as stack:
        await invoke(stack, **arguments)
        assert stack.functions.counts == {name: 1}


@pytest.mark.parametrize("path", ["/2015-03-31/functions/x", "/2015-03-31/functions", "/"])
def test_other_paths_of_lambda_are_motos(path):
    assert parse_path(path) is None
