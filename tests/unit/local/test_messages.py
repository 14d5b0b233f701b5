"""Messages: which handler gets them, what comes back, and what does not."""

import asyncio
import json
from typing import Any

import pytest

from ops.local.deployed import Integration, Route
from ops.local.functions import FunctionNotFound, TooManyRequests
from tests.unit.local.harness import Crash, Handler, api, serving


def raising(error: Exception) -> Handler:
    def handler(event: object) -> object:
        raise error

    return handler


def frame(message: str, event: dict[str, Any]) -> str:
    context = event["requestContext"]
    connection_id, request_id = context["connectionId"], context["requestId"]
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


async def test_a_message_goes_to_its_route_with_nothing_of_the_handshake():
    async with serving() as stack:
        client, connection_id = await stack.join()
        body = '{"action": "subscribe", "channel": "ä"}'
        await client.send(body)
        event = await stack.functions.next("subscribe")
        assert event["body"] == body
        assert set(event) == {"requestContext", "body", "isBase64Encoded"}
        context = event["requestContext"]
        assert (context["connectionId"], context["routeKey"]) == (connection_id, "subscribe")
        assert context["messageId"] != context["requestId"]


@pytest.mark.parametrize("body", ["ping", "[]", "{}", '{"action":"nobody"}', '{"action":""}', "5"])
async def test_what_no_route_takes_goes_to_the_default(body):
    async with serving() as stack:
        client = await stack.connect()
        await client.send(body)
        event = await stack.functions.next("$default")
        assert (event["body"], event["requestContext"]["routeKey"]) == (body, "$default")


@pytest.mark.parametrize("key", ["$connect", "$disconnect"])
async def test_connect_and_disconnect_cannot_be_called_by_message(key):
    async with serving() as stack:
        client, _ = await stack.join()
        await client.send(json.dumps({"action": key}))
        assert await stack.functions.next("$default")


async def test_without_a_default_route_the_client_reads_forbidden():
    async with serving(api(keys=["$connect", "echo"])) as stack:
        client, connection_id = await stack.join()
        await client.send("hi")
        text = await client.receive()
        request_id = json.loads(text)["requestId"]
        assert text == (f'{{"message": "Forbidden", "connectionId":"{connection_id}", "requestId":"{request_id}"}}')
        assert len(request_id) == 16


@pytest.mark.parametrize(
    "answer",
    [
        raising(Crash("boom")),
        raising(FunctionNotFound("x")),
        raising(TooManyRequests("x")),
        {"statusCode": 200, "Data": "x"},
        {"statusCode": "many"},
        lambda event: "text",
        lambda event: [1],
    ],
)
async def test_a_handler_that_fails_gives_the_error_frame_and_the_socket_stays(answer):
    async with serving(api(two_way=["echo"])) as stack:
        stack.functions.on("$default", answer)
        stack.functions.on("echo", {"statusCode": 200, "body": "still here"})
        client = await stack.connect()
        await client.send("x")
        text = await client.receive()
        assert text == frame("Internal server error", await stack.functions.next("$default"))
        await client.send('{"action":"echo"}')
        assert await client.receive() == "still here"


@pytest.mark.parametrize("kind", ["HTTP_PROXY", None])
async def test_a_route_without_a_lambda_gives_the_error_frame(kind):
    integration = Integration(kind) if kind else None
    async with serving(api(routes={"echo": Route("echo", integration)})) as stack:
        client = await stack.connect()
        await client.send('{"action":"echo"}')
        assert json.loads(await client.receive())["message"] == "Internal server error"


async def test_a_mock_integration_answers_by_itself():
    mock = Route("echo", Integration("MOCK"), two_way=True)
    async with serving(api(routes={"echo": mock})) as stack:
        client = await stack.connect()
        await client.send('{"action":"echo"}')
        assert await client.receive() == ""


@pytest.mark.parametrize("answer", [None, {"statusCode": 200, "body": "x"}, {"statusCode": 500}])
async def test_a_one_way_route_says_nothing(answer):
    async with serving(api(two_way=["echo"])) as stack:
        stack.functions.on("$default", answer)
        stack.functions.on("echo", {"statusCode": 200, "body": "second"})
        client = await stack.connect()
        await client.send("first")
        await stack.functions.next("$default")
        await client.send('{"action":"echo"}')
        assert await client.receive() == "second"


@pytest.mark.parametrize(
    ("answer", "text"),
    [({"statusCode": 200}, ""), ({"statusCode": 500, "body": "ü"}, "ü")],
)
async def test_a_two_way_route_sends_the_body_whatever_the_status(answer, text):
    async with serving(api(two_way=["echo"])) as stack:
        stack.functions.on("echo", answer)
        client = await stack.connect()
        await client.send('{"action":"echo"}')
        assert await client.receive() == text


async def test_a_late_handler_gives_the_timeout_frame_and_runs_on():
    async with serving(api(timeout=0.05)) as stack:
        go, finished = asyncio.Event(), asyncio.Event()

        async def late(event):
            await go.wait()
            finished.set()
            return {"statusCode": 200}

        stack.functions.on("$default", late)
        client = await stack.connect()
        await client.send("x")
        text = await client.receive()
        assert text == frame("Endpoint request timed out", await stack.functions.next("$default"))
        go.set()
        async with asyncio.timeout(20):
            await finished.wait()


async def test_messages_of_one_connection_run_at_the_same_time():
    async with serving(api(two_way=["$default"]), shuffle=0.01) as stack:
        together = asyncio.Barrier(3)

        async def meet(event):
            await together.wait()
            return {"statusCode": 200, "body": event["body"]}

        stack.functions.on("$default", meet)
        client = await stack.connect()
        for text in ("1", "2", "3"):
            await client.send(text)
        assert {await client.receive() for _ in range(3)} == {"1", "2", "3"}


async def test_pings_are_answered_and_reach_no_handler():
    async with serving() as stack:
        client = await stack.connect()
        await client.round_trip()
        assert dict(stack.functions.counts) == {"$connect": 1}


async def test_the_access_log_has_a_line_for_each_event_without_payload_or_query():
    async with serving() as stack:
        client = await stack.connect("/production?token=sesame")
        await client.send("open sesame")
        await stack.functions.next("$default")
        await client.close()
        await stack.disconnected()
        await asyncio.gather(*stack.parts.tasks)
        text = stack.log.getvalue()
    assert "sesame" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    seen = [(line["eventType"], line["routeKey"], line["status"]) for line in lines]
    assert seen == [
        ("CONNECT", "$connect", 200),
        ("MESSAGE", "$default", 200),
        ("DISCONNECT", "$disconnect", 200),
    ]
    assert len({line["connectionId"] for line in lines}) == 1
