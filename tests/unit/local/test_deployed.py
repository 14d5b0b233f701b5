"""What the gateway reads of the APIs that moto holds."""

import asyncio

import pytest

from ops.local.deployed import HTTP, WEBSOCKET, Api, Deployed, Integration, read_moto
from tests.unit.local.harness import create_http, serving


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


async def test_a_stage_without_a_deployment_serves_nobody():
    async with serving() as stack:
        client = stack.aws("apigatewayv2")
        api_id = await asyncio.to_thread(create, client, StageName="idle")
        found = {api.api_id: api for api in read_moto()}
        assert found[api_id].stages == {}
        await asyncio.to_thread(client.delete_api, ApiId=api_id)
        client.close()


@pytest.mark.parametrize(
    ("given", "integration"),
    [
        ({"PayloadFormatVersion": "2.0"}, Integration("AWS_PROXY", "arn:y", 30.0, "2.0")),
        ({"TimeoutInMillis": 50}, Integration("AWS_PROXY", "arn:y", 0.05, "1.0")),
    ],
)
async def test_an_http_api_is_read_too(given, integration):
    async with serving() as stack:
        client = stack.aws("apigatewayv2")
        api_id = await asyncio.to_thread(create_http, client, "arn:y", **given)
        found = Deployed().named(f"{api_id}.execute-api.us-east-1.amazonaws.com", HTTP)
        assert found is not None
        assert (found.protocol, dict(found.stages)) == (HTTP, {"$default": {}})
        assert found.routes["$default"].integration == integration
        assert Deployed().named(f"{api_id}.execute-api.localhost", WEBSOCKET) is None
        assert api_id not in {api.api_id for api in Deployed().apis(WEBSOCKET)}
        await asyncio.to_thread(client.delete_api, ApiId=api_id)
        client.close()


def test_the_only_api_of_a_protocol_is_found_with_its_stage():
    web = Api("web", "us-east-1", protocol=HTTP, stages={"$default": {}})
    chat = Api("chat", "us-east-1", stages={"production": {}})
    deployed = Deployed(lambda: [web, chat])
    assert deployed.only(HTTP) == (web, "$default")
    assert deployed.only(WEBSOCKET) == (chat, "production")
    assert Deployed(lambda: [chat, FIRST]).only(WEBSOCKET) is None
    assert Deployed(lambda: [FIRST]).only(WEBSOCKET) is None
    assert Deployed(lambda: [FIRST]).only(HTTP) is None


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
