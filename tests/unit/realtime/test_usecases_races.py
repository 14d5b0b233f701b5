"""Every order of the port calls of use cases that may race on connections, subscriptions and channels."""

from __future__ import annotations

import json

import pytest

from realtime.domain.apps import Webhook
from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION
from realtime.domain.connections import Channel, Subscription
from realtime.ports import Entry, Ports
from realtime.protocols.plain import Broadcast
from realtime.usecases.actions import Call, subscribe, unsubscribe
from realtime.usecases.disconnect import disconnect
from realtime.usecases.frames import receive_any
from realtime.usecases.leaving import unsubscribe as leave
from realtime.usecases.publish import event_of_plain, publish
from realtime.usecases.welcome import welcome
from tests.fakes import NOW, World, call, connection, message
from tests.unit.realtime.interleaving import Act, Body, Play, explore
from tests.unit.realtime.scenes import ROOM, dies, hello, joins, leaves, publishes, pusher, times_heard, unbalanced
from tests.unit.realtime.watcher import faults

ENDPOINT = Webhook("https://hooks.example.com/")
LOBBY = Channel("1", "lobby")


def subscribing(channel: str, nth: int = 1) -> Act:
    return Act(f"subscribe {channel} {nth}", lambda ports: subscribe(message(channel=channel), call(), ports))


def unsubscribing(channel: str) -> Act:
    return Act(f"unsubscribe {channel}", lambda ports: unsubscribe(message(channel=channel), call(), ports))


def disconnecting(name: str = "disconnect") -> Act:
    return Act(name, lambda ports: disconnect(["c1"], ports))


def left_behind(play: Play) -> bool:
    world = play.world
    orphans = [pair for pair in world.subscriptions.rows if pair[1] not in world.connections.rows]
    return bool(orphans or (world.channels.rows and not world.subscriptions.rows))


def posting(*frames: str) -> Body:
    def body(ports: Ports) -> None:
        for frame in frames:
            ports.outbox.post(["c1"], frame)

    return body


def test_the_explorer_runs_every_interleaving():
    acts = [Act("two", posting("a", "b")), Act("three", posting("1", "2", "3"))]
    assert len({tuple(play.world.outbox.frames("c1")) for play in explore(World(), acts)}) == 10


def test_the_explorer_finds_the_fault_of_a_subscribe_that_joins_first():
    def careless(ports: Ports) -> None:
        if ports.connections.join("c1", Entry("a"), NOW):
            ports.subscriptions.add(Subscription(Channel("1", "a"), "c1", "plain", "u1", NOW, 0))

    ends = explore(World(connection()), [Act("careless", careless), disconnecting()])
    assert any(left_behind(end) for end in ends)


def test_the_explorer_finds_the_fault_of_an_event_before_the_success():
    def careless(ports: Ports) -> None:
        ports.subscriptions.add(Subscription(LOBBY, "p", "pusher", None, NOW - 60_000, NOW))
        ports.outbox.post(["p"], json.dumps({"event": "x:subscription_succeeded", "channel": "lobby", "data": "{}"}))
        ports.connections.join("p", Entry("lobby"), NOW)

    ends = explore(World(pusher("p")), [Act("careless", careless), publishes("e", "lobby")])
    assert any("before the success" in fault for end in ends for fault in faults(end.world, {"p": "P"}))


@pytest.mark.parametrize(("first", "second"), [("a", "a"), ("held", "b")], ids=str)
def test_two_subscribes_and_a_disconnect_leave_nothing_behind(first, second):
    world = World(connection(channels=["held"]))
    ends = list(explore(world, [subscribing(first), subscribing(second, 2), disconnecting()]))
    assert [end.trace for end in ends if end.world.connections.rows or left_behind(end)] == []


def test_a_subscribe_and_two_disconnects_leave_nothing_behind():
    ends = explore(World(connection()), [subscribing("a"), disconnecting(), disconnecting("again")])
    assert [end.trace for end in ends if left_behind(end)] == []


def test_a_subscribe_an_unsubscribe_and_a_disconnect_leave_nothing_behind():
    acts = [subscribing("a"), unsubscribing("a"), disconnecting()]
    assert [end.trace for end in explore(World(connection(channels=["a"])), acts) if left_behind(end)] == []


def test_two_subscribes_that_race_are_both_subscribed():
    ends = explore(World(connection()), [subscribing("a"), subscribing("b")])
    assert all(end.world.connections.rows["c1"].channels == {"a", "b"} for end in ends)


def test_a_client_that_comes_back_before_its_leaving_is_handled_is_in():
    """Frames of one connection may be handled in another order than sent: `since` tells that this one asked later."""
    world = hello(World(pusher("p", "lobby")))
    back = joins("p", channel="lobby", nth=2)
    leave = leaves("p", "lobby", starts=lambda _: None)
    for end in explore(world, [leave, back]):
        assert ("p" in {name for _, name in end.world.subscriptions.rows}) == bool(
            end.world.connections.rows["p"].channels
        )


def asks_out(channel: str, received_at: int) -> Act:
    """Client p unsubscribes without having waited for anything; API Gateway got that at this time."""
    frame = json.dumps({"event": "pusher:unsubscribe", "data": {"channel": channel}})
    asked = Call("p", NOW, received_at, 10_240)
    return Act("p asks out", lambda ports: receive_any(frame, asked, ports))


@pytest.mark.parametrize(("channel", "user"), [("lobby", None), ("private-a", None), (ROOM, "P")])
def test_who_asks_in_and_then_out_without_waiting_is_out(channel, user):
    for end in explore(World(pusher("p")), [joins("p", user, channel), asks_out(channel, NOW + 1)]):
        assert end.world.connections.rows["p"].channels == frozenset(), end.trace
        assert (end.world.subscriptions.rows, end.world.members.held, end.world.channels.rows) == ({}, {}, {})


@pytest.mark.parametrize(("channel", "user"), [("lobby", None), (ROOM, "P")])
@pytest.mark.parametrize(("seconds", "is_in"), [(3.5, False), (4.5, True)])
def test_asking_out_waits_a_while_for_a_subscription_under_way(channel, user, seconds, is_in):
    world = World(pusher("p"))
    world.clock.at(NOW + round(seconds * 1000), lambda: joins("p", user, channel).body(world.ports))
    asks_out(channel, NOW + 10_000).body(world.ports)
    world.clock.advance(10_000)
    assert (channel in world.connections.rows["p"].channels) is is_in


def test_who_came_back_and_died_while_its_leaving_is_handled_leaves_nothing():
    world = World(pusher("p", "lobby"))
    world.subscribe("lobby", world.connections.rows["p"], since=NOW + 5)
    ends = list(explore(world, [asks_out("lobby", NOW), dies("p")]))
    assert [end.trace for end in ends if end.world.connections.rows or left_behind(end)] == []


def test_an_event_comes_after_the_success_and_once_if_it_was_published_after():
    acts = [joins("p", channel="lobby"), publishes("e", "lobby")]
    late = Act("late", publishes("late", "lobby").body, when=lambda world: bool(world.outbox.frames("p")))
    for end in explore(World(pusher("p")), [*acts, late]):
        assert (faults(end.world, {"p": "P"}), times_heard(end.world, "p", "late")) == ([], 1), end.trace
        assert times_heard(end.world, "p", "e") <= 1


def test_a_plain_client_hears_no_event_before_it_is_told_and_none_twice():
    event = event_of_plain(LOBBY, Broadcast("lobby", "e", "1"), None)
    ends = explore(World(connection()), [subscribing("lobby"), Act("e", lambda ports: publish(event, ports))])
    heard = {tuple(json.loads(frame)["event"] for frame in end.world.outbox.frames("c1")) for end in ends}
    assert heard == {("subscribed",), ("subscribed", "e")}


def test_of_a_cache_channel_the_replay_and_a_publish_at_the_same_time_bring_the_event_once():
    acts = [joins("p", channel="cache-a"), publishes("e", "cache-a", cached=True)]
    ends = list(explore(World(pusher("p")), acts))
    assert {times_heard(end.world, "p", "e") for end in ends} == {1}
    assert [end.trace for end in ends if faults(end.world, {"p": "P"})] == []


def test_of_two_events_of_a_cache_channel_none_is_heard_twice_and_the_last_always():
    acts = [joins("p", channel="cache-a"), publishes("one", "cache-a", cached=True)]
    acts.append(publishes("two", "cache-a", cached=True, after="one"))
    for end in explore(World(pusher("p")), acts):
        assert (times_heard(end.world, "p", "one") <= 1, times_heard(end.world, "p", "two")) == (True, 1), end.trace


def test_who_leaves_while_an_event_is_published_hears_it_once_at_most():
    world = hello(World(pusher("p", "lobby"), pusher("q", "lobby")))
    for end in explore(world, [leaves("p", "lobby"), dies("q"), publishes("e", "lobby")]):
        assert (faults(end.world, {"p": "P", "q": "Q"}), times_heard(end.world, "p", "e") <= 1) == ([], True)


@pytest.mark.parametrize("webhooks", [(), (ENDPOINT,)], ids=["without webhooks", "with webhooks"])
def test_the_last_goes_and_another_comes_and_goes(webhooks):
    world = hello(World(pusher("p", "lobby"), pusher("q")))
    world.apps.set(webhooks=webhooks)
    for end in explore(world, [dies("p"), joins("q", channel="lobby"), leaves("q", "lobby")]):
        assert faults(end.world, {"p": "P", "q": "Q"}) == [], end.trace
        assert unbalanced(end, "channel_occupied", "channel_vacated") == [], end.trace


@pytest.mark.parametrize("webhooks", [(), (ENDPOINT,)], ids=["without webhooks", "with webhooks"])
def test_two_last_ones_go_at_once_and_a_third_comes(webhooks):
    world = hello(World(pusher("p", "lobby"), pusher("q", "lobby"), pusher("r")))
    world.apps.set(webhooks=webhooks)
    for end in explore(world, [dies("p"), leaves("q", "lobby"), joins("r", channel="lobby")]):
        assert faults(end.world, {"p": "P", "q": "Q", "r": "R"}) == [], end.trace
        assert unbalanced(end, "channel_occupied", "channel_vacated") == [], end.trace


def test_two_first_ones_make_the_channel_occupied_once():
    world = World(pusher("p"), pusher("q"))
    world.apps.set(webhooks=(ENDPOINT,))
    for end in explore(world, [joins("p", channel="lobby"), joins("q", channel="lobby")]):
        assert (end.webhooks, faults(end.world, {"p": "P", "q": "Q"})) == ((("channel_occupied", "lobby", None),), [])


def test_a_welcome_that_is_invoked_twice_is_told_once():
    world = World(pusher("p", welcome=None))
    acts = [Act(f"welcome {nth}", lambda ports: welcome("p", ports)) for nth in (1, 2)]
    ends = list(explore(world, acts))
    assert {len(end.world.outbox.frames("p")) for end in ends} == {1}
    assert {end.world.connections.rows["p"].welcome for end in ends} == {"told"}


def test_what_a_client_says_before_its_welcome_waits_for_it():
    world = World(pusher("p", welcome=None))
    acts = [Act("welcome", lambda ports: welcome("p", ports)), joins("p", channel="lobby")]
    for end in explore(world, acts):
        events = [json.loads(frame)["event"] for frame in end.world.outbox.frames("p")]
        assert events == ["pusher:connection_established", "pusher_internal:subscription_succeeded"], end.trace


def test_a_stale_unsubscribe_that_cannot_be_undone_leaves_nothing_behind():
    """The connection has all its channels by then, so it cannot be put back."""
    others = {f"channel-{n}" for n in range(MAX_CHANNELS_PER_CONNECTION)}
    world = World(connection(channels=["a"]))
    row = world.connections.rows["c1"]
    world.subscribe("a", row, since=NOW)
    world.connections.rows["c1"] = row._replace(channels=frozenset({"a", *others}))
    assert leave(world.connections.rows["c1"], "a", NOW, world.ports)
    assert (Channel("1", "a"), "c1") not in world.subscriptions.rows
