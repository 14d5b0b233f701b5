"""SQS behind the Tasks port. A message's body is JSON: `{"kind":…,"appId":…,"fields":{…}}`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from realtime.domain.errors import ServiceError
from realtime.ports import Task

from .json_service import Item, JsonService

# Limits of SendMessageBatch (API reference): ten messages, 256 KB of bodies. Bodies are ASCII.
_MESSAGES_A_BATCH = 10
_BYTES_A_BATCH = 262_144
_ATTEMPTS = 4


class SqsTasks:
    """The Tasks port over one queue."""

    def __init__(self, service: JsonService, queue_url: str) -> None:
        self._service = service
        self._queue_url = queue_url

    def send(self, tasks: Sequence[Task]) -> None:
        messages = [_message(task) for task in tasks]
        if len(messages) == 1:
            self._service.call("SendMessage", {"QueueUrl": self._queue_url, **messages[0]})
        elif messages:
            self._send_batches(messages)

    def _send_batches(self, messages: Sequence[Item]) -> None:
        """Send all, and again what SQS refused of a batch for reasons of its own."""
        left = list(messages)
        for attempt in range(1, _ATTEMPTS + 1):
            batches = list(_batches(left))
            bodies = [{"QueueUrl": self._queue_url, "Entries": _entries(batch)} for batch in batches]
            left, failure = [], None
            for batch, answer in zip(batches, self._service.call_all("SendMessageBatch", bodies), strict=True):
                if isinstance(answer, ServiceError):
                    failure = answer
                    continue
                for refusal in answer.get("Failed") or ():
                    left.append(batch[int(refusal["Id"])])
                    if refusal["SenderFault"] or attempt == _ATTEMPTS:
                        failure = ServiceError("SendMessageBatch", str(refusal["Code"]))
            if failure is not None:
                raise failure
            if not left:
                return
            self._service.pause(attempt)


def task_from_body(body: str) -> Task:
    """The task that a message carries; its delay is over. Raises ValueError for any other text."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("not a task")
    kind, app_id, fields = (message.get(name) for name in ("kind", "appId", "fields"))
    if not (isinstance(kind, str) and isinstance(app_id, str) and isinstance(fields, dict)):
        raise ValueError("not a task")
    return Task(kind, app_id, fields)


def _message(task: Task) -> Item:
    content = {"kind": task.kind, "appId": task.app_id, "fields": dict(task.fields)}
    return {"MessageBody": json.dumps(content, separators=(",", ":")), "DelaySeconds": task.delay}


def _batches(messages: Sequence[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for message in messages:
        more = len(message["MessageBody"])
        if batch and (len(batch) == _MESSAGES_A_BATCH or size + more > _BYTES_A_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += more
    if batch:
        yield batch


def _entries(batch: Sequence[Item]) -> list[Item]:
    return [{"Id": str(number), **message} for number, message in enumerate(batch)]
