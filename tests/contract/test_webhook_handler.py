"""The handler with an event as SQS's event source shapes it, in its own environment, over moto and an endpoint."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.contract.aws import REGION
from tests.contract.http_double import HttpDouble, Received, Reply

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

TABLES = ("CONNECTIONS", "SUBSCRIPTIONS", "MEMBERS", "CHANNELS", "STATE")
OCCUPIED = {"name": "channel_occupied", "channel": "room-1"}
SECRET_ID = "webhooks/apps"

Invoke = Callable[..., Mapping[str, Any]]


class Context:
    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def answer(received: Received) -> Reply:
    return (200 if received.target == "/good" else 500), b""


@pytest.fixture
def endpoint() -> Iterator[HttpDouble]:
    with HttpDouble(answer) as endpoint:
        yield endpoint


@pytest.fixture
def sqs(moto_url: str) -> Iterator[SQSClient]:
    session = boto3.session.Session("AKIA", "secret", region_name=REGION)
    with closing(session.client("sqs", endpoint_url=moto_url)) as client:
        yield client


@pytest.fixture
def queue(sqs: SQSClient) -> Iterator[str]:
    url = sqs.create_queue(QueueName="tasks", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def apps(secrets_client: SecretsManagerClient, endpoint: HttpDouble) -> Iterator[str]:
    """App 1 has one endpoint, app 2 one that fails, app 3 both."""
    hooks = [[{"url": f"{endpoint.url}/{name}"} for name in names] for names in (["good"], ["bad"], ["good", "bad"])]
    key = {"secret": "s" * 20, "state": "active", "createdAt": "2026-01-01T00:00:00Z"}
    listed = [
        {"id": str(number), "keys": [{**key, "key": f"k{number}"}], "settings": {"webhooks": webhooks}}
        for number, webhooks in enumerate(hooks, 1)
    ]
    secrets_client.create_secret(Name=SECRET_ID, SecretString=json.dumps({"apps": listed}))
    yield SECRET_ID
    secrets_client.delete_secret(SecretId=SECRET_ID, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def invoke(moto_url: str, queue: str, apps: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Invoke the handler with messages."""
    environ = {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_LAMBDA_FUNCTION_NAME": "milequest-test",
        "AWS_ENDPOINT_URL": moto_url,
        "ENVIRONMENT": "test",
        "APPS_SECRET_ID": apps,
        "APP_ID": "1",
        "TASKS_QUEUE_URL": queue,
        "DELIVER_FUNCTION": "deliver",
        "MANAGEMENT_ENDPOINT": "https://abc.execute-api.eu-west-1.amazonaws.com/test",
        "MAX_DATA_BYTES": "100",
        "ALLOW_INSECURE_WEBHOOKS": "true",
        **{f"{name}_TABLE": name.lower() for name in TABLES},
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*records: dict[str, Any]) -> Mapping[str, Any]:
        handlers = importlib.reload(importlib.import_module("handlers.webhooks"))
        answer: Mapping[str, Any] = handlers.handler({"Records": list(records)}, Context())
        return answer

    return run


def record(number: int, app_id: str = "1", receipt: str = "r", **fields: Any) -> dict[str, Any]:
    """A message that tells of one event, as the event source hands it over."""
    body = {"kind": "webhook", "appId": app_id, "fields": {"events": [OCCUPIED], **fields}}
    return {
        "messageId": f"m{number}",
        "receiptHandle": receipt,
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }


def received(sqs: SQSClient, queue: str) -> list[Any]:
    """The bodies of what is in the queue."""
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_a_webhook_arrives_signed(invoke, endpoint):
    assert invoke(record(1)) == {"batchItemFailures": []}
    (got,) = endpoint.received
    assert json.loads(got.body)["events"] == [OCCUPIED]
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-pusher-key"] == "k1"
    assert got.headers["x-pusher-signature"] == hmac.new(b"s" * 20, got.body, hashlib.sha256).hexdigest()


def test_what_failed_is_told_by_its_message(invoke):
    assert invoke(record(1), record(2, "2")) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}


def test_a_message_that_is_no_task_is_told_and_the_others_are_done(invoke, endpoint):
    assert invoke({**record(1), "body": "x"}, record(2)) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert len(endpoint.received) == 1


def test_what_several_endpoints_are_to_hear_is_queued_for_each(invoke, sqs, queue, endpoint):
    assert invoke(record(1, "3")) == {"batchItemFailures": []}
    fields = [{"events": [OCCUPIED], "url": f"{endpoint.url}/{name}"} for name in ("good", "bad")]
    queued = sorted(received(sqs, queue), key=lambda body: body["fields"]["url"], reverse=True)
    assert queued == [{"kind": "webhook", "appId": "3", "fields": each} for each in fields]


def test_neither_url_nor_secret_nor_event_is_logged(invoke, capsys):
    invoke(record(1, "2"))
    out = capsys.readouterr().out
    assert '"webhook failed"' in out and '"WebhooksFailed":1' in out
    assert not any(hidden in out for hidden in ("/bad", "room-1", "ssss"))
