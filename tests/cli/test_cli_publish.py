"""`ops publish`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cli.backend import Backend
from tests.cli.console import Result
from tests.cli.front import Front

Opened = Callable[..., Front]


@pytest.fixture
def front(backend: Backend, local: Path) -> Iterator[Opened]:
    """Open the way to the clients; each argument says how posts to that connection are answered.

    `outputs` are those of the deployment that differ.
    """
    with ExitStack() as stack:

        def opened(outputs: Mapping[str, Any] | None = None, **statuses: int) -> Front:
            front = Front(backend.url, statuses)
            stack.enter_context(front.double)
            backend.announce(local, front.double.url, **(outputs or {}))
            return front

        yield opened


def test_every_subscriber_gets_the_event(ops, backend, front):
    backend.connect("a", channels=["team-123"])
    backend.connect("b", channels=["team-123"])
    backend.connect("c", channels=["team-456"])
    posts = front().frames
    assert ops("publish", "team-123", "activity-logged", '{"km": 2}') == Result(
        0, "", "2 delivered, 0 gone, 0 failed.\n"
    )
    event = {"event": "activity-logged", "channel": "team-123", "data": {"km": 2}}
    assert sorted((to, json.loads(frame)) for to, frame in posts) == [("a", event), ("b", event)]


def test_without_data_an_empty_object_is_sent(ops, backend, front):
    backend.connect("a", channels=["news"])
    posts = front().frames
    ops("publish", "news", "hello")
    assert json.loads(posts[0][1])["data"] == {}


def test_data_may_come_from_standard_input(ops, backend, front, monkeypatch):
    backend.connect("a", channels=["news"])
    posts = front().frames
    monkeypatch.setattr("sys.stdin", io.StringIO("[1, 2]"))
    ops("publish", "news", "hello", "-")
    assert json.loads(posts[0][1])["data"] == [1, 2]


def test_a_channel_without_subscribers_is_no_failure(ops, front):
    front()
    assert ops("publish", "news", "hello") == Result(0, "", "0 delivered, 0 gone, 0 failed.\n")


def test_the_counts_as_json(ops, backend, front):
    for name in ("here", "left"):
        backend.connect(name, channels=["news"])
    front(left=410)
    result = ops("publish", "news", "hello", "--json")
    counts = {"delivered": 1, "gone": 1, "failed": 0, "shares": 0, "waiting": 0}
    assert (json.loads(result.out), result.err) == (counts, "")


# Two readers are too many to be delivered to at once, and enough for a share.
SHARED_OUT = {"fanout": {"direct_readers": 1, "share_readers": 1}}


def test_a_channel_with_many_subscribers_is_shared_out(ops, backend, front):
    for name in ("a", "b"):
        backend.connect(name, channels=["news"])
    opened = front(SHARED_OUT)
    summary = "Shared out to 2 functions: their logs say what became of it.\n"
    assert (ops("publish", "news", "hello"), opened.frames) == (Result(0, "", summary), [])
    assert [(name, job["kind"]) for name, job in opened.started] == [("milequest-local-deliver", "share")] * 2


def test_what_is_started_is_what_the_deployment_starts(ops, backend, front):
    """Where it is kept ready, the alias."""
    for name in ("a", "b"):
        backend.connect(name, channels=["news"])
    opened = front({**SHARED_OUT, "deliver_function": "milequest-local-deliver:live"})
    ops("publish", "news", "hello")
    assert {name for name, _ in opened.started} == {"milequest-local-deliver%3Alive"}


def test_a_deployment_that_tells_no_limits_has_the_usual_ones(ops, backend, front):
    for name in ("a", "b"):
        backend.connect(name, channels=["news"])
    opened = front()
    ops("publish", "news", "hello")
    assert (len(opened.frames), opened.started) == (2, [])


def test_a_limit_that_is_not_known_here_is_left_alone(ops, backend, front):
    backend.connect("a", channels=["news"])
    front({"fanout": {"direct_readers": 1, "newer": 1}})
    assert ops("publish", "news", "hello") == Result(0, "", "1 delivered, 0 gone, 0 failed.\n")


def test_who_lets_events_wait_has_them_later(ops, backend, front):
    backend.connect("now", channels=["news"])
    backend.connect("later", channels=["news"], coalesce=200)
    opened = front({"coalesce_max_ms": 500})
    waits = "It waits for others, for 1 reader: the log of deliver says what became of it."
    assert ops("publish", "news", "hello") == Result(0, "", f"1 delivered, 0 gone, 0 failed.\n{waits}\n")
    assert [to for to, _ in opened.frames] == ["now"]
    assert [(job["kind"], job["wait"]) for _, job in opened.started] == [("flush", 200)]


def test_for_how_many_an_event_waits_as_json(ops, backend, front):
    backend.connect("later", channels=["news"], coalesce=200)
    front({"coalesce_max_ms": 500})
    counts = {"delivered": 0, "gone": 0, "failed": 0, "shares": 0, "waiting": 1}
    assert json.loads(ops("publish", "news", "hello", "--json").out) == counts


def test_the_shares_as_json(ops, backend, front):
    for name in ("a", "b"):
        backend.connect(name, channels=["news"])
    front(SHARED_OUT)
    counts = {"delivered": 0, "gone": 0, "failed": 0, "shares": 2, "waiting": 0}
    assert json.loads(ops("publish", "news", "hello", "--json").out) == counts


def test_who_turns_out_to_be_gone_is_forgotten(ops, backend, front):
    backend.connect("left", channels=["news"])
    front(left=410)
    ops("publish", "news", "hello")
    assert backend.dynamodb.scan(TableName=backend.connections)["Items"] == []
    assert backend.dynamodb.scan(TableName=backend.subscriptions)["Items"] == []


def test_somebody_gone_is_no_failure(ops, backend, front):
    backend.connect("left", channels=["news"])
    front(left=410)
    assert ops("publish", "news", "hello").code == 0


@pytest.mark.parametrize("status", [429, 500])
def test_a_delivery_that_fails_for_good_is_exit_code_1(ops, backend, front, status):
    backend.connect("a", channels=["news"])
    front(a=status)
    assert ops("publish", "news", "hello") == Result(1, "", "0 delivered, 0 gone, 1 failed.\n")


WRONG = {
    "a channel with a space": ("no spaces", "hello", "{}"),
    "an empty channel": ("", "hello", "{}"),
    "a channel that is too long": ("x" * 165, "hello", "{}"),
    "an event that is too long": ("news", "x" * 201, "{}"),
    "an empty event": ("news", "", "{}"),
    "data that is not JSON": ("news", "hello", "{km: 2}"),
    "empty data": ("news", "hello", ""),
    "data that JSON cannot say": ("news", "hello", "1e999"),
    "data that nests too deep": ("news", "hello", "[" * 100_000),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_what_no_client_may_send_is_wrong_usage_even_without_a_stack(ops, local, arguments):
    result = ops("publish", *arguments)
    assert (result.code, result.out) == (2, "")
    assert "Error: " in result.err


def test_standard_input_that_is_no_text_is_wrong_usage(ops, local, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8"))
    result = ops("publish", "news", "hello", "-")
    assert (result.code, result.out) == (2, "")


def test_tables_that_are_missing_are_explained(ops, backend, front):
    front()
    backend.dynamodb.delete_table(TableName=backend.subscriptions)
    result = ops("publish", "news", "hello")
    assert (result.code, result.out) == (1, "")
    assert "ResourceNotFoundException" in result.err
    assert "terraform apply" in result.err


def test_more_data_than_is_deployed_for_is_wrong_usage(ops, backend, local):
    outputs = backend.outputs(aws_endpoint_url=backend.url, max_data_bytes=5)
    (local / "outputs.json").write_text(json.dumps(outputs))
    result = ops("publish", "news", "hello", '"12345"')
    assert (result.code, result.out) == (2, "")
    assert "7 bytes; 5 are allowed" in result.err
