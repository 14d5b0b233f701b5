"""Control paths, and what each fault does to a running gateway."""

import asyncio
import json
from typing import Any

import pytest
import websocket

from ops.local.faults import NAMES
from tests.unit.local.harness import STAGE, Stack, raises, serving


async def strike(stack: Stack, name: str, **settings: object) -> None:
    status, body = await stack.control("PUT", "faults", {"name": name} | settings)
    assert status == 200, body


async def struck(stack: Stack, name: str) -> Any:
    return (await stack.control("GET", "faults"))[1]["on"][name]["struck"]


async def test_health_and_status():
    async with serving() as stack:
        assert await stack.control("GET", "health") == (200, {"status": "ok"})
        await stack.join()
        status, body = await stack.control("GET", "status")
        assert status == 200
        assert body["connections"] == {"live": 1, "pending": 0}
        assert body["apis"] == [{"id": "abcdefghij", "name": "", "protocol": "WEBSOCKET", "stages": [STAGE]}]
        assert body["options"]["limits"] == {"idle": 600, "duration": 7200, "closing": 5}
        assert set(body) == {"connections", "apis", "functions", "faults", "uptime", "options"}


async def test_idle_workers_are_ended():
    async with serving() as stack:
        stack.functions.on("a", {})
        assert await stack.control("POST", "functions/cool") == (200, {"ended": 1})


@pytest.mark.parametrize(("path", "told"), [("kill", "killed"), ("retry", "retried")])
@pytest.mark.parametrize(("body", "count"), [(None, 2), ({"match": "deliver"}, 1), ({"match": "x"}, 0)])
async def test_workers_are_killed_and_retries_hurried_by_function(path, told, body, count):
    async with serving() as stack:
        stack.functions.on("deliver", {})
        stack.functions.on("sweep", {})
        assert await stack.control("POST", f"functions/{path}", body) == (200, {told: count})


async def test_faults_are_switched_on_listed_and_off():
    async with serving() as stack:
        await strike(stack, "gone", times=3, match="abc")
        await strike(stack, "throttled")
        _, body = await stack.control("GET", "faults")
        assert body["names"] == NAMES
        assert body["on"]["gone"] == {
            "rate": 1.0,
            "times": 3,
            "seconds": 0.0,
            "match": "abc",
            "struck": 0,
        }
        _, body = await stack.control("DELETE", "faults?name=gone")
        assert set(body["on"]) == {"throttled"}
        _, body = await stack.control("DELETE", "faults")
        assert body["on"] == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "name is missing"),
        ({"name": "nope"}, "unknown fault 'nope'; choose one of"),
        ({"name": "gone", "rate": "1"}, "rate cannot be '1'"),
        ({"name": "gone", "times": True}, "times cannot be True"),
        ({"name": "gone", "color": 1}, "unknown setting 'color'"),
        ({"name": "slow-post"}, "slow-post needs seconds"),
        ([], "the body must be a JSON object"),
    ],
)
async def test_a_malformed_fault_is_refused_with_a_reason(settings, reason):
    async with serving() as stack:
        status, body = await stack.control("PUT", "faults", settings)
        assert status == 400
        assert reason in body["message"]


async def test_unknown_control_paths_and_browsers_are_turned_away():
    async with serving() as stack:
        assert (await stack.control("GET", "clock"))[0] == 404
        assert (await stack.control("DELETE", "faults?name=nope"))[0] == 400
        stack.headers["Origin"] = "https://example.com"
        assert (await stack.control("POST", "shutdown"))[0] == 403


async def test_a_lost_disconnect_never_comes():
    async with serving() as stack:
        lost, lost_id = await stack.join()
        kept, _ = await stack.join()
        await strike(stack, "disconnect-lost", match=lost_id)
        await lost.close()
        await kept.close()
        await stack.disconnected()
        await asyncio.gather(*stack.parts.tasks)
        assert stack.functions.counts["$disconnect"] == 1
        assert await struck(stack, "disconnect-lost") == 1


async def test_a_late_disconnect_comes_later():
    async with serving() as stack:
        client, _ = await stack.join()
        await strike(stack, "disconnect-late", seconds=0.05)
        await client.close()
        assert (await stack.disconnected())[0] == 1000
        assert await struck(stack, "disconnect-late") == 1


async def test_a_410_storm_spares_the_connection():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await strike(stack, "gone", times=2)
        for _ in range(2):
            await raises("GoneException", stack.post(connection_id))
        await stack.post(connection_id)
        assert await client.receive() == "hello"


@pytest.mark.parametrize("name", ["throttled", "slow-reader"])
async def test_throttled_posts_are_limit_exceeded(name):
    async with serving() as stack:
        client, connection_id = await stack.join()
        await strike(stack, name, times=1, match=connection_id)
        await raises("LimitExceededException", stack.post(connection_id))
        await stack.post(connection_id)
        assert await client.receive() == "hello"


async def test_a_slow_post_is_delivered_in_the_end():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await strike(stack, "slow-post", seconds=0.05, times=1)
        await stack.post(connection_id)
        assert await client.receive() == "hello"
        assert await struck(stack, "slow-post") == 1


async def test_a_dead_socket_accepts_and_delivers_nothing():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await strike(stack, "dead-socket", times=1)
        await stack.post(connection_id, b"lost")
        await stack.post(connection_id, b"found")
        assert await client.receive() == "found"


async def test_gone_but_delivered_is_both():
    async with serving() as stack:
        client, connection_id = await stack.join()
        await strike(stack, "gone-but-delivered")
        await raises("GoneException", stack.post(connection_id))
        assert await client.receive() == "hello"


async def test_a_cut_drops_matching_connections_without_a_close_frame():
    async with serving() as stack:
        doomed, connection_id = await stack.join()
        spared, other = await stack.join()
        assert await stack.control("POST", "faults/cut", {"match": connection_id}) == (200, {"cut": 1})
        assert await stack.disconnected() == (1006, "")
        with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
            assert await doomed.receive() == "a close frame"
        await stack.post(other)
        assert await spared.receive() == "hello"


async def test_failing_dynamodb_calls_fail_by_turns_and_by_table():
    async with serving() as stack:
        await strike(stack, "dynamodb-error", match="PutItem things")
        client = stack.aws("dynamodb")

        def put(table):
            item = {"id": {"S": "1"}}
            client.put_item(TableName=table, Item=item)

        for kind in ("InternalServerError", "ProvisionedThroughputExceededException"):
            await raises(kind, asyncio.to_thread(put, "things"))
        await raises("ResourceNotFoundException", asyncio.to_thread(put, "other"))
        batch = {"things": [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]}
        await strike(stack, "dynamodb-error", match="BatchWriteItem things")
        work = asyncio.to_thread(client.batch_write_item, RequestItems=batch)
        await raises("InternalServerError", work)
        client.close()


async def test_invoking_a_function():
    async with serving() as stack:
        stack.functions.on("sweep", lambda event: {"got": event})
        client = stack.aws("lambda")

        def invoke(**arguments):
            answer = client.invoke(**{"FunctionName": "sweep", "Payload": b'{"a":1}'} | arguments)
            return answer | {"Payload": answer["Payload"].read()}

        answer = await asyncio.to_thread(invoke)
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
        assert json.loads(answer["Payload"]) == {"got": {"a": 1}}
        answer = await asyncio.to_thread(invoke, InvocationType="Event")
        assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
        assert await stack.functions.next("sweep") == {"a": 1}
        answer = await asyncio.to_thread(invoke, InvocationType="DryRun")
        assert answer["StatusCode"] == 204
        large = b'"' + b"x" * 1024 * 1024 + b'"'
        work = asyncio.to_thread(invoke, InvocationType="Event", Payload=large)
        await raises("RequestTooLargeException", work)
        client.close()
