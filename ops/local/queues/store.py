"""Queues and event source mappings as moto holds them, and word of every message that comes.

moto would hand a message to its functions inside SendMessage, one at a time and with Docker; `install` ends that.
What takes, deletes or counts messages here belongs into the one thread in which moto is called.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from ops.local.deployed import ACCOUNT

MOST_AT_FIRST = 5
"""Batches in progress at once with which Lambda begins; that it adds more after a while is left out here."""

Heard = Callable[[str], None]
"""Gets the ARN of a queue that may have something to take; called in any thread, and must not block."""

_listeners: set[Heard] = set()


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """One enabled mapping of a queue to a function; `window` in seconds, `partial` for ReportBatchItemFailures."""

    uuid: str
    queue: str
    function: str
    batch_size: int = 10
    window: float = 0.0
    partial: bool = False
    concurrency: int = MOST_AT_FIRST

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.queue.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was received; times in milliseconds since 1970."""

    message_id: str
    receipt_handle: str
    body: str
    md5: str
    system: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken, and for how many seconds it is invisible to others.

    `due` is when the next message will be visible, in seconds since 1970, where it is known and there was nothing.
    """

    messages: tuple[Message, ...] = ()
    visibility: float = 0.0
    due: float | None = None


@functools.cache
def install() -> None:
    """Change moto's queues, once: they tell our listeners of messages, and call no function."""
    queue: Any = Queue
    # A new dictionary each time: what moto notes there is lost, and its own poller finds nothing.
    queue.lambda_event_source_mappings = property(lambda self: {}, lambda self, value: None)
    queue.add_message = _told(_locked(queue.add_message), lambda queue, *_: queue.queue_arn)
    queue.delete_message = _locked(queue.delete_message)
    backend: Any = SQSBackend
    backend.change_message_visibility = _told(
        backend.change_message_visibility, lambda backend, name, *_: backend.get_queue(name).queue_arn
    )


def listen(heard: Heard) -> None:
    """Tell `heard` from now on of every message that comes or becomes visible by a call."""
    _listeners.add(heard)


def forget(heard: Heard) -> None:
    """Tell `heard` no more."""
    _listeners.discard(heard)


def mappings() -> list[QueueMapping]:
    """Return the enabled mappings of queues; those of streams are not served here."""
    return list(_mappings())


def take(queue_arn: str, count: int) -> Taken:
    """Receive at most `count` messages, as a poller does. What was received too often goes to the dead letters."""
    found = _find(queue_arn)
    if found is None:
        return Taken()
    backend, queue = found
    before = time.time() * 1000
    received = backend.receive_message(queue.name, count, 0, queue.visibility_timeout, ["All"])
    if received:
        return Taken(tuple(_message(one) for one in received), float(queue.visibility_timeout))
    times = (max(one.visible_at, one.delayed_until) for one in list(queue._messages))
    due = min((moment for moment in times if moment > before), default=None)
    # One millisecond more: moto compares with less than.
    return Taken(due=None if due is None else (due + 1) / 1000)


def delete(queue_arn: str, receipt_handles: list[str]) -> None:
    """Delete messages; those that are gone already, or whose queue is, are nothing to speak of."""
    found = _find(queue_arn)
    if found is None:
        return
    backend, queue = found
    for handle in receipt_handles:
        with contextlib.suppress(ReceiptHandleIsInvalid):
            backend.delete_message(queue.name, handle)


def patience(queue_name: str) -> float:
    """Return for how many seconds a ReceiveMessage waits that does not say so; 0 for a queue that is not there."""
    for backend in list(sqs_backends[ACCOUNT].values()):
        queue: Any = backend.queues.get(queue_name)
        if queue is not None:
            return float(queue.receive_message_wait_time_seconds)
    return 0.0


def _locked(whole: Any) -> Any:
    """Hold the queue's lock: a dead letter's record comes in another thread than what deletes a message."""

    @functools.wraps(whole)
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        with self._messages_lock:
            return whole(self, *arguments, **options)

    return call


def _told(whole: Any, arn: Callable[..., str]) -> Any:
    signature = inspect.signature(whole)

    def call(*arguments: Any, **options: Any) -> Any:
        result = whole(*arguments, **options)
        queue_arn = arn(*signature.bind(*arguments, **options).args)
        for heard in tuple(_listeners):
            heard(queue_arn)
        return result

    return call


def _mappings() -> Iterator[QueueMapping]:
    for _, backend in list(lambda_backends[ACCOUNT].items()):
        for mapping in list(backend._event_source_mappings.values()):
            if ":sqs:" in mapping.event_source_arn and mapping.enabled not in (False, "false"):
                most = (mapping.scaling_config or {}).get("MaximumConcurrency") or MOST_AT_FIRST
                yield QueueMapping(
                    uuid=mapping.uuid,
                    queue=mapping.event_source_arn,
                    function=mapping.function_arn,
                    batch_size=mapping.batch_size,
                    window=float(mapping.max_batch_window or 0),
                    partial="ReportBatchItemFailures" in (mapping.function_response_types or ()),
                    concurrency=min(MOST_AT_FIRST, int(most)),
                )


def _find(queue_arn: str) -> tuple[Any, Any] | None:
    _, _, _, region, account, name = queue_arn.split(":", 5)
    backend = sqs_backends[account][region]
    with contextlib.suppress(QueueDoesNotExist):
        return backend, backend.get_queue(name)
    return None


def _message(received: Any) -> Message:
    system = {
        "ApproximateReceiveCount": received.approximate_receive_count,
        "SentTimestamp": received.sent_timestamp,
        "SenderId": received.sender_id,
        "ApproximateFirstReceiveTimestamp": received.approximate_first_receive_timestamp,
        "MessageGroupId": received.group_id,
        "MessageDeduplicationId": received.deduplication_id,
        "SequenceNumber": received.sequence_number,
    }
    return Message(
        message_id=received.id,
        receipt_handle=received.receipt_handle,
        body=received.body,
        md5=received.body_md5,
        system={name: str(value) for name, value in system.items() if value is not None},
        attributes=received.message_attributes,
    )
