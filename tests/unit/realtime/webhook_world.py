"""Fakes of what the consumer of the queue speaks to, and builders of what the queue holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from realtime.domain.apps import App, Key, Settings, Webhook
from realtime.domain.errors import ServiceError
from realtime.ports import Ports, Tables, Task, WebhookAnswer, WebhookRequest
from realtime.usecases.webhooks import Desk, Message, work
from tests.fakes import FakeClock, FakeTelemetry

URL, OTHER = "https://a.example.com/hook?token=hidden", "https://b.example.com/hook"
OLD = Key("old", "old-secret", active=False, created_at="2024")
KEYS = (Key("newer", "newer-secret", True, "2026"), Key("older", "older-secret", True, "2025"), OLD)
REFUSED = WebhookAnswer(500)
EVENT = {"name": "channel_occupied", "channel": "room-1"}


class Apps:
    def __init__(self, *urls: str) -> None:
        self.webhooks = [Webhook(url) for url in urls]
        self.keys: tuple[Key, ...] = KEYS
        self.failure: Exception | None = None

    def by_id(self, app_id: str) -> App | None:
        if self.failure:
            raise self.failure
        if app_id == "404":
            return None
        return App(app_id, "default", True, self.keys, Settings(webhooks=tuple(self.webhooks)))

    def by_key(self, key: str) -> App | None:
        raise NotImplementedError

    def all(self) -> Sequence[App]:
        raise NotImplementedError


class Tasks:
    def __init__(self) -> None:
        self.sent: list[Task] = []
        self.failure: ServiceError | None = None

    def send(self, tasks: Sequence[Task]) -> None:
        if self.failure:
            raise self.failure
        self.sent += tasks


class Sender:
    """The WebhookSender port: `answers` by URL, 200 for the others."""

    def __init__(self) -> None:
        self.answers: dict[str, WebhookAnswer] = {}
        self.batches: list[list[WebhookRequest]] = []
        self.bug: Exception | None = None

    def post_all(self, requests: Sequence[WebhookRequest]) -> list[WebhookAnswer]:
        self.batches.append(list(requests))
        if self.bug:
            raise self.bug
        return [self.answers.get(request.url, WebhookAnswer(200)) for request in requests]

    @property
    def requests(self) -> list[WebhookRequest]:
        return [request for batch in self.batches for request in batch]

    def heard(self, url: str) -> list[dict[str, Any]]:
        bodies = [json.loads(request.body) for request in self.requests if request.url == url]
        return [event for body in bodies for event in body["events"]]


class Redelivery:
    def __init__(self) -> None:
        self.waits: dict[str, int] = {}
        self.failure: ServiceError | None = None

    def defer(self, waits: Mapping[str, int]) -> None:
        if self.failure:
            raise self.failure
        self.waits.update(waits)


class World:
    """An app 1 with these endpoints. `performed` are events, or what is raised, by the kind of the task."""

    def __init__(self, *urls: str) -> None:
        self.apps, self.tasks, self.clock, self.telemetry = Apps(*urls), Tasks(), FakeClock(), FakeTelemetry()
        self.sender, self.redelivery = Sender(), Redelivery()
        self.performed: dict[str, list[dict[str, Any]] | Exception] = {}
        self.slow: dict[str, int] = {}

    def work(self, *messages: Message, has_time: Callable[[], bool] = lambda: True) -> list[str]:
        # Nobody here reads tables or speaks to clients: that is what `perform` does.
        nothing = cast(Any, None)
        ports = Ports(cast(Tables, None), nothing, self.apps, self.tasks, self.clock, self.telemetry, nothing)
        return work(messages, Desk(ports, self.sender, self.redelivery, decode, self.perform), has_time)

    def perform(self, task: Task, ports: Ports) -> Sequence[Mapping[str, Any]]:
        self.clock.time += self.slow.get(task.kind, 0)
        if task.kind == "webhook":
            return cast(list[dict[str, Any]], task.fields["events"])
        outcome = self.performed[task.kind]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def logged(self, message: str) -> list[Mapping[str, object]]:
        return [fields for _, name, fields in self.telemetry.lines if name == message]


def decode(body: str) -> Task:
    fields = json.loads(body)
    return Task(fields["kind"], fields["appId"], fields["fields"])


def message(number: int = 1, *, kind: str = "webhook", receives: int = 1, app_id: str = "1", **fields: Any) -> Message:
    return Message(f"m{number}", f"r{number}", receives, json.dumps({"kind": kind, "appId": app_id, "fields": fields}))


def webhook(number: int = 1, *, receives: int = 1, app_id: str = "1", **fields: Any) -> Message:
    """A message that tells of one event."""
    return message(number, receives=receives, app_id=app_id, **({"events": [EVENT]} | fields))


def again(task: Task, number: int = 9) -> Message:
    """A task that was queued, as it is received."""
    return message(number, kind=task.kind, app_id=task.app_id, **task.fields)


def events(*channels: object) -> list[dict[str, Any]]:
    return [{**EVENT, "channel": str(channel)} for channel in channels]


def channels(heard: Iterable[Mapping[str, Any]]) -> list[str]:
    return [event["channel"] for event in heard]
