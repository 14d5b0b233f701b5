"""How many read a channel, and who is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel
from realtime.usecases.counting import members_of, subscription_count, tell_count, user_count
from tests.fakes import World, connection
from tests.unit.realtime.scenes import ROOM, pusher

LOBBY = Channel("1", "lobby")


def crowd(number: int) -> World:
    """So many readers of an app that wants counts."""
    world = World(*(pusher(f"c{n}", "lobby") for n in range(number)))
    world.apps.set(subscription_count=True, webhooks=(Webhook("https://x.example.com/"),))
    return world


def told(world: World, name: str = "c0") -> list[Any]:
    return [json.loads(json.loads(frame)["data"])["subscription_count"] for frame in world.outbox.frames(name)]


def test_users_and_connections_are_counted_apart():
    world = World(*(pusher(name, ROOM, user=user) for name, user in {"c1": "A", "c2": "A", "c3": "B"}.items()))
    room = Channel("1", ROOM)
    assert (user_count(room, world.ports), subscription_count(room, world.ports)) == (2, 3)
    assert [row.user for row in members_of(room, world.ports)] == ["A", "B"]


def test_who_has_gone_and_is_not_out_yet_does_not_count():
    world = World(pusher("c1", ROOM, user="A"))
    key = next(iter(world.members.held))
    world.members.held[key] = world.members.held[key]._replace(connections=())
    assert user_count(Channel("1", ROOM), world.ports) == 0


def test_subscribers_and_endpoints_are_told():
    world = crowd(3)
    world.open(connection("plain", channels=["lobby"]))
    assert tell_count(LOBBY, world.ports).delivered == ["c0", "c1", "c2"]
    assert (told(world), world.outbox.frames("plain")) == ([4], [])
    (task,) = world.tasks.sent
    assert task.fields["events"] == [{"name": "subscription_count", "channel": "lobby", "subscription_count": 4}]


@pytest.mark.parametrize("channel", ["lobby", ROOM])
def test_without_the_setting_or_in_a_presence_channel_nothing_is_read(channel):
    world = crowd(1)
    world.apps.set(subscription_count=channel == ROOM)
    tell_count(Channel("1", channel), world.ports)
    assert world.journal.calls == []


def test_up_to_a_hundred_every_change_is_told():
    world = crowd(100)
    for _ in range(3):
        tell_count(LOBBY, world.ports)
    assert (told(world), world.tasks.of("count")) == ([100] * 3, [])


def test_above_it_is_told_every_five_seconds_and_the_last_change_for_certain():
    world = crowd(101)
    for _ in range(4):
        tell_count(LOBBY, world.ports)
    (task,) = world.tasks.of("count")
    assert (told(world), task.fields, task.delay) == ([101], {"channel": "lobby"}, 5)
    world.clock.advance(5_000)
    tell_count(LOBBY, world.ports)
    assert (told(world), len(world.tasks.of("count"))) == ([101, 101], 1)
