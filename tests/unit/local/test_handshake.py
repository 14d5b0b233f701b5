"""The upgrade: statuses, what $connect sees, what reaches the client."""

import asyncio
import re
from typing import Any

import pytest
import websocket

from ops.local.deployed import Api, Authorizer, Integration, Route
from ops.local.functions import FunctionNotFound, TooManyRequests
from tests.unit.local.harness import API, STAGE, Crash, api, raises, serving


@pytest.mark.parametrize("status", [200, 201, 204, "200"])
async def test_any_2xx_of_connect_upgrades(status):
    async with serving() as stack:
        stack.functions.on("$connect", {"statusCode": status})
        client = await stack.connect()
        assert client.ws.status == 101


@pytest.mark.parametrize("status", [400, 401, 403, 501])
async def test_other_statuses_of_connect_are_the_clients(status):
    async with serving() as stack:
        stack.functions.on("$connect", {"statusCode": status, "body": "secret"})
        seen, body = await stack.refused()
        assert seen == status
        assert set(body) == {"message", "connectionId", "requestId"}
        assert len(stack.parts.connections) == 0


async def test_a_redirect_of_connect_arrives_without_its_location():
    async with serving() as stack:
        stack.functions.on("$connect", {"statusCode": 301, "headers": {"Location": "ws://x"}})
        with pytest.raises(websocket.WebSocketException, match="without Location.*301"):
            await stack.connect()


def crash(event):
    raise Crash("boom")


def missing(event):
    raise FunctionNotFound("x")


def throttled(event):
    raise TooManyRequests("x")


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (crash, 502),
        (None, 502),
        ({"statusCode": 200, "message": "extra"}, 502),
        ({"statusCode": 101}, 502),
        ({"body": "no status"}, 502),
        ({"statusCode": 200, "body": 5}, 502),
        ({"statusCode": True}, 502),
        (lambda event: "text", 502),
        (missing, 500),
        (throttled, 500),
    ],
)
async def test_a_connect_that_fails_refuses_the_client(handler, status):
    async with serving() as stack:
        stack.functions.on("$connect", handler)
        seen, body = await stack.refused()
        assert (seen, body["message"]) == (status, "Internal server error")


async def test_a_connect_that_is_late_gives_504():
    async with serving(api(timeout=0.05)) as stack:
        stack.functions.on("$connect", lambda event: asyncio.Event().wait())
        assert (await stack.refused())[0] == 504


@pytest.mark.parametrize("path", ["/", "/other", f"/{STAGE}/app", f"/{STAGE}/app/KEY", f"//{STAGE}", f"/{STAGE}//"])
async def test_any_path_but_the_stage_is_forbidden_before_a_handler_runs(path):
    async with serving() as stack:
        assert await stack.refused(path) == (403, {"message": "Forbidden"})
        assert stack.functions.counts == {}


@pytest.mark.parametrize("path", [f"/{STAGE}", f"/{STAGE}/", f"/{STAGE}?a=1", f"/{STAGE}/?a=1"])
async def test_the_stage_with_or_without_a_slash_connects(path):
    async with serving() as stack:
        await stack.connect(path)


async def test_the_host_names_the_api():
    async with serving() as stack:
        await stack.connect(host=f"{API}.execute-api.localhost")


async def test_without_a_connect_route_everybody_connects():
    async with serving(api(keys=["$default"])) as stack:
        client = await stack.connect()
        await client.send("x")
        await stack.functions.next("$default")


async def test_connect_sees_what_api_gateway_shows():
    async with serving() as stack:
        await stack.connect(f"/{STAGE}?token=a%20b&tag=x&tag=y", header=["x-Team: 123"])
        event = await stack.functions.next("$connect")
    names = set(event["headers"])
    assert {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "x-Team"} <= names
    assert {"X-Amzn-Trace-Id", "X-Forwarded-For"} <= names
    assert not {"connection", "upgrade", "content-length"} & {name.lower() for name in names}
    assert event["queryStringParameters"] == {"token": "a b", "tag": "y"}
    assert event["multiValueQueryStringParameters"] == {"token": ["a b"], "tag": ["x", "y"]}
    context = event["requestContext"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", context["connectionId"])
    assert context["requestId"] == context["extendedRequestId"]
    assert context["identity"] == {"sourceIp": "127.0.0.1"}
    assert not {"body", "path", "httpMethod", "messageId"} & {*event, *context}


async def test_only_the_subprotocol_passes_from_connect_to_the_client():
    answer = {"statusCode": 200, "headers": {"sec-websocket-protocol": "chat", "X-Other": "1"}}
    async with serving() as stack:
        stack.functions.on("$connect", answer)
        client = await stack.connect(subprotocols=["chat", "talk"])
        assert client.ws.getsubprotocol() == "chat"
        assert "x-other" not in (client.ws.getheaders() or {})


async def test_posts_get_410_while_connect_is_pending():
    async with serving() as stack:
        go = asyncio.Event()

        async def wait(event):
            await go.wait()
            return {"statusCode": 200}

        stack.functions.on("$connect", wait)
        connecting = asyncio.create_task(stack.connect())
        event = await stack.functions.next("$connect")
        connection_id = event["requestContext"]["connectionId"]
        assert stack.parts.connections.pending == 1
        await raises("GoneException", stack.post(connection_id))
        go.set()
        client = await connecting
        await stack.post(connection_id)
        assert await client.receive() == "hello"


async def test_a_client_that_leaves_during_connect_is_disconnected():
    async with serving() as stack:
        go = asyncio.Event()

        async def wait(event):
            await go.wait()
            return {"statusCode": 200}

        stack.functions.on("$connect", wait)
        _, writer = await asyncio.open_connection("127.0.0.1", stack.gateway.port)
        writer.write(
            f"GET /{STAGE} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        await stack.functions.next("$connect")
        writer.transport.abort()
        await stack.control("GET", "health")  # the loop reads the abort before this
        go.set()
        assert await stack.disconnected() == (1006, "")


@pytest.mark.parametrize(
    "headers",
    [
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
        "Sec-WebSocket-Version: 13\r\n",
    ],
)
async def test_a_malformed_handshake_is_a_bad_request(headers):
    async with serving() as stack:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.gateway.port)
        head = f"GET /{STAGE} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        writer.write(f"{head}{headers}\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()


def guarded(**changes: Any) -> Api:
    integration = Integration("AWS_PROXY", "$connect")
    authorizer = Authorizer("guard", ("route.request.querystring.token",))
    settings: dict[str, Any] = {"authorization": "CUSTOM", "authorizer": authorizer} | changes
    return api(routes={"$connect": Route("$connect", integration, **settings)})


def policy(effect: str = "Allow", resource: str = "*", **context: object) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "walker",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def unauthorized(event):
    raise Crash("Unauthorized")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (unauthorized, 401),
        (crash, 500),
        ({"isAuthorized": True}, 500),
        (policy("Deny"), 403),
        (policy(resource=f"arn:aws:execute-api:us-east-1:123456789012:{API}/{STAGE}/*/*"), 403),
    ],
)
async def test_an_authorizer_refuses(answer, status):
    async with serving(guarded()) as stack:
        stack.functions.on("guard", answer)
        assert (await stack.refused(f"/{STAGE}?token=t"))[0] == status
        assert stack.functions.counts == {"guard": 1}


async def test_without_its_identity_source_the_authorizer_is_not_asked():
    async with serving(guarded()) as stack:
        assert (await stack.refused())[0] == 401
        assert stack.functions.counts == {}


async def test_an_authorizers_context_is_in_every_later_event_as_text():
    async with serving(guarded()) as stack:
        stack.functions.on("guard", policy(admin=True, level=1))
        client = await stack.connect(f"/{STAGE}?token=t")
        asked = await stack.functions.next("guard")
        assert asked["methodArn"].endswith(f":{API}/{STAGE}/$connect")
        assert "Upgrade" in asked["headers"]
        await client.send("x")
        await client.close()
        for name in ("$connect", "$default", "$disconnect"):
            context = (await stack.functions.next(name))["requestContext"]
            expected = {"principalId": "walker", "admin": "true", "level": "1"}
            assert context["authorizer"] == expected


@pytest.mark.parametrize("changes", [{"authorization": "AWS_IAM"}, {"authorization": "NONE", "api_key_required": True}])
async def test_iam_and_api_keys_refuse_who_brings_none(changes):
    async with serving(guarded(**changes)) as stack:
        assert (await stack.refused())[0] == 403
