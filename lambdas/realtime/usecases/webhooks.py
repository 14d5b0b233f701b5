"""Do the queue's tasks, and tell the apps' endpoints what came of them.

A message is deleted once all that it asked for is done or queued anew; otherwise SQS shows it again, later each time,
and moves it to the dead-letter queue after the tenth. Each endpoint is retried by itself: what several are to hear is
queued once for each, and only a message for a single one is sent at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from realtime.domain.apps import Key
from realtime.domain.crashes import stack_of
from realtime.domain.errors import ServiceError
from realtime.domain.webhooks import Parcel, backoff, body_of, headers_for, pack, parcels
from realtime.ports import Ports, Redelivery, Task, WebhookAnswer, WebhookRequest, WebhookSender

from .later import WEBHOOK, send, tell_failure

# How long an event waits for others to share a request with (Pusher: 250 ms), where a batch takes longer to perform.
_GATHER_MS = 250


class Message(NamedTuple):
    """One message of the queue. `receipt` is this delivery of it, `receives` how often it was delivered (from 1)."""

    message_id: str
    receipt: str
    receives: int
    body: str


class Desk(NamedTuple):
    """What the work needs. `decode` reads a message's body, `perform` does a task and returns the events to tell of."""

    ports: Ports
    sender: WebhookSender
    redelivery: Redelivery
    decode: Callable[[str], Task]
    perform: Callable[[Task, Ports], Sequence[Mapping[str, Any]]]


class _Job(NamedTuple):
    """A parcel to send now. `safe`: the message holds these events itself, and so may simply come again."""

    message: Message
    safe: bool
    parcel: Parcel
    key: Key


def work(messages: Sequence[Message], desk: Desk, has_time: Callable[[], bool]) -> list[str]:
    """Do what the messages say. Returns the ids of those that are to come again; none fails the others."""
    batch = _Batch(desk)
    for message in messages:
        if has_time():
            batch.take(message)
        else:
            batch.fail(message)
    return batch.finish()


class _Batch:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ports = desk.ports
        self._jobs: list[_Job] = []
        self._gathering_since = 0
        self._failed: dict[str, Message] = {}

    def take(self, message: Message) -> None:
        try:
            task = self._desk.decode(message.body)
            events = self._desk.perform(task, self._ports)
            if events:
                self._plan(message, task, events)
        except ServiceError as failure:
            tell_failure(failure, self._ports, messageId=message.message_id, receives=message.receives)
            self.fail(message)
        except Exception as bug:
            self._tell_crash(bug, message)
            self.fail(message)
        if self._jobs and self._ports.clock.now() - self._gathering_since >= _GATHER_MS:
            self._post()

    def fail(self, message: Message) -> None:
        self._failed[message.message_id] = message

    def finish(self) -> list[str]:
        if self._jobs:
            self._post()
        waits = {message.receipt: backoff(message.receives) for message in self._failed.values()}
        try:
            self._desk.redelivery.defer(waits)
        except ServiceError as failure:
            # They come again all the same, when the queue's own time is over.
            tell_failure(failure, self._ports)
        return list(self._failed)

    def _plan(self, message: Message, task: Task, events: Sequence[Mapping[str, Any]]) -> None:
        """See to it that the endpoints hear these events. Once performed, a task may not yield them again."""
        safe, url = task.kind == WEBHOOK, task.fields.get("url")
        try:
            app = self._ports.apps.by_id(task.app_id)
        except ServiceError as failure:
            tell_failure(failure, self._ports, messageId=message.message_id)
            self._postpone(message, safe, _task(task.app_id, events, url, delay=1))
            return
        found = parcels(app, events, url) if app else []
        if app is None or not found:
            return
        key = app.oldest_key()
        if key is None:
            self._ports.telemetry.log("WARNING", "no active key to sign webhooks with", appId=app.app_id)
            self._postpone(message, safe, _task(task.app_id, events, url, delay=1))
            return
        if len(found) > 1 and send([_task_of(parcel) for parcel in found], self._ports):
            return
        if len(found) > 1 and safe:
            self.fail(message)
            return
        if not self._jobs:
            self._gathering_since = self._ports.clock.now()
        self._jobs += [_Job(message, safe, parcel, key) for parcel in found]

    def _post(self) -> None:
        jobs, self._jobs = self._jobs, []
        groups = [[jobs[index] for index in indexes] for indexes in pack([job.parcel for job in jobs])]
        now = self._ports.clock.now()
        try:
            answers = self._desk.sender.post_all([_request(group, now) for group in groups])
        except Exception as bug:
            for job in jobs:
                self._tell_crash(bug, job.message)
                self._postpone(job.message, job.safe, _task_of(job.parcel, delay=backoff(1)))
            return
        for group, answer in zip(groups, answers, strict=True):
            self._settle(group, answer)

    def _settle(self, group: Sequence[_Job], answer: WebhookAnswer) -> None:
        if answer.accepted:
            self._ports.telemetry.count("WebhooksSent")
            return
        self._ports.telemetry.count("WebhooksFailed")
        self._ports.telemetry.log(
            "WARNING",
            "webhook failed",
            appId=group[0].parcel.app_id,
            # Never more of the URL: path and query are where endpoints keep their secrets.
            host=urlsplit(group[0].parcel.url).hostname,
            status=answer.status,
            reason=answer.reason,
            receives=max(job.message.receives for job in group),
        )
        for job in group:
            self._postpone(job.message, job.safe, _task_of(job.parcel, delay=backoff(1)))

    def _postpone(self, message: Message, safe: bool, task: Task) -> None:
        """Have these events told later: by the message itself, or by `task` where performing again may yield none."""
        if safe or not send([task], self._ports):
            self.fail(message)

    def _tell_crash(self, bug: Exception, message: Message) -> None:
        self._ports.telemetry.log(
            "ERROR", "crashed", error=type(bug).__name__, stack=stack_of(bug), messageId=message.message_id
        )
        self._ports.telemetry.error("crash")


def _request(group: Sequence[_Job], now: int) -> WebhookRequest:
    body = body_of([text for job in group for text in job.parcel.texts], now)
    return WebhookRequest(group[0].parcel.url, headers_for(group[0].key, body), body)


def _task_of(parcel: Parcel, delay: int = 0) -> Task:
    return _task(parcel.app_id, parcel.events, parcel.url, delay)


def _task(app_id: str, events: Sequence[Mapping[str, Any]], url: str | None, delay: int) -> Task:
    """Tell these events, to one endpoint or to all of the app's."""
    fields: dict[str, Any] = {"events": [dict(event) for event in events]}
    return Task(WEBHOOK, app_id, fields if url is None else {**fields, "url": url}, delay)
