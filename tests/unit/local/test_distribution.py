"""Through the edge to both APIs: what clients ask for, what handlers see."""

import asyncio
import json
from typing import Any

import pytest

from ops.local.deployed import WEBSOCKET
from ops.local.edge import Behaviour, Edge
from tests.unit.local.harness import API, STAGE, api, http_api, serving

KEY_PATH = "/app/278d425bdf160c739803?protocol=7&client=js&version=8.4.0&flash=false"


async def test_a_pusher_client_connects_by_its_key():
    async with serving(api(), http_api()) as stack:
        await stack.connect(KEY_PATH, origin="https://app.example.com")
        event = await stack.functions.next("$connect")
        assert event["queryStringParameters"] == {
            "key": "278d425bdf160c739803",
            "protocol": "7",
            "client": "js",
            "version": "8.4.0",
            "flash": "false",
        }
        assert event["headers"]["Origin"] == "https://app.example.com"
        assert event["headers"]["Host"] == f"{API}.execute-api.us-east-1.amazonaws.com"
        assert event["requestContext"]["stage"] == STAGE


async def test_a_connection_through_the_edge_is_one_like_any_other():
    async with serving() as stack:
        client = await stack.connect(KEY_PATH)
        connection_id = (await stack.functions.next("$connect"))["requestContext"]["connectionId"]
        await stack.post(connection_id)
        assert await client.receive() == "hello"
        await client.send("x")
        assert (await stack.functions.next("$default"))["body"] == "x"
        await client.close()
        assert (await stack.disconnected())[0] == 1000


@pytest.mark.parametrize("answered", [{"Sec-WebSocket-Protocol": "pusher"}, {}])
async def test_the_subprotocol_is_echoed_only_where_connect_says_so(answered):
    async with serving() as stack:
        stack.functions.on("$connect", {"statusCode": 200, "headers": answered})
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.gateway.port)
        writer.write(
            f"GET {KEY_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: pusher\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.close()
        await writer.wait_closed()
    assert head.startswith("HTTP/1.1 101")
    assert ("Sec-WebSocket-Protocol: pusher" in head) is bool(answered)


async def test_connect_may_refuse_through_the_edge():
    async with serving() as stack:
        stack.functions.on("$connect", {"statusCode": 401})
        assert (await stack.refused(KEY_PATH))[0] == 401


async def test_what_the_function_refuses_never_reaches_an_api():
    async with serving() as stack:
        assert (await stack.refused("/app/KEY/more"))[0] == 404
        assert stack.functions.counts == {}


async def test_the_stages_own_path_still_connects():
    async with serving() as stack:
        await stack.connect(f"/{STAGE}?token=t")
        assert (await stack.functions.next("$connect"))["headers"]["Host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("path", ["/apps/1/events?auth_key=k", "/users/u/terminate_connections", "/config"])
async def test_server_sdks_reach_the_http_api(path):
    async with serving(api(), http_api()) as stack:
        status, _, _ = await stack.request("POST", path, '{"name": "x"}', {"Content-Type": "application/json"})
        event = await stack.functions.next("$default")
    assert status == 200
    assert event["rawPath"] == path.partition("?")[0]
    assert event["rawQueryString"] == path.partition("?")[2]
    assert event["body"] == '{"name": "x"}'
    assert event["headers"]["host"] == event["requestContext"]["domainName"]


async def test_a_bucket_named_like_a_path_of_the_edge_is_still_a_bucket():
    async with serving(api(), http_api()) as stack:
        client = stack.aws("s3")
        with pytest.raises(client.exceptions.NoSuchBucket):
            await asyncio.to_thread(client.list_objects_v2, Bucket="apps", Prefix="x")
        with pytest.raises(client.exceptions.ClientError, match="NoSuchBucket"):
            await asyncio.to_thread(client.get_object, Bucket="apps", Key="x")
        client.close()
        assert stack.functions.counts == {}


@pytest.mark.parametrize("apis", [[api()], [api(), http_api(), http_api(api_id="another")]])
async def test_without_exactly_one_http_api_the_edge_has_no_origin(apis):
    async with serving(*apis) as stack:
        status, _, body = await stack.request("GET", "/config")
        assert status == 502
        assert "one HTTP API" in json.loads(body)["message"]


async def test_without_exactly_one_websocket_api_the_edge_has_no_origin():
    async with serving(http_api()) as stack:
        assert (await stack.refused(KEY_PATH))[0] == 502


async def test_a_request_that_is_no_handshake_is_forbidden_at_the_websocket_api():
    async with serving() as stack:
        status, _, body = await stack.request("GET", KEY_PATH)
        assert (status, json.loads(body)) == (403, {"message": "Forbidden"})


async def test_a_function_that_fails_is_unavailable(tmp_path: Any):
    broken = tmp_path / "function.js"
    broken.write_text("function handler(event) { throw new Error('hidden') }")
    async with serving(edge=Edge((Behaviour("/app/*", WEBSOCKET, rewritten=True),), broken)) as stack:
        status, body = await stack.refused(KEY_PATH)
        assert status == 503
        assert "hidden" not in body["message"]
        assert stack.functions.counts == {}


async def test_a_function_that_answers_sends_its_headers_and_body(tmp_path: Any):
    answering = tmp_path / "function.js"
    answering.write_text(
        "function handler(event) {"
        " return {statusCode: 418, headers: {'content-type': {value: 'text/tea'}}, body: 'pot'} }"
    )
    async with serving(edge=Edge((Behaviour("/tea", WEBSOCKET, rewritten=True),), answering)) as stack:
        status, headers, body = await stack.request("GET", "/tea")
        assert (status, headers["content-type"], body) == (418, "text/tea", b"pot")
