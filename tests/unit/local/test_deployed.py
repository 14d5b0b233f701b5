"""What the gateway reads of the APIs that moto holds."""

import asyncio

import pytest

from ops.local.deployed import Api, Deployed, read_moto
from tests.unit.local.harness import serving


def create(client, **stage):
    """Create an API as the stack does, and return its id."""
    integration = {"IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST"}
    api_id = client.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.event")[
        "ApiId"
    ]
    made = client.create_integration(ApiId=api_id, IntegrationUri="arn:x", TimeoutInMillis=5000, **integration)
    target = f"integrations/{made['IntegrationId']}"
    client.create_route(ApiId=api_id, RouteKey="$default", Target=target)
    two_way = {"RouteResponseSelectionExpression": "$default"}
    route = client.create_route(ApiId=api_id, RouteKey="echo", Target=target, **two_way)
    client.create_route(ApiId=api_id, RouteKey="half", Target=target, **two_way)
    client.create_route_response(ApiId=api_id, RouteId=route["RouteId"], RouteResponseKey="$default")
    client.create_route(ApiId=api_id, RouteKey="bare")
    if stage:
        client.create_stage(ApiId=api_id, **stage)
    return api_id


async def test_an_api_is_read_as_it_was_created():
    async with serving() as stack:
        client = stack.aws("apigatewayv2")
        live = {"StageName": "production", "AutoDeploy": True, "StageVariables": {"a": "1"}}
        api_id = await asyncio.to_thread(create, client, **live)
        found = Deployed().get(api_id)
        assert found is not None
        assert (found.name, found.region) == ("chat", "us-east-1")
        assert found.selection == "$request.body.event"
        assert found.stages == {"production": {"a": "1"}}
        assert {key: route.two_way for key, route in found.routes.items()} == {
            "$default": False,
            "echo": True,
            "half": False,
            "bare": False,
        }
        integration = found.routes["echo"].integration
        assert integration is not None
        assert (integration.kind, integration.uri, integration.timeout) == (
            "AWS_PROXY",
            "arn:x",
            5.0,
        )
        assert found.routes["bare"].integration is None
        await asyncio.to_thread(client.delete_api, ApiId=api_id)
        assert Deployed().get(api_id) is None
        client.close()


async def test_a_stage_without_a_deployment_and_an_http_api_serve_nobody():
    async with serving() as stack:
        client = stack.aws("apigatewayv2")
        api_id = await asyncio.to_thread(create, client, StageName="idle")
        other = await asyncio.to_thread(client.create_api, Name="web", ProtocolType="HTTP")
        found = {api.api_id: api for api in read_moto()}
        assert found[api_id].stages == {}
        assert other["ApiId"] not in found
        for one in (api_id, other["ApiId"]):
            await asyncio.to_thread(client.delete_api, ApiId=one)
        client.close()


FIRST = Api("first1", "us-east-1", stages={"production": {}, "shared": {}})
SECOND = Api("second", "eu-west-1", stages={"shared": {}})


@pytest.mark.parametrize(
    ("host", "stage", "found"),
    [
        ("127.0.0.1:4566", "production", FIRST),
        ("127.0.0.1:4566", "shared", None),
        ("127.0.0.1:4566", "absent", None),
        ("second.execute-api.us-east-1.amazonaws.com", "shared", SECOND),
        ("FIRST1.execute-api.localhost:4566".lower(), "shared", FIRST),
        ("second.execute-api.localhost:4566", "production", None),
        ("nobody.execute-api.localhost", "production", FIRST),
        ("", "", None),
    ],
)
def test_which_api_serves_a_client(host, stage, found):
    assert Deployed(lambda: [FIRST, SECOND]).find(host, stage) == found
