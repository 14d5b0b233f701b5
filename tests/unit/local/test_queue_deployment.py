"""Mappings as they come, change and go, the end of them all, and ReceiveMessage that waits."""

import asyncio

import pytest

from ops.local.queues.records import done
from ops.local.queues.store import Message
from tests.unit.local.queueing import queueing

SOON = 0.02


async def test_a_mapping_that_is_switched_off_takes_nothing_until_it_is_on_again():
    async with queueing({"Enabled": False}, look=SOON) as queue:
        await queue.send("a")
        assert await queue.count() == (1, 0)
        await asyncio.to_thread(queue.awslambda.update_event_source_mapping, UUID=queue.uuid, Enabled=True)
        assert await queue.bodies() == ["a"]
        await queue.empty()


async def test_a_mapping_that_changes_works_on_with_what_it_says_now():
    async with queueing({"BatchSize": 10}) as queue:
        await queue.send("a")
        await queue.handed()
        await asyncio.to_thread(queue.awslambda.update_event_source_mapping, UUID=queue.uuid, Enabled=False)
        await asyncio.to_thread(queue.awslambda.delete_event_source_mapping, UUID=queue.uuid)
        await queue.map(BatchSize=1)
        unmapped, _ = await queue.other()
        # A message for a queue without a poller makes it look at once.
        await asyncio.to_thread(queue.sqs.send_message, QueueUrl=unmapped, MessageBody="x")
        await queue.send("b", "c")
        assert sorted([await queue.bodies(), await queue.bodies()]) == [["b"], ["c"]]


async def test_a_queue_that_is_deleted_ends_nothing():
    async with queueing() as queue:
        await queue.send("a")
        await queue.handed()
        await queue.empty()
        await asyncio.to_thread(queue.sqs.delete_queue, QueueUrl=queue.url)
        name = queue.url.rpartition("/")[2]
        await asyncio.to_thread(queue.sqs.create_queue, QueueName=name)
        await queue.send("b")
        assert await queue.bodies() == ["b"]


async def test_the_end_waits_for_no_batch_and_leaves_its_messages():
    async with queueing() as queue:
        queue.functions.on(queue.function, lambda event: asyncio.Event().wait())
        await queue.send("a")
        await queue.handed()
        await queue.mappings.close()
        await queue.send("b")
        assert await queue.count() == (1, 1)
        assert queue.functions.counts[queue.function] == 1


async def test_receiving_that_waits_holds_up_nobody_and_hears_of_a_message():
    async with queueing({"Enabled": False}) as queue:
        waiting = asyncio.create_task(
            asyncio.to_thread(queue.sqs.receive_message, QueueUrl=queue.url, WaitTimeSeconds=20)
        )
        await queue.count()
        await queue.send("a")
        assert [message["Body"] for message in (await waiting)["Messages"]] == ["a"]


async def test_receiving_that_waits_in_vain_ends():
    async with queueing({"Enabled": False}, ReceiveMessageWaitTimeSeconds="1") as queue:
        assert "Messages" not in await asyncio.to_thread(queue.sqs.receive_message, QueueUrl=queue.url)


@pytest.mark.parametrize("seconds", [-1, 21])
async def test_receiving_refuses_a_wait_that_sqs_would_refuse(seconds):
    async with queueing({"Enabled": False}) as queue:
        with pytest.raises(queue.sqs.exceptions.ClientError, match="WaitTimeSeconds"):
            await asyncio.to_thread(queue.sqs.receive_message, QueueUrl=queue.url, WaitTimeSeconds=seconds)


BATCH = [Message(name, f"receipt-{name}", "body", "md5", {}) for name in ("1", "2", "3")]


@pytest.mark.parametrize(
    ("payload", "left"),
    [
        (b"null", ""),
        (b"{}", ""),
        (b'{"batchItemFailures": null}', ""),
        (b'{"batchItemFailures": []}', ""),
        (b'{"batchItemFailures": [{"itemIdentifier": "2"}]}', "2"),
        (b'{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]}', "23"),
        (b'{"batchItemFailures": [{"itemIdentifier": "4"}]}', "123"),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', "123"),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', "123"),
        (b'{"batchItemFailures": [{"itemIdentifier": ["1"]}]}', "123"),
        (b'{"batchItemFailures": [{"id": "1"}]}', "123"),
        (b'{"batchItemFailures": ["1"]}', "123"),
        (b'{"batchItemFailures": "1"}', "123"),
        (b'"text"', "123"),
        (b"{", "123"),
    ],
)
def test_a_report_that_cannot_be_read_is_a_failure_of_the_batch(payload, left):
    finished = {message.message_id for message in done(BATCH, payload, partial=True)}
    assert finished == {"1", "2", "3"} - set(left)
