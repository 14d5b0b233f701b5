"""Messages of a queue that reach a function: batches, failures, delays, dead letters."""

import asyncio
import hashlib
import json

import pytest

from ops.local.functions import FunctionNotFound, TooManyRequests
from tests.unit.local.harness import Crash
from tests.unit.local.queueing import queueing


async def test_a_message_is_handed_over_as_lambda_does_and_deleted():
    async with queueing() as queue:
        attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
        await queue.send("zwölf", MessageAttributes=attributes)
        (record,) = await queue.handed()
        await queue.empty()
    times = (int(record["attributes"].pop(f"{name}Timestamp")) for name in ("Sent", "ApproximateFirstReceive"))
    assert all(moment > 1_700_000_000_000 for moment in times)
    assert record.pop("messageId")
    assert record.pop("receiptHandle")
    assert record["attributes"].pop("SenderId")
    assert record == {
        "body": "zwölf",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            "kind": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": hashlib.md5("zwölf".encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": "us-east-1",
    }


async def test_every_message_is_handed_over_once_in_batches_of_at_most_the_size():
    async with queueing({"BatchSize": 4}) as queue:
        sent = [str(number) for number in range(30)]
        entries = [{"Id": body, "MessageBody": body} for body in sent]
        for start in range(0, 30, 10):
            batch = entries[start : start + 10]
            await asyncio.to_thread(queue.sqs.send_message_batch, QueueUrl=queue.url, Entries=batch)
        heard: list[str] = []
        while len(heard) < 30:
            bodies = await queue.bodies()
            assert 1 <= len(bodies) <= 4
            heard += bodies
        assert sorted(heard) == sorted(sent)
        await queue.empty()


async def test_five_batches_run_at_once_and_no_more():
    async with queueing({"BatchSize": 1}) as queue:
        go = asyncio.Event()

        async def wait(event):
            await go.wait()

        queue.functions.on(queue.function, wait)
        await queue.send(*"abcdefg")
        started = [await queue.bodies() for _ in range(5)]
        await queue.stack.control("GET", "health")
        assert queue.functions.counts[queue.function] == 5
        go.set()
        started += [await queue.bodies() for _ in range(2)]
        assert sorted(started) == [[body] for body in "abcdefg"]


async def test_the_mapping_may_allow_fewer_at_once():
    async with queueing({"BatchSize": 1, "ScalingConfig": {"MaximumConcurrency": 2}}) as queue:
        go = asyncio.Event()

        async def wait(event):
            await go.wait()

        queue.functions.on(queue.function, wait)
        await queue.send(*"abc")
        for _ in range(2):
            await queue.handed()
        assert await queue.count() == (1, 2)
        go.set()
        await queue.handed()


async def test_a_batch_is_gathered_until_it_is_full():
    async with queueing({"BatchSize": 3, "MaximumBatchingWindowInSeconds": 300}) as queue:
        await queue.send(*"abc")
        assert sorted(await queue.bodies()) == ["a", "b", "c"]


async def test_or_until_its_window_has_passed():
    async with queueing({"BatchSize": 3, "MaximumBatchingWindowInSeconds": 1}) as queue:
        await queue.send(*"ab")
        assert sorted(await queue.bodies()) == ["a", "b"]


async def test_a_delayed_message_comes_when_its_time_has_come():
    async with queueing() as queue:
        await queue.send("late", DelaySeconds=1)
        (record,) = await queue.handed()
        received, sent = (f"{name}Timestamp" for name in ("ApproximateFirstReceive", "Sent"))
        assert int(record["attributes"][received]) - int(record["attributes"][sent]) >= 1000


async def test_a_queues_own_delay_counts_too():
    async with queueing(DelaySeconds="1") as queue:
        await queue.send("late")
        assert await queue.bodies() == ["late"]


def crash(event):
    raise Crash("boom")


async def test_what_failed_is_visible_again_after_its_timeout():
    async with queueing(VisibilityTimeout="1") as queue:
        queue.functions.on(queue.function, crash)
        await queue.send("a")
        assert (await queue.handed())[0]["attributes"]["ApproximateReceiveCount"] == "1"
        assert await queue.count() == (0, 1)
        queue.functions.on(queue.function, None)
        (record,) = await queue.handed()
        assert record["attributes"]["ApproximateReceiveCount"] == "2"
        await queue.empty()


async def test_what_was_received_too_often_is_a_dead_letter():
    async with queueing(VisibilityTimeout="1") as queue:
        dead, arn = await queue.other()
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        await asyncio.to_thread(
            queue.sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={"RedrivePolicy": policy}
        )
        queue.functions.on(queue.function, crash)
        await queue.send("a")
        answer = await asyncio.to_thread(queue.sqs.receive_message, QueueUrl=dead, WaitTimeSeconds=20)
        assert [message["Body"] for message in answer["Messages"]] == ["a"]
        assert queue.functions.counts[queue.function] == 2
        assert await queue.count() == (0, 0)


async def test_a_message_that_is_made_visible_by_a_call_comes_at_once():
    async with queueing(VisibilityTimeout="900") as queue:
        queue.functions.on(queue.function, crash)
        await queue.send("a")
        (record,) = await queue.handed()
        handle = record["receiptHandle"]
        await asyncio.to_thread(
            queue.sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0
        )
        assert await queue.bodies() == ["a"]


REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def fail_odd(event):
    failed = [record for record in event["Records"] if int(record["body"]) % 2]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


async def test_only_what_is_reported_as_failed_stays():
    window = {"MaximumBatchingWindowInSeconds": 300, "BatchSize": 4}
    async with queueing(REPORTS | window, VisibilityTimeout="900") as queue:
        queue.functions.on(queue.function, fail_odd)
        await queue.send(*"1234")
        assert len(await queue.handed()) == 4
        await queue.left(0, 2)


async def test_a_report_means_nothing_to_a_mapping_that_takes_none():
    async with queueing() as queue:
        queue.functions.on(queue.function, fail_odd)
        await queue.send("1")
        await queue.handed()
        await queue.empty()


async def test_a_throttled_batch_is_tried_again_before_its_messages_are_visible():
    async with queueing() as queue:
        throttles = iter([True, True, False])

        def answer(event):
            if next(throttles):
                raise TooManyRequests("x")

        queue.functions.on(queue.function, answer)
        await queue.send("a")
        counts = [(await queue.handed())[0]["attributes"]["ApproximateReceiveCount"] for _ in range(3)]
        assert counts == ["1"] * 3
        await queue.empty()


@pytest.mark.parametrize("error", [TooManyRequests, FunctionNotFound])
async def test_a_batch_that_cannot_run_stays_in_the_queue(error):
    async with queueing(VisibilityTimeout="1") as queue:

        def refuse(event):
            raise error("x")

        queue.functions.on(queue.function, refuse)
        await queue.send("a")
        while (await queue.handed())[0]["attributes"]["ApproximateReceiveCount"] == "1":
            pass
        queue.functions.on(queue.function, None)
        await queue.empty()


async def test_the_fault_hands_a_message_over_twice():
    async with queueing() as queue:
        queue.stack.parts.faults.set("duplicate-queue", times=1, match=queue.arn.rpartition(":")[2])
        await queue.send("a")
        first, second = await queue.handed(), await queue.handed()
        assert first == second
        await queue.empty()
        await queue.send("b")
        assert await queue.bodies() == ["b"]
        await queue.empty()
        assert queue.functions.counts[queue.function] == 3


async def test_a_fifo_queue_keeps_the_order_of_its_groups():
    async with queueing({"BatchSize": 1}, FifoQueue="true", ContentBasedDeduplication="true") as queue:
        go = asyncio.Event()

        async def wait(event):
            await go.wait()

        queue.functions.on(queue.function, wait)
        await queue.send("1", "2", MessageGroupId="a")
        assert await queue.bodies() == ["1"]
        await queue.send("3", MessageGroupId="b")
        assert await queue.bodies() == ["3"]
        go.set()
        assert await queue.bodies() == ["2"]
        await queue.empty()
