"""What each operation costs in AWS calls, exactly. The table is quoted in lambdas/README.md."""

# Steps one after the other are a tuple of what they return, which is nothing.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import pytest

from realtime.domain.connections import Channel
from realtime.usecases.actions import heartbeat, subscribe, unknown, unsubscribe
from realtime.usecases.disconnect import disconnect
from tests.contract.counted import (
    ASK,
    BATCH_GET,
    BATCH_WRITE,
    DELETE,
    GET,
    INVOKE,
    POST,
    PUT,
    QUERY,
    SCAN,
    SECRET_READ,
    TASK,
    UPDATE,
    Step,
    check,
)


def _crowded(count: int) -> Step:
    return lambda b: (b.crowd("presence-a", count), b.pushers("c1"))


# operation: (what went before, what is counted, the AWS calls)
PLAIN: dict[str, tuple[Step, Step, dict[str, int]]] = {
    "connect, cold": (
        lambda b: None,
        lambda b: b.connect("c1"),
        {SECRET_READ: 1, PUT: 1},
    ),
    "connect, warm": (
        lambda b: b.connect("c0"),
        lambda b: b.connect("c1"),
        {PUT: 1},
    ),
    "subscribe, as the first": (
        lambda b: b.connect("c1"),
        lambda b: b.say(subscribe, channel="lobby"),
        {SECRET_READ: 1, GET: 2, PUT: 1, UPDATE: 2, POST: 1},
    ),
    "subscribe": (
        lambda b: (b.in_lobby("c2"), b.connect("c3")),
        lambda b: b.say(subscribe, "c3", channel="lobby"),
        {GET: 2, PUT: 1, UPDATE: 1, POST: 1},
    ),
    "subscribe, forbidden": (
        lambda b: b.connect("c1"),
        lambda b: b.say(subscribe, channel="team-456"),
        {GET: 1, POST: 1},
    ),
    "unsubscribe": (
        lambda b: b.in_lobby("c2"),
        lambda b: b.say(unsubscribe, channel="lobby"),
        {GET: 1, UPDATE: 1, DELETE: 1, QUERY: 1, POST: 1},
    ),
    "unsubscribe, as the last": (
        lambda b: b.in_lobby(),
        lambda b: b.say(unsubscribe, channel="lobby"),
        {GET: 1, UPDATE: 2, DELETE: 2, QUERY: 2, POST: 1},
    ),
    "heartbeat, within a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.say(heartbeat, after=59_999),
        {GET: 1, POST: 1},
    ),
    "heartbeat, after a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.say(heartbeat, after=60_000),
        {GET: 1, UPDATE: 1, POST: 1},
    ),
    "heartbeat, twice after a minute": (
        lambda b: b.connect("c1"),
        lambda b: b.beat(60_000, 119_999),
        {GET: 2, UPDATE: 1, POST: 2},
    ),
    "unknown action": (
        lambda b: b.connect("c1"),
        lambda b: b.say(unknown, action="fly"),
        {POST: 1},
    ),
    "broadcast to nobody else": (
        lambda b: b.in_lobby(),
        lambda b: b.broadcast(),
        {GET: 1, QUERY: 1},
    ),
    "broadcast to 5": (
        lambda b: b.in_lobby("c2", "c3", "c4", "c5", "c6"),
        lambda b: b.broadcast(),
        {GET: 1, QUERY: 1, POST: 5},
    ),
    "broadcast to one that has just come": (
        lambda b: (b.in_lobby(), b.connect("c2"), b.join("lobby", "c2")),
        lambda b: b.broadcast(),
        {GET: 1, QUERY: 1, BATCH_GET: 1, POST: 1},
    ),
    "broadcast to 2 and one that is gone": (
        lambda b: b.with_gone_reader(),
        lambda b: b.broadcast(),
        {GET: 1, QUERY: 3, UPDATE: 1, POST: 3, DELETE: 1, BATCH_WRITE: 1},
    ),
    "broadcast without being in": (
        lambda b: b.connect("c1"),
        lambda b: b.broadcast(),
        {GET: 7, POST: 1},
    ),
    "disconnect from 0 channels": (
        lambda b: b.in_channels(0),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1},
    ),
    "disconnect from 1 channel that others read": (
        lambda b: b.in_lobby("c2"),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1, BATCH_WRITE: 1, QUERY: 1},
    ),
    "disconnect from 26 channels that nobody else reads": (
        lambda b: b.in_channels(26),
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1 + 26, BATCH_WRITE: 2, QUERY: 2 * 26, UPDATE: 26},
    ),
    "disconnect of a connection without a row": (
        lambda b: None,
        lambda b: disconnect(["c1"], b.ports),
        {DELETE: 1},
    ),
    "sweep, nobody silent": (
        lambda b: b.in_lobby("c2"),
        lambda b: b.sweep(after=0),
        {SCAN: 4, BATCH_GET: 1, QUERY: 1},
    ),
    "sweep, 2 silent, one of them gone": (
        lambda b: b.connect("c1", "gone"),
        lambda b: b.sweep(after=600_000),
        {SECRET_READ: 1, SCAN: 4, ASK: 2, DELETE: 1},
    ),
}

PUSHER: dict[str, tuple[Step, Step, dict[str, int]]] = {
    "connect": (
        lambda b: b.open("c0"),
        lambda b: b.open("c1"),
        {PUT: 1, INVOKE: 1},
    ),
    "welcome": (
        lambda b: (b.settle(), b.open("c1")),
        lambda b: b.greet("c1"),
        {UPDATE: 2, POST: 1},
    ),
    "ping": (
        lambda b: b.pushers("c1"),
        lambda b: b.hear("c1", "pusher:ping", {}),
        {GET: 1, POST: 1},
    ),
    "subscribe, public": (
        lambda b: (b.pushers("c1", "c2"), b.enter("news", "c1")),
        lambda b: b.enter("news", "c2"),
        {GET: 2, PUT: 1, UPDATE: 1, POST: 1},
    ),
    "subscribe, public, as the first": (
        lambda b: b.pushers("c1"),
        lambda b: b.enter("news", "c1"),
        {GET: 2, PUT: 1, UPDATE: 2, POST: 1},
    ),
    "subscribe, private": (
        lambda b: (b.pushers("c1", "c2"), b.enter("private-a", "c1")),
        lambda b: b.enter("private-a", "c2"),
        {GET: 2, PUT: 1, UPDATE: 1, POST: 1},
    ),
    "subscribe, cache": (
        lambda b: (b.pushers("c1", "c2"), b.enter("cache-a", "c1"), b.trigger("cache-a")),
        lambda b: b.enter("cache-a", "c2"),
        {GET: 3, PUT: 1, UPDATE: 1, POST: 2},
    ),
    "subscribe, presence, as the first": (
        lambda b: b.pushers("c1"),
        lambda b: b.enter("presence-a", "c1"),
        {GET: 2, UPDATE: 3, QUERY: 1, POST: 1},
    ),
    **{
        f"subscribe, presence with {count} members": (
            _crowded(count),
            lambda b: b.enter("presence-a", "c1"),
            {GET: 1, UPDATE: 2, QUERY: 1, POST: 1 + count},
        )
        for count in (1, 10, 99)
    },
    "subscribe, presence that is full": (
        lambda b: (b.crowd("presence-a", 100), b.pushers("c1")),
        lambda b: b.enter("presence-a", "c1"),
        {GET: 1, UPDATE: 3, QUERY: 2, DELETE: 1, POST: 1},
    ),
    "unsubscribe, presence with 10 others": (
        lambda b: (b.crowd("presence-a", 10), b.pushers("c1"), b.enter("presence-a", "c1"), b.settle()),
        lambda b: b.hear("c1", "pusher:unsubscribe", {"channel": "presence-a"}),
        {GET: 1, UPDATE: 3, BATCH_GET: 1, QUERY: 2, DELETE: 1, POST: 10},
    ),
    "unsubscribe, presence, just after it came": (
        lambda b: (b.crowd("presence-a", 10), b.pushers("c1"), b.enter("presence-a", "c1")),
        lambda b: b.hear("c1", "pusher:unsubscribe", {"channel": "presence-a"}),
        {GET: 1, UPDATE: 2, BATCH_GET: 1, QUERY: 1, TASK: 1},
    ),
    "client event to 10": (
        lambda b: (b.crowd("presence-a", 10), b.pushers("c1"), b.enter("presence-a", "c1"), b.settle()),
        lambda b: b.hear("c1", "client-e", {}, "presence-a"),
        {GET: 1, UPDATE: 1, BATCH_GET: 1, QUERY: 1, POST: 10},
    ),
    "publish to 10 members": (
        lambda b: (b.crowd("presence-a", 10), b.settle()),
        lambda b: b.trigger("presence-a"),
        {QUERY: 1, POST: 10},
    ),
    "publish to a cache channel": (
        lambda b: (b.pushers("c1"), b.enter("cache-a", "c1"), b.settle()),
        lambda b: b.trigger("cache-a"),
        {PUT: 1, QUERY: 1, POST: 1},
    ),
    "sign in": (
        lambda b: b.pushers("c1"),
        lambda b: b.sign_in("c1", []),
        {GET: 1, UPDATE: 3, QUERY: 1, POST: 1},
    ),
    "sign in, watching 2": (
        lambda b: b.pushers("c1"),
        lambda b: b.sign_in("c1", ["u2", "u3"]),
        {GET: 1, UPDATE: 3, BATCH_WRITE: 1, QUERY: 1, BATCH_GET: 2, POST: 2},
    ),
}


@pytest.mark.parametrize("operation", PLAIN)
def test_the_aws_calls_of_plain(operation, backend):
    check(PLAIN[operation], backend)


@pytest.mark.parametrize("operation", PUSHER)
def test_the_aws_calls_of_pusher(operation, backend):
    check(PUSHER[operation], backend)


def test_a_channel_of_more_than_a_page_is_one_query_a_page(backend):
    backend.in_lobby()
    for n in range(11):
        backend.ports.subscriptions.add(backend.subscription("lobby", f"d{n}", user="x" * 100_000))
    backend.settle()
    backend.calls.clear()
    backend.broadcast()
    assert dict(backend.calls) == {GET: 1, QUERY: 2, POST: 11}


def test_an_event_to_nobody_is_a_query(backend):
    backend.settle()
    backend.calls.clear()
    backend.trigger(Channel("1", "empty").name)
    assert dict(backend.calls) == {QUERY: 1}
