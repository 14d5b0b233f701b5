"""Frames of one connection that are handled side by side, and one that ends meanwhile."""

from __future__ import annotations

from tests.integration.world import World


def test_two_subscribes_and_a_disconnect_that_race_leave_nothing(world: World) -> None:
    for _ in range(10):
        client = world.connect()
        client.send("subscribe", channel="team-123")
        client.send("subscribe", channel="news")
        client.vanish()
    world.eventually(lambda: world.daemon.call("GET", "status")["connections"]["live"] == 0, "all are disconnected")
    world.eventually(lambda: idle(world), "every Lambda has ended")
    world.assert_nothing_left()


def idle(world: World) -> bool:
    functions = world.daemon.call("GET", "status")["functions"]
    return all(function["busy"] == 0 for function in functions.values())


def test_subscribes_that_race_do_not_pass_the_limit_of_channels(world: World) -> None:
    client = world.connect("ana")
    for number in range(90):
        client.subscribe(f"news-{number}")
    world.eventually(lambda: len(world.connection_of("ana")["channels"]) == 90, "all are noted")
    racing = [f"news-{number}" for number in range(90, 120)]
    for channel in racing:
        client.send("subscribe", channel=channel, requestId=channel)
    # Who races for the last places may hear that it is in before it hears that it is not.
    last_words: dict[str, str] = {}
    while list(last_words.values()).count("too_many_channels") < 20:
        answer = client.receive()
        last_words[answer["requestId"]] = answer["code"] if answer["event"] == "error" else answer["event"]
    assert client.heard_before_heartbeat() == []
    channels = set(world.connection_of("ana")["channels"])
    assert len(channels) == 100
    assert last_words == {name: "subscribed" if name in channels else "too_many_channels" for name in racing}
    assert {row["channel"] for row in world.rows("subscriptions")} == {world.key(name) for name in channels}
    assert {row["channel"] for row in world.rows("channels")} == channels


def test_who_is_told_that_it_is_in_may_broadcast_at_once(world: World) -> None:
    (ben,) = world.subscribed("team-123", ["ben"])
    ana = world.connect("ana")
    # The next one is not slow to start.
    assert ana.ask("broadcast", channel="team-123", event="e", data=1)["code"] == "not_subscribed"
    # It is told before its row says so, and here a while before.
    world.fault("dynamodb-error", match=f"UpdateItem {world.deployment.table('connections')}", times=2)
    ana.subscribe("team-123")
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert ana.heard_before_heartbeat() == []
    assert ben.receive()["data"] == 1
