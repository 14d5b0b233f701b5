"""Client events: from one subscriber to the others."""

from __future__ import annotations

import json

import pytest

from tests.integration.pusher_world import PusherWorld


def test_the_other_subscribers_hear_it_and_the_sender_does_not(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    ana, ben, cleo = (pushers.connected() for _ in range(3))
    for client in (ana, ben, cleo):
        client.subscribe(channel)
    assert ana.ask("trigger", channel=channel, event="client-typing", data={"on": True})
    assert ben.event(channel, "client-typing") == cleo.event(channel, "client-typing") == {"on": True}
    ana.settle()
    assert ana.data(channel, "client-typing") == []


def test_in_presence_channels_it_tells_who_sent_it(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    ana, seven, ben = (pushers.connected() for _ in range(3))
    ana.subscribe(channel, member={"user_id": "ana"})
    seven.subscribe(channel, member={"user_id": 7})
    ben.subscribe(channel, member={"user_id": "ben"}, bind=["client-typing", "client-seven"])
    ana.ask("trigger", channel=channel, event="client-typing", data={"user_id": "ben"})
    assert ben.wait("bound", event="client-typing")["metadata"] == {"user_id": "ana"}
    seven.ask("trigger", channel=channel, event="client-seven", data={})
    assert ben.wait("bound", event="client-seven")["metadata"] == {"user_id": 7}


def test_data_reach_swift_and_java_as_a_string(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    sender, reader = pushers.raw().welcomed(), pushers.raw().welcomed()
    sender.enter(channel)
    reader.enter(channel)
    for data, told in (({"on": True}, {"on": True}), ('{"on":false}', {"on": False}), (None, None)):
        sender.emit("client-typing", channel=channel, data=data)
        frame = reader.receive()
        assert isinstance(frame["data"], str)
        assert json.loads(frame["data"]) == told


def test_who_is_not_subscribed_or_in_a_public_channel_is_told_so(pushers: PusherWorld) -> None:
    private, public = pushers.channel("private-"), pushers.channel()
    client = pushers.raw().welcomed()
    client.enter(public)
    for channel in (private, public):
        client.emit("client-typing", channel=channel, data={})
        answer = client.receive()
        assert (answer["event"], answer["data"]["code"]) == ("pusher:error", None)


def test_the_eleventh_in_a_second_gets_4301(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    sender, reader = pushers.raw().welcomed(), pushers.raw().welcomed()
    sender.enter(channel)
    reader.enter(channel)
    # Of so many at once more than ten fall into one second, wherever the second begins.
    for number in range(30):
        sender.emit("client-count", channel=channel, data={"n": number})
    answer = sender.receive()
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", 4301)
    assert reader.receive()["event"] == "client-count"


def test_an_app_can_do_without_them(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    client = pushers.connected("quiet")
    client.subscribe(channel)
    client.ask("trigger", channel=channel, event="client-typing", data={})
    assert client.error()["code"] == 4301


@pytest.mark.parametrize(
    ("event", "data"), [("client-" + "x" * 194, {}), ("client-large", "x" * 10_241)], ids=["long name", "large data"]
)
def test_one_that_is_too_long_gets_4301_and_the_connection_stays(
    pushers: PusherWorld, event: str, data: object
) -> None:
    channel = pushers.channel("private-")
    client = pushers.connected()
    client.subscribe(channel)
    client.ask("trigger", channel=channel, event=event, data=data)
    assert client.error()["code"] == 4301
    assert client.inspect()["state"] == "connected"
