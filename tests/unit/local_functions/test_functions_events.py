from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3

from ops.local.faults import Faults
from ops.local.functions import Functions
from tests.unit.local_functions.doubles import Account, Ear, Gate, ManualClock

REPORTS = """
    def handler(event, context):
        with open(event["ear"], "w") as ear:
            ear.write(context.aws_request_id + "\\n")
        if event.get("fail"):
            raise ValueError("no")
"""


def event(ear: Ear, **more: Any) -> bytes:
    return json.dumps({"ear": str(ear.path), **more}).encode()


async def test_an_event_runs_later_under_the_id_that_was_answered(
    account: Account, functions: Functions, ear: Ear
) -> None:
    account.deploy("reports", REPORTS)

    request_id = functions.invoke_event("reports", event(ear))

    assert await ear.line() == request_id


async def test_a_failing_event_runs_three_times_and_ends_in_the_queue(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear
) -> None:
    arn = account.deploy("reports", REPORTS)
    queue = account.on_failure("reports")
    payload = event(ear, fail=True)

    request_id = functions.invoke_event("reports", payload)
    heard = [await ear.line()]
    for delay in (60.0, 120.0):
        await clock.sleeping(delay)
        clock.advance(delay)
        heard.append(await ear.line())
    record = json.loads(await account.receive(queue))

    assert heard == [request_id] * 3
    assert record.pop("timestamp").endswith("Z")
    assert record.pop("responsePayload")["errorType"] == "ValueError"
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": json.loads(payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
    }


async def test_a_retry_can_be_had_at_once(account: Account, functions: Functions, clock: ManualClock, ear: Ear) -> None:
    account.deploy("reports", REPORTS)
    functions.invoke_event("reports", event(ear, fail=True))
    first = await ear.line()
    await clock.sleeping(60.0)

    assert (functions.hurry("other"), functions.hurry("reports")) == (0, 1)

    assert await ear.line() == first


async def test_nothing_waits_any_more_once_it_was_tried_again(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear
) -> None:
    account.deploy("reports", REPORTS)
    account.on_failure("reports", MaximumRetryAttempts=1)
    functions.invoke_event("reports", event(ear, fail=True))
    await ear.line()
    await clock.sleeping(60.0)
    functions.hurry("")
    await ear.line()

    assert functions.hurry("") == 0


async def test_the_configured_number_of_retries_counts(account: Account, functions: Functions, ear: Ear) -> None:
    account.deploy("reports", REPORTS)
    account.on_failure("reports")
    queue = account.on_failure("reports", MaximumRetryAttempts=0)

    functions.invoke_event("reports", event(ear, fail=True))
    record = json.loads(await account.receive(queue))

    assert record["requestContext"]["approximateInvokeCount"] == 1


async def test_an_event_that_grew_too_old_is_given_up(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear
) -> None:
    account.deploy("reports", REPORTS)
    queue = account.on_failure("reports", MaximumEventAgeInSeconds=60)

    functions.invoke_event("reports", event(ear, fail=True))
    await clock.sleeping(60.0)
    clock.advance(61.0)
    record = json.loads(await account.receive(queue))

    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1


async def test_a_throttled_event_comes_back_later_and_later(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear, tmp_path: Path
) -> None:
    account.deploy(
        "waits",
        """
        def handler(event, context):
            with open(event["ear"], "w") as ear:
                ear.write(context.aws_request_id + "\\n")
            if "gate" in event:
                open(event["gate"]).close()
        """,
    )
    account.awslambda.put_function_concurrency(FunctionName="waits", ReservedConcurrentExecutions=1)
    gate = Gate(tmp_path / "gate")
    first = functions.invoke_event("waits", event(ear, gate=str(gate.path)))
    assert await ear.line() == first

    second = functions.invoke_event("waits", event(ear))
    for delay in (7.0, 14.0):
        await clock.sleeping(delay)
        clock.advance(delay)
    await clock.sleeping(28.0)
    assert ear.silent
    await gate.open()
    account.awslambda.delete_function_concurrency(FunctionName="waits")
    clock.advance(28.0)

    assert await ear.line() == second


async def test_an_event_for_a_function_that_is_switched_off_goes_to_the_queue_at_once(
    account: Account, functions: Functions
) -> None:
    account.deploy("reports", REPORTS)
    queue = account.on_failure("reports")
    account.awslambda.put_function_concurrency(FunctionName="reports", ReservedConcurrentExecutions=0)

    functions.invoke_event("reports", b"not json")
    record = json.loads(await account.receive(queue))

    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == "not json"
    assert "responsePayload" not in record


async def test_a_topic_can_be_the_destination(account: Account, functions: Functions, ear: Ear) -> None:
    account.deploy("reports", REPORTS)
    queue = account.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="failures")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:subscriber",
        Attributes={"RawMessageDelivery": "true"},
    )
    account.awslambda.put_function_event_invoke_config(
        FunctionName="reports",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": topic}},
    )

    request_id = functions.invoke_event("reports", event(ear, fail=True))
    record = json.loads(await account.receive(queue))

    assert record["requestContext"]["requestId"] == request_id


async def test_a_destination_that_is_missing_ends_nothing(account: Account, functions: Functions, ear: Ear) -> None:
    account.deploy("reports", REPORTS)
    queue = account.on_failure("reports", MaximumRetryAttempts=0)
    account.sqs.delete_queue(QueueUrl=queue)

    functions.invoke_event("reports", event(ear, fail=True))
    await ear.line()
    request_id = functions.invoke_event("reports", event(ear))

    assert await ear.line() == request_id


async def test_the_fault_runs_one_event_twice(account: Account, functions: Functions, faults: Faults, ear: Ear) -> None:
    account.deploy("reports", REPORTS)
    faults.set("duplicate-async", times=1, match="reports")

    request_id = functions.invoke_event("reports", event(ear))

    assert [await ear.line(), await ear.line()] == [request_id, request_id]


def schedule(account: Account, arn: str, ear: Ear, **settings: Any) -> None:
    account.scheduler.create_schedule(
        **{
            "Name": "every",
            "ScheduleExpression": "rate(5 minutes)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": arn, "RoleArn": account.role, "Input": event(ear).decode()},
            **settings,
        },
    )


async def test_a_schedule_fires_once_in_each_period(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear
) -> None:
    schedule(account, account.deploy("reports", REPORTS), ear)
    await clock.sleeping(1.0)
    clock.advance(1.0)
    await clock.sleeping(1.0)
    assert ear.silent

    heard = []
    for _ in "ab":
        clock.advance(300.0)
        heard.append(await ear.line())
        await clock.sleeping(1.0)

    assert heard[0] != heard[1]
    assert ear.silent


async def test_a_rule_fires_too(account: Account, functions: Functions, clock: ManualClock, ear: Ear) -> None:
    arn = account.deploy("reports", REPORTS)
    events = boto3.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": arn, "Input": event(ear).decode()}])
    await clock.sleeping(1.0)
    clock.advance(1.0)
    await clock.sleeping(1.0)

    clock.advance(3600.0)

    assert await ear.line()


async def test_a_schedule_that_is_off_or_points_nowhere_does_not_stop_the_others(
    account: Account, functions: Functions, clock: ManualClock, ear: Ear
) -> None:
    arn = account.deploy("reports", REPORTS)
    schedule(account, arn, ear)
    schedule(account, arn, ear, Name="off", State="DISABLED")
    schedule(account, f"{arn}-missing", ear, Name="nowhere")
    await clock.sleeping(1.0)
    clock.advance(1.0)
    await clock.sleeping(1.0)

    clock.advance(300.0)
    await ear.line()
    await clock.sleeping(1.0)

    status = functions.status()["reports"]
    assert isinstance(status, dict)
    assert status["cold_starts"] == 1
