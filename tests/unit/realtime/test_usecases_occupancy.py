"""The first reader of a channel and the last."""

from __future__ import annotations

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.connections import Channel
from realtime.domain.errors import ServiceError
from realtime.ports import Occupancy
from realtime.usecases.occupancy import begun_at, came, end_vacancy, mend, went
from tests.fakes import NOW, World
from tests.unit.realtime.scenes import ROOM, pusher

LOBBY = Channel("1", "lobby")


def empty(*kinds: str) -> World:
    """A channel that counts as occupied and has no reader any more; an endpoint wants these kinds."""
    world = World()
    world.channels.rows[LOBBY] = Occupancy(LOBBY)
    wanted = (Webhook("https://x.example.com/", frozenset(kinds)),) if kinds else ()
    world.apps.set(webhooks=wanted)
    return world


def hooks(world: World) -> list[str]:
    return [event["name"] for task in world.tasks.of("webhook") for event in task.fields["events"]]


def test_the_first_makes_it_occupied_and_the_endpoints_hear_of_it():
    world = World()
    world.apps.set(webhooks=(Webhook("https://x.example.com/"),))
    came(LOBBY, world.ports)
    came(LOBBY, world.ports)
    assert (list(world.channels.rows), hooks(world)) == ([LOBBY], ["channel_occupied"])


def test_with_others_there_nothing_is_vacated():
    world = World(pusher("c1", "lobby"))
    assert not went(LOBBY, "c2", world.ports)
    assert world.journal.calls == ["subscriptions.occupied"]


@pytest.mark.parametrize("user", ["A", None])
def test_of_a_presence_channel_the_members_count(user):
    world = World(pusher("c1", ROOM, user="A"))
    key = next(iter(world.members.held))
    if user is None:
        world.members.held[key] = world.members.held[key]._replace(connections=())
    assert went(Channel("1", ROOM), "c2", world.ports) == (user is None)


def test_without_endpoints_it_is_vacated_at_once():
    world = empty()
    assert went(LOBBY, "c1", world.ports)
    assert (world.channels.rows, world.tasks.sent) == ({}, [])


@pytest.mark.parametrize("kind", ["channel_vacated", "channel_occupied"])
def test_with_endpoints_it_is_vacated_after_a_grace(kind):
    world = empty(kind)
    assert went(LOBBY, "c1", world.ports)
    (task,) = world.tasks.sent
    assert (task.kind, task.delay, world.channels.rows[LOBBY].vacating) == ("vacate", 3, task.fields["token"])
    assert end_vacancy(LOBBY, task.fields["token"], world.ports)
    assert world.channels.rows == {}


def test_who_comes_back_within_the_grace_cancels_it():
    world = empty("channel_vacated", "channel_occupied")
    went(LOBBY, "c1", world.ports)
    came(LOBBY, world.ports)
    assert not end_vacancy(LOBBY, world.tasks.sent[0].fields["token"], world.ports)
    assert (world.channels.rows, hooks(world)) == ({LOBBY: Occupancy(LOBBY)}, [])


def test_a_grace_that_cannot_be_queued_is_none():
    world = empty("channel_vacated")
    world.journal.failures["tasks.send"] = ServiceError("SendMessage", "down")
    assert went(LOBBY, "c1", world.ports)
    assert world.channels.rows == {}


def test_a_channel_that_is_vacated_already_is_not_again():
    assert not went(LOBBY, "c1", World().ports)


def test_a_lost_vacancy_is_ended_if_nobody_is_there():
    world = empty()
    world.channels.vacate(LOBBY, "1.c1")
    assert (mend(LOBBY, "1.c1", world.ports), world.channels.rows) == (True, {})


def test_a_lost_vacancy_of_a_channel_with_readers_is_taken_back():
    world = World(pusher("c1", "lobby"))
    world.channels.vacate(LOBBY, "1.c2")
    assert (mend(LOBBY, "1.c2", world.ports), world.channels.rows) == (False, {LOBBY: Occupancy(LOBBY)})


def test_a_token_says_when_the_vacancy_began():
    world = empty("channel_vacated")
    went(LOBBY, "L0SM9cOFvHcCIhw=", world.ports)
    assert begun_at(world.tasks.sent[0].fields["token"]) == NOW
