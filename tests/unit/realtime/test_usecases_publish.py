"""Events reach the readers of a channel, whichever protocols they speak; cache channels keep the last one."""

from __future__ import annotations

import json

import pytest

from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.domain.sockets import socket_id
from realtime.protocols.plain import Broadcast
from realtime.usecases.publish import event_of_plain, event_of_pusher, publish, trigger
from tests.fakes import NOW, World, connection
from tests.unit.realtime.scenes import ROOM, pusher

LOBBY = Channel("1", "lobby")
CACHE = Channel("1", "cache-a")
EVENT = event_of_pusher(LOBBY, "score", '{"n": 1}')


def both(channel: str = "lobby") -> World:
    return World(pusher("c1", channel), connection("c2", channels=[channel]))


def test_an_event_of_a_server_reaches_both_protocols():
    world = both()
    assert publish(EVENT, world.ports).deliveries.delivered == ["c1", "c2"]
    assert world.outbox.frames("c1") == ['{"event":"score","channel":"lobby","data":"{\\"n\\": 1}"}']
    assert world.outbox.frames("c2") == ['{"event":"score","channel":"lobby","data":{"n": 1}}']


def test_an_event_of_a_plain_client_reaches_both_protocols():
    world = both()
    publish(event_of_plain(LOBBY, Broadcast("lobby", "score", '{"n":1}'), "u1"), world.ports)
    assert world.outbox.frames("c1") == ['{"event":"score","channel":"lobby","data":"{\\"n\\":1}"}']
    assert world.outbox.frames("c2") == ['{"event":"score","channel":"lobby","data":{"n":1},"userId":"u1"}']


def test_data_that_are_no_json_are_a_string_to_plain_clients():
    world = both()
    publish(event_of_pusher(LOBBY, "score", "one { two"), world.ports)
    assert [json.loads(world.outbox.frames(name)[0])["data"] for name in ("c1", "c2")] == ["one { two"] * 2


def test_the_same_channel_of_another_app_hears_nothing():
    world = World(pusher("c1", "lobby"), pusher("c2", "lobby", app_id="2"))
    assert publish(EVENT, world.ports).deliveries.delivered == ["c1"]


def test_in_a_presence_channel_every_tab_of_every_user_hears_it_once():
    names = {"c1": "A", "c2": "A", "c3": "B"}
    world = World(*(pusher(name, ROOM, user=user) for name, user in names.items()))
    published = publish(event_of_pusher(Channel("1", ROOM), "score", "1"), world.ports)
    assert published.deliveries.delivered == ["c1", "c2", "c3"]


def test_one_can_be_left_out():
    world = both()
    assert publish(EVENT._replace(exclude=socket_id("c1")), world.ports).deliveries.delivered == ["c2"]


def test_who_is_gone_is_forgotten_everywhere_and_the_others_hear_it():
    world = World(pusher("c1", "lobby", ROOM, user="A"), pusher("c2", "lobby"), pusher("c3", ROOM, user="B"))
    world.outbox.fates["c1"] = "gone"
    assert publish(EVENT, world.ports).deliveries.delivered == ["c2"]
    assert (sorted(world.connections.rows), [user for _, user in world.members.held]) == (["c2", "c3"], ["B"])
    assert "member_removed" in world.outbox.frames("c3")[0]


def test_a_publish_that_cannot_read_its_readers_fails():
    world = both()
    world.journal.failures["subscriptions.readers"] = ServiceError("Query", "down")
    with pytest.raises(ServiceError):
        publish(EVENT, world.ports)
    assert world.outbox.posts == []


@pytest.mark.parametrize("name", ["cache-a", "private-cache-a", "private-encrypted-cache-a", "presence-cache-a"])
def test_a_cache_channel_keeps_the_last_event_for_half_an_hour_even_without_readers(name):
    world, channel = World(), Channel("1", name)
    trigger(event_of_pusher(channel, "one", "1"), world.ports)
    trigger(event_of_pusher(channel, "two", "2"), world.ports)
    kept = world.state.cached(channel, NOW + 30 * 60 * 1000 - 1)
    assert kept is not None and (kept.event, kept.data) == ("two", "2")
    assert world.state.cached(channel, NOW + 30 * 60 * 1000) is None


@pytest.mark.parametrize("name", ["lobby", "my-cache-a", "private-encrypted-a"])
def test_other_channels_keep_none(name):
    world = World()
    trigger(event_of_pusher(Channel("1", name), "one", "1"), world.ports)
    assert world.state.kept == {}


def test_an_event_is_kept_before_it_is_published():
    world = both("cache-a")
    trigger(event_of_pusher(CACHE, "one", "1"), world.ports)
    assert world.journal.calls == ["state.cache", "subscriptions.readers", "outbox.post_each"]


def test_only_what_a_server_triggers_is_kept():
    world = both("cache-a")
    publish(event_of_pusher(CACHE, "one", "1"), world.ports)
    assert world.state.kept == {}


def test_the_excluded_socket_concerns_the_delivery_and_not_the_cache():
    world = both("cache-a")
    trigger(event_of_pusher(CACHE, "one", "1")._replace(exclude=socket_id("c1")), world.ports)
    assert (world.outbox.frames("c1"), world.state.kept[CACHE].event) == ([], "one")


def test_data_with_a_lone_surrogate_are_kept():
    world = World()
    trigger(event_of_pusher(CACHE, "one", "\ud800"), world.ports)
    assert world.state.kept[CACHE].data == "\ud800"
