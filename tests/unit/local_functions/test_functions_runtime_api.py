from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ops.local.functions.concurrency import Slots
from ops.local.functions.http import MalformedRequest, Request, take_request
from ops.local.functions.invocation import Answered, Call, TooManyRequests
from ops.local.functions.runtime_api import RuntimeApi

POST = b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


class Recorder:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[object] = asyncio.Queue()

    def polled(self) -> None:
        self.heard.put_nowait("polled")

    def delivered(self, request_id: str) -> None:
        self.heard.put_nowait(f"delivered {request_id}")

    def answered(self, answer: Answered) -> None:
        self.heard.put_nowait(answer)

    def init_failed(self, error: bytes) -> None:
        self.heard.put_nowait(error)


class Client:
    """A connection to the runtime API."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:-2])
        body = await self._reader.readexactly(int(fields["Content-Length"]))
        return int(head[0].split()[1]), fields, body

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def api(recorder: Recorder) -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi(recorder)
    yield api
    api.close()


@pytest.fixture
async def client(api: RuntimeApi) -> AsyncIterator[Client]:
    host, port = (await api.start()).split(":")
    client = Client(*await asyncio.open_connection(host, int(port)))
    yield client
    await client.close()


async def test_one_invocation_from_next_to_response(api: RuntimeApi, client: Client, recorder: Recorder) -> None:
    client.send(NEXT)
    assert await recorder.heard.get() == "polled"
    api.offer(Call("r-1", b'{"a":1}', "arn:x"), 3.0)

    status, fields, body = await client.response()
    client.send(POST % b"r-1")

    assert (status, body) == (200, b'{"a":1}')
    assert fields["Lambda-Runtime-Aws-Request-Id"] == "r-1"
    assert fields["Lambda-Runtime-Invoked-Function-Arn"] == "arn:x"
    assert int(fields["Lambda-Runtime-Deadline-Ms"]) > 0
    assert fields["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    assert (await client.response())[0] == 202
    assert await recorder.heard.get() == "delivered r-1"
    assert await recorder.heard.get() == Answered(b"{}", failed=False)


async def test_an_invocation_offered_before_the_client_asks_waits_for_it(api: RuntimeApi, client: Client) -> None:
    api.offer(Call("r-1", b"{}", "arn:x"), 3.0)
    client.send(NEXT)

    assert (await client.response())[0] == 200


@pytest.mark.parametrize("request_id", [b"r-0", b"r-1"])
async def test_an_answer_to_nothing_is_refused(client: Client, recorder: Recorder, request_id: bytes) -> None:
    client.send(POST % request_id)

    status, _, body = await client.response()

    assert status == 400
    assert b"InvalidRequestID" in body
    assert recorder.heard.empty()


async def test_an_unknown_path_is_refused(client: Client) -> None:
    client.send(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n")

    assert (await client.response())[0] == 404


async def test_what_is_not_http_is_refused(client: Client) -> None:
    client.send(b"hello\r\n\r\n")

    assert (await client.response())[0] == 400


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_requests_are_taken_as_they_arrive(size: int) -> None:
    data = NEXT + POST % b"r-1" + NEXT
    buffer, taken = bytearray(), []

    for start in range(0, len(data), size):
        buffer += data[start : start + size]
        while request := take_request(buffer):
            taken.append(request)

    following = Request("GET", "/2018-06-01/runtime/invocation/next", b"")
    response = Request("POST", "/2018-06-01/runtime/invocation/r-1/response", b"{}")
    assert taken == [following, response, following]
    assert not buffer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"x" * 3_000_000,
    ],
)
def test_what_cannot_be_read_is_malformed(head: bytes) -> None:
    with pytest.raises(MalformedRequest):
        take_request(bytearray(head))


async def test_slots_go_to_those_who_waited_longest_and_none_is_lost() -> None:
    slots = Slots()
    await slots.take(1, 0)
    waiting = [asyncio.create_task(slots.take(1, 60)) for _ in range(3)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    slots.free()
    await waiting[1]
    with pytest.raises(TooManyRequests):
        await slots.take(1, 0)
    slots.free()
    await waiting[2]
    slots.free()

    assert slots.taken == 0


async def test_a_slot_given_to_one_who_leaves_at_that_moment_is_given_on() -> None:
    slots = Slots()
    await slots.take(1, 0)
    leaver = asyncio.create_task(slots.take(1, 60))
    await asyncio.sleep(0)

    slots.free()
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)

    assert slots.taken == 0
