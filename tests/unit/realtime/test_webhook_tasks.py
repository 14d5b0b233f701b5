from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from realtime.domain.errors import ServiceError
from realtime.ports import Task, WebhookAnswer
from realtime.usecases.webhooks import Message
from tests.unit.realtime.webhook_world import (
    EVENT,
    OLD,
    OTHER,
    REFUSED,
    URL,
    World,
    again,
    channels,
    events,
    message,
    webhook,
)


def test_an_event_is_sent_to_the_one_endpoint_and_the_message_is_done():
    world = World(URL)
    assert world.work(webhook()) == []
    assert (world.sender.heard(URL), world.tasks.sent, world.redelivery.waits) == ([EVENT], [], {})


def test_the_oldest_active_key_signs():
    world = World(URL)
    world.work(webhook())
    (request,) = world.sender.requests
    signature = hmac.new(b"older-secret", request.body, hashlib.sha256).hexdigest()
    assert (request.headers["X-Pusher-Key"], request.headers["X-Pusher-Signature"]) == ("older", signature)


def test_the_events_of_a_batch_share_a_request():
    world = World(URL)
    world.work(*(webhook(number, events=events(number)) for number in range(10)))
    assert (len(world.sender.requests), len(world.sender.heard(URL))) == (1, 10)


def test_the_apps_share_no_request():
    world = World(URL)
    world.work(webhook(1), webhook(2, app_id="2"))
    assert len(world.sender.requests) == 2


def test_sent_and_failed_requests_are_counted():
    world = World(URL, OTHER)
    world.sender.answers[OTHER] = REFUSED
    world.work(webhook(1, url=URL), webhook(2, url=OTHER))
    assert world.telemetry.counts == {"WebhooksSent": 1, "WebhooksFailed": 1}


@pytest.mark.parametrize("status", [100, 301, 302, 307, 400, 410, 429, 500, None])
def test_without_a_2xx_the_message_comes_again(status):
    world = World(URL)
    world.sender.answers[URL] = WebhookAnswer(status)
    assert world.work(webhook()) == ["m1"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_with_a_2xx_the_message_is_done(status):
    world = World(URL)
    world.sender.answers[URL] = WebhookAnswer(status)
    assert world.work(webhook()) == []


@pytest.mark.parametrize(("receives", "wait"), [(1, 1), (2, 2), (3, 4), (7, 64), (9, 64), (10, 64)])
def test_it_comes_again_later_each_time(receives, wait):
    world = World(URL)
    world.sender.answers[URL] = REFUSED
    world.work(webhook(receives=receives))
    assert world.redelivery.waits == {"r1": wait}


def test_a_later_attempt_has_a_later_time_and_another_signature():
    world = World(URL)
    world.sender.answers[URL] = REFUSED
    world.work(webhook())
    world.clock.time += 1000
    world.work(webhook(receives=2))
    first, second = world.sender.requests
    assert json.loads(second.body)["time_ms"] - json.loads(first.body)["time_ms"] == 1000
    assert first.headers["X-Pusher-Signature"] != second.headers["X-Pusher-Signature"]


def test_a_failure_is_logged_without_path_query_and_body():
    world = World(URL)
    world.sender.answers[URL] = REFUSED
    world.work(webhook())
    (fields,) = world.logged("webhook failed")
    assert (fields["host"], fields["status"]) == ("a.example.com", 500)
    assert not any(hidden in str(fields) for hidden in ("hook", "hidden", "room-1", "secret"))


def test_only_the_messages_in_the_failed_request_come_again():
    world = World(URL, OTHER)
    world.sender.answers[OTHER] = REFUSED
    assert world.work(webhook(1, url=URL), webhook(2, url=OTHER), webhook(3, url=URL)) == ["m2"]


def test_for_several_endpoints_a_task_each_is_queued_and_nothing_sent_yet():
    world = World(URL, OTHER)
    assert world.work(webhook()) == []
    assert world.tasks.sent == [
        Task("webhook", "1", {"events": [EVENT], "url": URL}),
        Task("webhook", "1", {"events": [EVENT], "url": OTHER}),
    ]
    assert world.sender.requests == []


def test_an_endpoint_that_fails_does_not_make_the_other_hear_again():
    world = World(URL, OTHER)
    world.sender.answers[OTHER] = REFUSED
    world.work(webhook())
    first, second = world.tasks.sent
    assert world.work(again(first, 1), again(second, 2)) == ["m2"]
    del world.sender.answers[OTHER]
    assert world.work(again(second, 2)) == []
    assert (len(world.sender.heard(URL)), len(world.sender.heard(OTHER))) == (1, 2)


def test_a_task_for_an_endpoint_that_is_gone_is_done():
    world = World(URL, OTHER)
    assert world.work(webhook(url="https://c.example.com/")) == []
    assert world.sender.requests == []


def test_more_events_than_a_request_takes_are_queued_in_parts():
    world = World(URL)
    assert world.work(webhook(events=events(*range(25)))) == []
    assert [len(task.fields["events"]) for task in world.tasks.sent] == [20, 5]
    world.work(*(again(task, number) for number, task in enumerate(world.tasks.sent)))
    assert channels(world.sender.heard(URL)) == [str(number) for number in range(25)]


def test_if_the_parts_cannot_be_queued_the_message_comes_again():
    world = World(URL, OTHER)
    world.tasks.failure = ServiceError("SendMessageBatch", "timed out")
    assert (world.work(webhook()), world.sender.requests) == (["m1"], [])


def test_an_event_that_nobody_wants_is_done():
    world = World()
    assert (world.work(webhook()), world.sender.batches) == ([], [])


def test_an_app_that_is_gone_hears_nothing():
    world = World(URL)
    assert (world.work(webhook(app_id="404")), world.sender.batches) == ([], [])


def test_what_comes_of_a_task_is_sent():
    world = World(URL)
    world.performed["vacate"] = [EVENT]
    assert world.work(message(kind="vacate")) == []
    assert world.sender.heard(URL) == [EVENT]


def test_what_comes_of_a_task_for_several_endpoints_is_queued_for_each():
    world = World(URL, OTHER)
    world.performed["vacate"] = [EVENT]
    assert world.work(message(kind="vacate")) == []
    assert [task.fields["url"] for task in world.tasks.sent] == [URL, OTHER]


def test_what_comes_of_a_task_and_cannot_be_sent_is_queued_and_the_task_is_done():
    world = World(URL)
    world.performed["vacate"] = [EVENT]
    world.sender.answers[URL] = REFUSED
    assert world.work(message(kind="vacate")) == []
    assert world.tasks.sent == [Task("webhook", "1", {"events": [EVENT], "url": URL}, delay=1)]


def test_what_comes_of_a_task_and_cannot_be_queued_is_sent_to_all_at_once():
    world = World(URL, OTHER)
    world.performed["vacate"] = [EVENT]
    world.tasks.failure = ServiceError("SendMessageBatch", "timed out")
    assert world.work(message(kind="vacate")) == []
    assert (world.sender.heard(URL), world.sender.heard(OTHER)) == ([EVENT], [EVENT])


def test_a_task_whose_events_can_neither_be_sent_nor_queued_comes_again():
    world = World(URL)
    world.performed["vacate"] = [EVENT]
    world.sender.answers[URL] = REFUSED
    world.tasks.failure = ServiceError("SendMessageBatch", "timed out")
    assert world.work(message(kind="vacate")) == ["m1"]
    assert world.telemetry.errors == {"internal_error": 1}


def test_a_task_of_which_nothing_comes_is_done():
    world = World(URL)
    world.performed["vacate"] = []
    assert (world.work(message(kind="vacate")), world.sender.batches) == ([], [])


def test_a_task_that_a_service_fails_comes_again_later_each_time_and_no_other():
    world = World(URL)
    world.performed["vacate"] = ServiceError("UpdateItem", "timed out")
    assert world.work(webhook(1), message(2, kind="vacate", receives=3)) == ["m2"]
    assert (world.redelivery.waits, world.sender.heard(URL)) == ({"r2": 4}, [EVENT])


def test_a_bug_fails_its_message_alone_and_is_told_without_its_text():
    world = World(URL)
    world.performed["vacate"] = KeyError("payload")
    assert world.work(message(1, kind="vacate"), webhook(2)) == ["m1"]
    assert (world.telemetry.errors, world.sender.heard(URL)) == ({"crash": 1}, [EVENT])
    (fields,) = world.logged("crashed")
    assert (fields["error"], "payload" in str(fields)) == ("KeyError", False)


def test_a_body_that_is_no_task_fails_its_message_alone():
    world = World(URL)
    assert world.work(Message("m1", "r1", 1, "{"), webhook(2)) == ["m1"]
    assert world.telemetry.errors == {"crash": 1}


def test_an_event_without_a_channel_fails_its_message_alone():
    world = World(URL)
    assert world.work(webhook(1, events=[{"name": "cache_miss"}]), webhook(2)) == ["m1"]


def test_a_bug_in_the_sender_loses_nothing():
    world = World(URL)
    world.performed["vacate"] = [EVENT]
    world.sender.bug = ValueError("body")
    assert world.work(webhook(1), message(2, kind="vacate")) == ["m1"]
    assert ([task.kind for task in world.tasks.sent], world.telemetry.errors) == (["webhook"], {"crash": 2})


@pytest.mark.parametrize("kind", ["webhook", "vacate"])
def test_without_the_apps_nothing_is_lost(kind):
    world = World(URL)
    world.performed["vacate"] = [EVENT]
    world.apps.failure = ServiceError("GetSecretValue", "timed out")
    failed = world.work(message(kind=kind, events=[EVENT]))
    assert (failed, [task.fields for task in world.tasks.sent]) == (
        (["m1"], []) if kind == "webhook" else ([], [{"events": [EVENT]}])
    )


def test_without_an_active_key_it_is_tried_again():
    world = World(URL)
    world.apps.keys = (OLD,)
    assert (world.work(webhook()), world.sender.batches) == (["m1"], [])
    assert world.logged("no active key to sign webhooks with") == [{"appId": "1"}]


def test_out_of_time_the_rest_comes_again_and_what_was_gathered_is_sent():
    world = World(URL)
    left = iter([True, False, False])
    assert world.work(webhook(1), webhook(2), webhook(3), has_time=lambda: next(left)) == ["m2", "m3"]
    assert len(world.sender.heard(URL)) == 1


def test_an_event_does_not_wait_for_a_slow_task():
    world = World(URL)
    world.performed["member_out"] = []
    world.slow["member_out"] = 250
    world.work(webhook(1, events=events("a")), message(2, kind="member_out"), webhook(3, events=events("b")))
    assert len(world.sender.batches) == 2


def test_if_the_wait_cannot_be_set_the_failed_messages_are_told_all_the_same():
    world = World(URL)
    world.sender.answers[URL] = REFUSED
    world.redelivery.failure = ServiceError("ChangeMessageVisibilityBatch", "timed out")
    assert world.work(webhook()) == ["m1"]


def test_the_body_is_what_the_python_sdk_accepts():
    """The rules of its validate_webhook: its own key, a good signature, and a time within five minutes."""
    world = World(URL)
    world.work(webhook(events=[{**EVENT, "name": "member_added", "user_id": 7}]))
    (request,) = world.sender.requests
    text = request.body.decode()
    assert request.headers["X-Pusher-Key"] == "older"
    expected = hmac.new(b"older-secret", text.encode(), hashlib.sha256).hexdigest()
    assert hmac.compare_digest(request.headers["X-Pusher-Signature"], expected)
    received = json.loads(text)
    assert abs(received["time_ms"] - world.clock.time) <= 300_000
    assert received["events"] == [{**EVENT, "name": "member_added", "user_id": "7"}]
