"""The Tasks port: the fake, and the adapter over moto's SQS and over a service that fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from realtime.aws.json_service import JsonService
from realtime.aws.queue import SqsTasks, task_from_body
from realtime.domain.errors import ServiceError
from realtime.ports import Task, Tasks
from tests.contract.aws import account, create_queue, patience
from tests.contract.http_double import HttpDouble, Received, Reply
from tests.fakes import FakeTasks

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/q"
TASK = Task("vacate", "1", {"channel": "a", "token": "t1"})
RICH = Task("webhook", "1", {"events": [{"name": "client_event", "data": '{"é":"\u2028\ud800\x00"}', "n": 7}]})


def service(url: str, pauses: list[int] | None = None) -> JsonService:
    return JsonService(account(url), "sqs", "AmazonSQS", "1.0", patience(pauses=pauses))


@dataclass(frozen=True)
class Queue:
    """A queue, and how to see what is in it: bodies and delays are hidden alike."""

    tasks: Tasks
    sent: Callable[[], list[Task]]


@pytest.fixture(params=["fake", "sqs"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "fake":
        fake = FakeTasks()
        return Queue(fake, lambda: [task._replace(delay=0) for task in fake.sent])
    client: SQSClient = request.getfixturevalue("sqs_client")
    url = create_queue(client)
    return Queue(SqsTasks(service(request.getfixturevalue("moto_url")), url), lambda: receive(client, url))


def receive(client: SQSClient, url: str) -> list[Task]:
    """All that is in the queue and not delayed."""
    found: list[Task] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [task_from_body(message["Body"]) for message in messages]
    return found


@pytest.mark.parametrize("task", [TASK, RICH], ids=["plain", "rich"])
def test_a_task_arrives_as_it_was_sent(queue, task):
    queue.tasks.send([task])
    assert queue.sent() == [task]


def test_many_tasks_arrive(queue):
    tasks = [TASK._replace(fields={"n": n}) for n in range(23)]
    queue.tasks.send(tasks)
    assert sorted(queue.sent(), key=lambda task: int(task.fields["n"])) == tasks


def test_no_tasks_are_fine(queue):
    queue.tasks.send([])
    assert queue.sent() == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_delayed_task_waits(sqs_client, moto_url, count):
    url = create_queue(sqs_client)
    SqsTasks(service(moto_url), url).send([TASK._replace(delay=900)] * count)
    (counts,) = (sqs_client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],)
    assert (counts["ApproximateNumberOfMessagesDelayed"], receive(sqs_client, url)) == (str(count), [])


class Script:
    """An SQS that gives these replies one after the other, the last one for ever."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.pauses: list[int] = []

    def __call__(self, *replies: Reply) -> SqsTasks:
        left = list(replies)
        self.server = self._stack.enter_context(HttpDouble(lambda _: left.pop(0) if len(left) > 1 else left[0]))
        return SqsTasks(service(self.server.url, self.pauses), QUEUE)

    @property
    def received(self) -> list[Received]:
        return self.server.received

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(received.body) for received in self.received]


@pytest.fixture
def script() -> Iterator[Script]:
    with ExitStack() as stack:
        yield Script(stack)


def failed(*ids: str, fault: bool = False) -> Reply:
    entries = [{"Id": name, "Code": "InternalError", "SenderFault": fault} for name in ids]
    return 200, json.dumps({"Successful": [], "Failed": entries}).encode()


OK: Reply = (200, b'{"Successful":[]}')


def channels(entries: Sequence[Any]) -> list[str]:
    return [json.loads(entry["MessageBody"])["fields"]["n"] for entry in entries]


def numbered(count: int) -> list[Task]:
    return [TASK._replace(fields={"n": str(n)}) for n in range(count)]


def test_one_task_is_one_message(script):
    script(OK).send([TASK._replace(delay=3)])
    assert [received.headers["x-amz-target"] for received in script.received] == ["AmazonSQS.SendMessage"]
    assert script.bodies == [
        {
            "QueueUrl": QUEUE,
            "MessageBody": '{"kind":"vacate","appId":"1","fields":{"channel":"a","token":"t1"}}',
            "DelaySeconds": 3,
        }
    ]


def test_ten_tasks_are_a_batch(script):
    script(OK).send(numbered(21))
    assert {received.headers["x-amz-target"] for received in script.received} == {"AmazonSQS.SendMessageBatch"}
    assert sorted(len(body["Entries"]) for body in script.bodies) == [1, 10, 10]
    assert [entry["Id"] for body in script.bodies for entry in body["Entries"]][:2] == ["0", "1"]


def test_large_tasks_are_fewer_a_batch(script):
    script(OK).send([TASK._replace(fields={"text": "x" * 100_000})] * 5)
    assert sorted(len(body["Entries"]) for body in script.bodies) == [1, 2, 2]


def test_what_sqs_refused_for_now_is_sent_again(script):
    script(failed("1", "2"), failed("1"), OK).send(numbered(3))
    assert [channels(body["Entries"]) for body in script.bodies] == [["0", "1", "2"], ["1", "2"], ["2"]]
    assert script.pauses == [1, 2]


def test_what_sqs_goes_on_to_refuse_is_given_up(script):
    with pytest.raises(ServiceError, match="SendMessageBatch: InternalError"):
        script(failed("0")).send(numbered(2))
    assert ([len(body["Entries"]) for body in script.bodies], script.pauses) == ([2, 1, 1, 1], [1, 2, 3])


def test_what_is_our_fault_is_not_sent_again(script):
    with pytest.raises(ServiceError, match="SendMessageBatch: InternalError"):
        script(failed("1", fault=True)).send(numbered(2))
    assert len(script.received) == 1


@pytest.mark.parametrize("code", ["RequestThrottled", "ThrottlingException", "KmsThrottled"])
def test_a_queue_that_throttles_is_tried_again(script, code):
    throttled: Reply = (400, json.dumps({"__type": f"com.amazonaws.sqs#{code}"}).encode())
    script(throttled, OK).send([TASK])
    assert len(script.received) == 2


@pytest.mark.parametrize("count", [1, 2])
def test_a_queue_that_is_not_there_is_an_error(script, count):
    missing: Reply = (400, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}')
    with pytest.raises(ServiceError, match="QueueDoesNotExist"):
        script(missing).send([TASK] * count)


def test_requests_are_signed_for_sqs(script):
    script(OK).send([TASK])
    assert "/eu-west-1/sqs/aws4_request, " in script.received[0].headers["authorization"]


@pytest.mark.parametrize(
    "body",
    ["", "no json", "[]", "{}", '{"kind":7,"appId":"1","fields":{}}', '{"kind":"a","appId":"1","fields":[]}'],
)
def test_a_message_that_is_no_task(body):
    with pytest.raises(ValueError):
        task_from_body(body)
