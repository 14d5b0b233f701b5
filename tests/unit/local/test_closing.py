"""How connections end: limits, timers, closes of either side, cuts."""

import asyncio
import socket
import struct

import pytest
import websocket

from ops.local.websocket import MAX_FRAME, MAX_MESSAGE, Limits
from tests.unit.local.harness import PATIENCE, Client, api, serving

TEXT, BINARY, CONT = 0x1, 0x2, 0x0


async def send_frame(client: Client, data: bytes, opcode: int = TEXT, fin: int = 1) -> None:
    frame = websocket.ABNF(fin=fin, opcode=opcode, mask_value=1, data=data)
    await asyncio.to_thread(client.ws.send_frame, frame)


async def test_a_frame_of_32_kb_passes_and_one_byte_more_closes_with_1009():
    async with serving() as stack:
        client = await stack.connect()
        await client.send("x" * MAX_FRAME)
        event = await stack.functions.next("$default")
        assert len(event["body"]) == MAX_FRAME
        await client.send("x" * (MAX_FRAME + 1))
        assert (await client.receive_close())[0] == 1009
        assert (await stack.disconnected())[0] == 1009


async def test_a_much_too_long_frame_still_reads_its_close_frame():
    async with serving() as stack:
        client = await stack.connect()
        await client.send("x" * 3_000_000)
        assert (await client.receive_close())[0] == 1009


async def test_a_message_in_frames_of_20_kb_is_put_together():
    async with serving() as stack:
        client = await stack.connect()
        part = b"x" * 20_000
        await send_frame(client, part, fin=0)
        await send_frame(client, part, CONT, fin=0)
        await client.round_trip()
        await send_frame(client, part, CONT)
        assert (await stack.functions.next("$default"))["body"] == "x" * 60_000


async def test_a_message_over_128_kb_closes_with_1009_even_in_small_frames():
    async with serving() as stack:
        client = await stack.connect()
        part = b"x" * MAX_FRAME
        await send_frame(client, part, fin=0)
        for _ in range(3):
            await client.round_trip()
            await send_frame(client, part, CONT, fin=0)
        assert 4 * MAX_FRAME == MAX_MESSAGE
        await send_frame(client, b"x", CONT)
        assert (await client.receive_close())[0] == 1009
        assert stack.functions.counts["$default"] == 0


async def test_a_binary_frame_closes_with_1003():
    async with serving() as stack:
        client = await stack.connect()
        await send_frame(client, b"\x00", BINARY)
        await send_frame(client, b"text after it")
        assert (await client.receive_close())[0] == 1003
        assert (await stack.disconnected())[0] == 1003
        assert stack.functions.counts["$default"] == 0


async def test_text_that_is_not_utf8_closes_with_1007():
    async with serving() as stack:
        client = await stack.connect()
        await send_frame(client, b"\xff")
        assert (await client.receive_close())[0] == 1007


async def test_a_reserved_opcode_closes_with_1002():
    async with serving() as stack:
        client = await stack.connect()
        await asyncio.to_thread(client.tcp.sendall, b"\x83\x80\x00\x00\x00\x00")
        assert (await client.receive_close())[0] == 1002


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"", (1005, "Client-side close frame status not set")),
        (struct.pack("!H", 1001), (1001, "")),
        (struct.pack("!H", 4000) + b"bye", (4000, "bye")),
    ],
)
async def test_disconnect_tells_how_the_client_closed(frame, expected):
    async with serving() as stack:
        client, connection_id = await stack.join()
        await send_frame(client, frame, 0x8)
        assert await stack.disconnected() == expected
        assert stack.parts.connections.get(connection_id) is None


async def test_messages_before_a_close_in_the_same_packet_are_handled():
    async with serving() as stack:
        client = await stack.connect()
        frames = [(TEXT, b"one"), (TEXT, b"two"), (0x8, b"")]
        packet = b"".join(
            websocket.ABNF(fin=1, opcode=opcode, mask_value=1, data=data).format() for opcode, data in frames
        )
        await asyncio.to_thread(client.tcp.sendall, packet)
        bodies = {(await stack.functions.next("$default"))["body"] for _ in range(2)}
        assert bodies == {"one", "two"}
        assert (await stack.disconnected())[0] == 1005


async def test_a_client_that_vanishes_is_reported_as_1006():
    async with serving() as stack:
        client = await stack.connect()
        linger = struct.pack("ii", 1, 0)
        # A reset instead of a FIN.
        client.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await asyncio.to_thread(client.ws.shutdown)
        assert await stack.disconnected() == (1006, "")


async def test_an_idle_connection_is_closed_with_1001():
    async with serving(limits=Limits(idle=0.05)) as stack:
        client = await stack.connect()
        assert await client.receive_close() == (1001, "Going away")
        assert await stack.disconnected() == (1001, "Going away")


async def test_pings_do_not_keep_an_idle_connection():
    async with serving(limits=Limits(idle=0.3)) as stack:
        client = await stack.connect()
        opcode = None
        while opcode != 0x8:
            await asyncio.to_thread(client.ws.ping, "alive")
            opcode, _ = await asyncio.to_thread(client.ws.recv_data, True)
        assert (await stack.disconnected())[0] == 1001


async def test_data_in_either_direction_keeps_a_connection():
    async with serving(limits=Limits(idle=3)) as stack:
        client, connection_id = await stack.join()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while loop.time() - begin < 3.5:
            await client.send("x")
            await stack.functions.next("$default")
            await stack.post(connection_id)
            assert await client.receive() == "hello"
        assert stack.parts.connections.get(connection_id) is not None


async def test_no_connection_outlives_the_hard_limit():
    async with serving(api(two_way=["$default"]), limits=Limits(duration=0.3)) as stack:
        stack.functions.on("$default", {"statusCode": 200, "body": "x"})
        client = await stack.connect()
        opcode = None
        while opcode != 0x8:
            await client.send("x")
            opcode, _ = await asyncio.to_thread(client.ws.recv_data, True)
        assert await stack.disconnected() == (1001, "Going away")


async def test_a_client_that_does_not_answer_the_close_frame_is_cut():
    async with serving(limits=Limits(idle=0.05, closing=0.05)) as stack:
        client = await stack.connect()
        assert (await stack.disconnected())[0] == 1001
        opcode, _ = await asyncio.to_thread(client.ws.recv_data, True)
        assert opcode == 0x8
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            await asyncio.to_thread(client.ws.recv_data, True)


async def test_a_gateway_that_ends_says_going_away():
    async with serving() as stack:
        client = await stack.connect()
        await stack.functions.next("$connect")
        await stack.gateway.close()
        async with asyncio.timeout(PATIENCE):
            assert await client.receive_close() == (1001, "Going away")
