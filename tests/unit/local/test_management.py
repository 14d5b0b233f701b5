"""@connections, called with boto3 where boto3 can."""

import asyncio
import http.client
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.local.events import format_id
from ops.local.management import MAX_DATA, parse_path
from tests.unit.local.harness import PATIENCE, STAGE, Stack, raises, serving

NOBODY = format_id(bytes(11))


async def call(stack: Stack, operation: str, **arguments: Any) -> Any:
    client = stack.aws("apigatewaymanagementapi")
    try:
        return await asyncio.to_thread(getattr(client, operation), **arguments)
    finally:
        client.close()


async def request(
    stack: Stack,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: str | bytes | None = None,
) -> tuple[int, str | None, bytes]:
    """Make a request that boto3 would not make; return status, error type and body."""

    def run() -> tuple[int, str | None, bytes]:
        server = http.client.HTTPConnection("127.0.0.1", stack.gateway.port, timeout=PATIENCE)
        with closing(server):
            signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
            server.request(method, path, body, signed if headers is None else headers)
            response = server.getresponse()
            return response.status, response.headers.get("x-amzn-ErrorType"), response.read()

    return await asyncio.to_thread(run)


async def test_a_post_is_with_the_client_when_it_returns():
    async with serving() as stack:
        client, connection_id = await stack.join()
        for text in ("one", "zwölf", "x" * 100_000):
            await stack.post(connection_id, text.encode())
        assert [await client.receive() for _ in range(3)] == ["one", "zwölf", "x" * 100_000]


async def test_a_closed_connection_and_one_that_never_was_are_gone():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await client.close()
        await stack.disconnected()
        for gone in (connection_id, NOBODY):
            for operation in ("post_to_connection", "get_connection", "delete_connection"):
                data = {"Data": b"x"} if operation == "post_to_connection" else {}
                work = call(stack, operation, ConnectionId=gone, **data)
                response = await raises("GoneException", work)
                assert response["ResponseMetadata"]["HTTPStatusCode"] == 410


@pytest.mark.parametrize("connection_id", ["short", "x" * 17, "BFaT_fALIAMCKug", "BFaT/fALIAMCKug="])
async def test_a_malformed_id_is_a_bad_request(connection_id):
    async with serving() as stack:
        with pytest.raises(ClientError) as caught:
            await call(stack, "get_connection", ConnectionId=connection_id)
        error = caught.value.response["Error"]
        assert error["Code"] == "BadRequestException"
        assert error["Message"] == f"Invalid connectionId: {connection_id}"


async def test_128_kb_pass_and_one_byte_more_is_too_large():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await stack.post(connection_id, b"x" * MAX_DATA)
        assert len(await client.receive()) == MAX_DATA
        work = stack.post(connection_id, b"x" * (MAX_DATA + 1))
        await raises("PayloadTooLargeException", work)


async def test_get_describes_the_connection():
    async with serving() as stack:
        before = datetime.now(UTC).replace(microsecond=0)
        client = await stack.connect(header=["User-Agent: walker/1.0"])
        context = (await stack.functions.next("$connect"))["requestContext"]
        answer = await call(stack, "get_connection", ConnectionId=context["connectionId"])
        assert answer["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "walker/1.0"}
        assert int(answer["ConnectedAt"].timestamp() * 1000) == context["connectedAt"]
        assert before <= answer["ConnectedAt"] <= answer["LastActiveAt"]
        await client.send("x")
        await stack.functions.next("$default")
        later = await call(stack, "get_connection", ConnectionId=context["connectionId"])
        assert later["LastActiveAt"] >= answer["LastActiveAt"]


async def test_delete_closes_with_1000_and_runs_disconnect():
    async with serving() as stack:
        client, connection_id = await stack.join()
        answer = await call(stack, "delete_connection", ConnectionId=connection_id)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        await raises("GoneException", stack.post(connection_id))
        assert (await client.receive_close())[0] == 1000
        assert await stack.disconnected() == (1000, "Connection Closed Normally")


@pytest.mark.parametrize("folder", ["@connections", "%40connections"])
async def test_the_path_may_be_percent_encoded(folder):
    async with serving() as stack:
        client, connection_id = await stack.join()
        path = f"/{STAGE}/{folder}/{connection_id.replace('=', '%3D')}"
        assert await request(stack, "POST", path, body="hi") == (200, None, b"")
        assert await client.receive() == "hi"


@pytest.mark.parametrize(
    ("path", "headers", "message"),
    [
        (f"/{STAGE}/@connections/{NOBODY}", {}, "Missing Authentication Token"),
        (f"/other/@connections/{NOBODY}", None, "Forbidden"),
    ],
)
async def test_without_a_signature_or_on_another_stage_it_is_forbidden(path, headers, message):
    async with serving() as stack:
        status, _, body = await request(stack, "POST", path, headers)
        assert (status, json.loads(body)) == (403, {"message": message})


async def test_text_that_is_not_utf8_is_refused():
    async with serving() as stack:
        _, connection_id = await stack.join()
        path = f"/{STAGE}/@connections/{connection_id}"
        status, kind, _ = await request(stack, "POST", path, body=b"\xff")
        assert (status, kind) == (400, "BadRequestException")


async def test_a_reader_that_does_not_read_is_limited_and_holds_up_nobody():
    async with serving() as stack:
        _, slow = await stack.join()
        client, other = await stack.join()
        with pytest.raises(Exception, match="client side buffer is full") as caught:
            for _ in range(200):
                await stack.post(slow, b"x" * MAX_DATA)
        assert type(caught.value).__name__ == "LimitExceededException"
        await stack.post(other)
        assert await client.receive() == "hello"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/s/@connections/a%3D", ("s", "a=")),
        ("/s/%40connections/a?x=1", ("s", "a")),
        ("/s/@connections/a%2Fb", ("s", "a/b")),
        ("/s/@connections/", ("s", "")),
        ("/s/@connections", None),
        ("/@connections/a", None),
        ("/bucket/key", None),
        ("/", None),
    ],
)
def test_paths(path, target):
    assert parse_path(path) == target
