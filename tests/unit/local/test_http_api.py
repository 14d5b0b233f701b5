"""An HTTP API, asked over the network under its own host name."""

import asyncio
import json

import pytest

from ops.local.deployed import Api, Route
from ops.local.functions import FunctionNotFound, TooManyRequests
from ops.local.gateway.http_api import MAX_BODY
from tests.unit.local.harness import Crash, Stack, api, http_api, serving

HOST = "hijklmnopq.execute-api.localhost:4566"


async def ask(stack: Stack, method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str):
    named = {"Host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await stack.request(method, path, body, named)


async def test_a_function_sees_the_request_and_its_answer_reaches_the_client():
    async with serving(api(), http_api()) as stack:
        answer = {"statusCode": 202, "headers": {"X-Seen": "yes"}, "cookies": ["a=1", "b=2"], "body": '{"ok": 1}'}
        stack.functions.on("$default", answer)
        status, headers, body = await ask(
            stack, "POST", "/apps/1?x=1&x=2", b'{"a": 1}', Content_Type="application/json"
        )
        event = await stack.functions.next("$default")
    assert (status, body) == (202, b'{"ok": 1}')
    assert headers["x-seen"] == "yes"
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert headers["content-type"] == "text/plain;charset=utf-8"
    assert headers["apigw-requestid"] == event["requestContext"]["requestId"]
    assert (event["rawPath"], event["body"]) == ("/apps/1", '{"a": 1}')
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["headers"]["host"] == HOST
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


async def test_what_a_client_says_of_proxies_is_kept_before_its_own_address():
    async with serving(http_api()) as stack:
        await ask(stack, X_Forwarded_For="192.0.2.1")
        event = await stack.functions.next("$default")
    assert event["headers"]["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


async def test_an_answer_without_a_status_is_json():
    async with serving(http_api()) as stack:
        stack.functions.on("$default", lambda event: {"path": event["rawPath"]})
        status, headers, body = await ask(stack, path="/x")
    assert (status, json.loads(body)) == (200, {"path": "/x"})
    assert headers["content-type"] == "application/json"


async def test_routes_choose_the_function_and_the_rest_is_not_found():
    async with serving(http_api("GET /apps/{app}", "ANY /users/{rest+}")) as stack:
        assert (await ask(stack, path="/apps/7"))[0] == 200
        assert (await stack.functions.next("GET /apps/{app}"))["pathParameters"] == {"app": "7"}
        assert (await ask(stack, "DELETE", "/users/a/b"))[0] == 200
        assert (await stack.functions.next("ANY /users/{rest+}"))["pathParameters"] == {"rest": "a/b"}
        status, _, body = await ask(stack, "POST", "/apps/7")
        assert (status, json.loads(body)) == (404, {"message": "Not Found"})


async def test_a_named_stage_is_the_first_part_of_the_path():
    async with serving(http_api("GET /x", stage="beta")) as stack:
        assert (await ask(stack, path="/beta/x"))[0] == 200
        event = await stack.functions.next("GET /x")
        assert (event["rawPath"], event["requestContext"]["stage"]) == ("/beta/x", "beta")
        assert (await ask(stack, path="/x"))[0] == 404


def crash(event):
    raise Crash("boom")


def missing(event):
    raise FunctionNotFound("x")


def throttled(event):
    raise TooManyRequests("x")


@pytest.mark.parametrize("handler", [crash, missing, throttled, {"statusCode": "no"}, {"statusCode": 200, "body": {}}])
async def test_a_function_that_fails_is_an_internal_error(handler):
    async with serving(http_api()) as stack:
        stack.functions.on("$default", handler)
        status, headers, body = await ask(stack)
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    assert headers["content-type"].startswith("application/json")


async def test_a_function_that_is_late_is_unavailable():
    async with serving(http_api(timeout=0.05)) as stack:
        stack.functions.on("$default", lambda event: asyncio.Event().wait())
        status, _, body = await ask(stack)
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})


async def test_10_mb_pass_and_one_byte_more_is_too_large():
    async with serving(http_api()) as stack:
        stack.functions.on("$default", lambda event: {"length": len(event["body"])})
        status, _, body = await ask(stack, "POST", "/", b"x" * MAX_BODY, Content_Type="text/plain")
        assert (status, json.loads(body)) == (200, {"length": MAX_BODY})
        status, _, body = await ask(stack, "POST", "/", b"x" * (MAX_BODY + 1), Content_Type="text/plain")
        assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})
        assert stack.functions.counts == {"$default": 1}


async def test_a_binary_body_goes_both_ways():
    async with serving(http_api()) as stack:
        stack.functions.on(
            "$default", lambda event: {"statusCode": 200, "body": event["body"], "isBase64Encoded": True}
        )
        assert (await ask(stack, "POST", "/", bytes(range(256))))[2] == bytes(range(256))


async def test_a_head_request_gets_no_body():
    async with serving(http_api()) as stack:
        stack.functions.on("$default", {"statusCode": 200, "body": "text"})
        status, headers, body = await ask(stack, "HEAD")
    assert (status, headers["content-length"], body) == (200, "4", b"")


@pytest.mark.parametrize("changes", [{"payload": "1.0"}, {"authorization": "JWT"}])
async def test_what_is_not_imitated_is_an_error_and_not_a_guess(changes):
    authorization = changes.pop("authorization", "NONE")
    made = http_api(**changes)
    route = Route("$default", made.routes["$default"].integration, authorization=authorization)
    async with serving(
        Api(made.api_id, "us-east-1", protocol="HTTP", stages=made.stages, routes={"$default": route})
    ) as stack:
        assert (await ask(stack))[0] == 500
        assert stack.functions.counts == {}


async def test_the_access_log_has_the_route_and_neither_query_nor_body():
    async with serving(http_api()) as stack:
        await ask(stack, "POST", "/apps/1?signature=hidden", b"hidden")
        line = stack.log.getvalue()
    assert "hidden" not in line
    told = json.loads(line)
    assert (told["apiId"], told["stage"], told["routeKey"]) == ("hijklmnopq", "$default", "$default")
    assert (told["httpMethod"], told["status"]) == ("POST", 200)
