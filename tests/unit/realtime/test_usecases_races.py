"""Every interleaving of the port calls of use cases that may race on one connection."""

from __future__ import annotations

import pytest

from realtime.domain.connections import Subscription
from realtime.ports import Ports
from realtime.usecases.actions import subscribe, unsubscribe
from realtime.usecases.disconnect import disconnect
from tests.fakes import NOW, World, call, connection, message
from tests.unit.realtime.interleaving import Task, explore


def subscribing(channel: str) -> Task:
    return lambda ports: subscribe(message(channel=channel), call(), ports)


def unsubscribing(channel: str) -> Task:
    return lambda ports: unsubscribe(message(channel=channel), call(), ports)


def disconnecting(ports: Ports) -> None:
    disconnect(["c1"], ports)


def orphans(world: World) -> list[tuple[str, str]]:
    """Subscriptions that belong to no connection."""
    return [pair for pair in world.subscriptions.rows if pair[1] not in world.connections.rows]


def test_the_explorer_runs_every_interleaving():
    def two_calls(ports: Ports) -> None:
        ports.connections.find("two")
        ports.connections.find("two")

    def three_calls(ports: Ports) -> None:
        for _ in range(3):
            ports.connections.existing(["three"])

    orders = {tuple(world.journal.calls) for world in explore(World(), [two_calls, three_calls])}
    assert len(orders) == 10


def test_the_explorer_finds_the_fault_of_a_subscribe_that_joins_first():
    def careless(ports: Ports) -> None:
        if ports.connections.join("c1", "a", NOW):
            ports.subscriptions.add(Subscription("a", "c1", "u1", 0))

    assert any(orphans(world) for world in explore(World(connection()), [careless, disconnecting]))


@pytest.mark.parametrize(
    ("first", "second"), [("a", "b"), ("a", "a"), ("held", "b"), ("held", "held")], ids=lambda name: str(name)
)
def test_two_subscribes_and_a_disconnect_leave_no_subscription_behind(first, second):
    world = World(connection(channels=["held"]))
    ends = list(explore(world, [subscribing(first), subscribing(second), disconnecting]))
    assert len(ends) > 300
    assert [end.journal.calls for end in ends if end.subscriptions.rows or end.connections.rows] == []


def test_a_subscribe_and_two_disconnects_leave_no_subscription_behind():
    def disconnecting_again(ports: Ports) -> None:
        disconnect(["c1"], ports)

    ends = explore(World(connection()), [subscribing("a"), disconnecting, disconnecting_again])
    assert [end.journal.calls for end in ends if orphans(end)] == []


def test_a_subscribe_an_unsubscribe_and_a_disconnect_leave_no_subscription_behind():
    ends = explore(World(connection(channels=["a"])), [subscribing("a"), unsubscribing("a"), disconnecting])
    assert [end.journal.calls for end in ends if orphans(end)] == []


def test_two_subscribes_that_race_are_both_subscribed():
    ends = explore(World(connection()), [subscribing("a"), subscribing("b")])
    assert all(end.connections.rows["c1"].channels == {"a", "b"} for end in ends)
