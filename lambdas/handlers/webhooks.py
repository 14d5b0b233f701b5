"""From the queue of tasks: does them, and sends the webhooks that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.aws.queue import task_from_body
from realtime.aws.redelivery import SqsRedelivery
from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.aws.webhook_sender import HttpWebhookSender
from realtime.bootstrap import Invocation, lambda_handler
from realtime.settings import Environ
from realtime.usecases.tasks import perform
from realtime.usecases.webhooks import Desk, Message, work
from realtime.wiring import build_ports, sqs

# What a task, the requests after it (4 s) and the queue's calls may take. A task that this function did not survive
# would be performed again, and the events that came of it be lost.
_RESERVE_MS = 20_000


def _build(reader: Environ, account: Account, telemetry: Telemetry) -> Desk:
    sender = HttpWebhookSender(insecure=reader.flag("ALLOW_INSECURE_WEBHOOKS"))
    redelivery = SqsRedelivery(sqs(account), reader.text("TASKS_QUEUE_URL"))
    return Desk(build_ports(reader, account, telemetry), sender, redelivery, task_from_body, perform)


def _handle(invocation: Invocation, desk: Desk) -> Mapping[str, Any]:
    messages = [_message(record) for record in invocation.event["Records"]]
    again = work(messages, desk, lambda: invocation.remaining_ms() > _RESERVE_MS)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _message(record: Mapping[str, Any]) -> Message:
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    return Message(record["messageId"], record["receiptHandle"], receives, record["body"])


handler = lambda_handler(_build, _handle)
