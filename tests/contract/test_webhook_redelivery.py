from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest

from realtime.aws.json_service import JsonService
from realtime.aws.redelivery import SqsRedelivery
from realtime.domain.errors import ServiceError
from tests.contract.aws import REGION, account, patience
from tests.contract.http_double import HttpDouble

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="module")
def sqs(moto_url: str) -> Iterator[SQSClient]:
    session = boto3.session.Session("AKIA", "secret", region_name=REGION)
    with closing(session.client("sqs", endpoint_url=moto_url)) as client:
        yield client


@pytest.fixture
def queue(sqs: SQSClient) -> Iterator[str]:
    url = sqs.create_queue(QueueName="redelivery", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def receive(sqs: SQSClient, queue: str) -> dict[str, tuple[str, int]]:
    """What there is to receive: body → (receipt, how often it was received)."""
    found: dict[str, tuple[str, int]] = {}
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
    ).get("Messages", []):
        for message in messages:
            receives = int(message["Attributes"]["ApproximateReceiveCount"])
            found[message["Body"]] = (message["ReceiptHandle"], receives)
    return found


def redelivery(url: str, queue: str) -> tuple[SqsRedelivery, Counter[str]]:
    """The adapter and the calls that it makes."""
    wired = account(url)
    return SqsRedelivery(JsonService(wired, "sqs", "AmazonSQS", "1.0", patience(attempts=1)), queue), wired.calls


def test_a_message_comes_again_when_its_wait_is_over(sqs, queue, moto_url):
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    first = receive(sqs, queue)
    redelivery(moto_url, queue)[0].defer({first["a"][0]: 0, first["b"][0]: 64})
    assert {body: receives for body, (_, receives) in receive(sqs, queue).items()} == {"a": 2}


def test_many_messages_are_some_calls(sqs, queue, moto_url):
    for number in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    adapter, calls = redelivery(moto_url, queue)
    adapter.defer({receipt: 0 for receipt, _ in receive(sqs, queue).values()})
    assert (len(receive(sqs, queue)), calls) == (12, {"sqs:ChangeMessageVisibilityBatch": 2})


def test_none_is_fine(queue, moto_url):
    adapter, calls = redelivery(moto_url, queue)
    adapter.defer({})
    assert calls == {}


def test_a_message_that_is_gone_is_fine_and_holds_up_no_other():
    answer = b'{"Successful":[{"Id":"1"}],"Failed":[{"Id":"0","SenderFault":true,"Code":"ReceiptHandleIsInvalid"}]}'
    with HttpDouble(lambda received: (200, answer)) as service:
        redelivery(service.url, "https://sqs/1/q")[0].defer({"a": 1, "b": 2})
    assert len(service.received) == 1


def test_a_queue_that_fails_is_a_service_error():
    with HttpDouble(lambda received: (500, b"")) as service, pytest.raises(ServiceError):
        redelivery(service.url, "https://sqs/1/q")[0].defer({"a": 1})
