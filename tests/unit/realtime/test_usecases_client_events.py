"""Events from client to client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.sockets import socket_id
from realtime.usecases.frames import receive_any
from tests.fakes import NOW, World, call, connection
from tests.unit.realtime.scenes import ROOM, pusher


def new(*others: Any, channel: str = "private-x", user: str | None = None) -> World:
    return World(pusher("c1", channel, user=user), *others)


def trigger(world: World, channel: str = "private-x", event: str = "client-typing", data: Any = None, **handled: Any):
    """Client c1 says it; what it is told."""
    body = {"event": event, "channel": channel, "data": {"on": True} if data is None else data}
    receive_any(json.dumps(body), call(**handled), world.ports)
    return [json.loads(frame) for frame in world.outbox.frames("c1")]


def test_the_others_hear_it_and_the_sender_does_not():
    world = new(pusher("c2", "private-x"), pusher("c3", "private-y"))
    assert trigger(world) == []
    assert [json.loads(frame) for frame in world.outbox.frames("c2")] == [
        {"event": "client-typing", "channel": "private-x", "data": '{"on":true}'}
    ]
    assert world.outbox.frames("c3") == []


def test_plain_readers_hear_it_too():
    world = new(connection("c2", channels=["private-x"]))
    trigger(world)
    assert world.outbox.frames("c2") == ['{"event":"client-typing","channel":"private-x","data":{"on":true}}']


def test_data_that_are_a_string_stay_as_they_are():
    world = new(pusher("c2", "private-x"))
    trigger(world, data="no { json")
    assert json.loads(world.outbox.frames("c2")[0])["data"] == "no { json"


def test_in_a_presence_channel_it_names_the_sender_whatever_the_payload_says():
    world = new(pusher("c2", ROOM, user="B"), channel=ROOM, user="A")
    receive_any(json.dumps({"event": "client-e", "channel": ROOM, "data": "{}", "user_id": "B"}), call(), world.ports)
    assert json.loads(world.outbox.frames("c2")[0])["user_id"] == "A"


def test_it_names_a_user_that_is_a_number_as_one():
    world = new(pusher("c2", ROOM, user="B"), channel=ROOM, user="7")
    key = next(key for key in world.members.held if key[1] == "7")
    world.members.held[key] = world.members.held[key]._replace(member='{"user_id":7}')
    trigger(world, ROOM)
    assert json.loads(world.outbox.frames("c2")[0])["user_id"] == 7


@pytest.mark.parametrize("channel", ["private-y", "presence-y", "news", "#server-to-user-A", "a b"])
def test_only_a_subscriber_of_a_private_or_presence_channel_may(channel):
    world = new(pusher("c2", "private-y", "news"))
    (answer,) = trigger(world, channel)
    assert (answer["event"], answer["data"]["code"], world.outbox.frames("c2")) == ("pusher:error", None, [])


def test_being_subscribed_to_a_public_channel_does_not_suffice():
    (answer,) = trigger(new(channel="news"), "news")
    assert answer["data"]["code"] is None


@pytest.mark.parametrize(("event", "data"), [("client-" + "x" * 194, {}), ("client-e", "x" * 10_241)])
def test_what_is_too_long_is_refused(event, data):
    (answer,) = trigger(new(), event=event, data=data)
    assert answer["data"]["code"] == 4301


def test_an_app_may_forbid_them():
    world = new(pusher("c2", "private-x"))
    world.apps.set(client_events=False)
    (answer,) = trigger(world)
    assert (answer["data"]["code"], world.outbox.frames("c2")) == (4301, [])


def test_a_connection_sends_ten_a_second():
    world = new(pusher("c2", "private-x"))
    for _ in range(12):
        answers = trigger(world)
    assert ([answer["data"]["code"] for answer in answers], len(world.outbox.frames("c2"))) == ([4301, 4301], 10)
    assert len(trigger(world, now=NOW + 1000)) == 2


def test_one_right_after_the_success_waits_for_the_row():
    world = World(pusher("c1"), pusher("c2", "private-x"))
    row = world.connections.rows["c1"]._replace(channels=frozenset({"private-x"}))
    world.clock.at(NOW + 50, lambda: world.connections.rows.update(c1=row))
    assert (trigger(world), len(world.outbox.frames("c2"))) == ([], 1)


def test_endpoints_may_want_to_know():
    world = new(channel=ROOM, user="A")
    world.apps.set(webhooks=(Webhook("https://x.example.com/", frozenset({"client_event"})),))
    trigger(world, ROOM)
    (task,) = world.tasks.of("webhook")
    assert task.fields["events"] == [
        {
            "name": "client_event",
            "channel": ROOM,
            "event": "client-typing",
            "data": '{"on":true}',
            "socket_id": socket_id("c1"),
            "user_id": "A",
        }
    ]


def test_they_are_not_cached():
    world = new(channel="private-cache-x")
    trigger(world, "private-cache-x")
    assert world.state.kept == {}
