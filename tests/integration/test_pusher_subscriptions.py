"""Public, private and encrypted channels, through pusher-js."""

from __future__ import annotations

import json

import pytest

from tests.integration.pusher_driver import Failure
from tests.integration.pusher_world import PusherWorld


def test_a_public_channel_hears_what_a_server_triggers_until_it_is_left(pushers: PusherWorld) -> None:
    channel, other = pushers.channel(), pushers.channel()
    client = pushers.connected()
    client.subscribe(channel)
    client.subscribe(other)
    pushers.python().trigger([channel, other], "first", {"text": "äöü €"})
    assert client.event(channel, "first") == client.event(other, "first") == {"text": "äöü €"}
    client.ask("unsubscribe", channel=channel)
    pushers.world.eventually(lambda: len(pushers.world.rows("subscriptions")) == 1, "it has left")
    assert pushers.node("trigger", [channel, other], "second", "just text")["status"] == 200
    assert client.event(other, "second") == "just text"
    client.settle()
    assert client.data(channel, "second") == []


def test_the_connection_that_a_server_excludes_does_not_hear_it(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    ana, ben = pushers.connected(), pushers.connected()
    ana.subscribe(channel)
    ben.subscribe(channel)
    pushers.python().trigger(channel, "not-to-ana", 1, ana.socket_id())
    pushers.node("trigger", channel, "not-to-ana", 2, {"socket_id": ana.socket_id()})
    ben.settle()
    assert ben.data(channel, "not-to-ana") == [1, 2]
    ana.settle()
    assert ana.data(channel, "not-to-ana") == []


def test_a_private_channel_takes_the_signatures_of_both_server_libraries(pushers: PusherWorld) -> None:
    channel, other = pushers.channel("private-"), pushers.channel("private-")
    signed_by_node, signed_by_python = pushers.connected(), pushers.connected(signer=None)
    signed_by_node.subscribe(channel)
    signed_by_python.ask("subscribe", channel=channel)
    question = signed_by_python.wait("ask", channelName=channel)
    answer = pushers.python().authenticate(channel, question["socketId"])
    signed_by_python.ask("grant", grant=question["grant"], auth=answer)
    signed_by_python.event(channel, "pusher:subscription_succeeded")
    pushers.python().trigger(channel, "for-both", [1])
    assert signed_by_node.event(channel, "for-both") == signed_by_python.event(channel, "for-both") == [1]
    signed_by_node.subscribe(other)


def test_a_signature_that_is_not_right_is_refused_without_the_right_one(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    client = pushers.connected(signer=None)
    client.ask("subscribe", channel=channel)
    question = client.wait("ask", channelName=channel)
    right = pushers.python().authenticate(channel, question["socketId"])["auth"]
    wrong = pushers.python().authenticate(pushers.channel("private-"), question["socketId"])
    client.ask("grant", grant=question["grant"], auth=wrong)
    refusal = client.event(channel, "pusher:subscription_error")
    assert (refusal["type"], refusal["status"]) == ("AuthError", 401)
    assert right.split(":")[1] not in json.dumps(client.all("frame"))
    assert not client.inspect(channel)["subscribed"]


@pytest.mark.parametrize(("app", "number"), [("main", 2), ("other", 0)], ids=["disabled key", "another app's key"])
def test_a_signature_with_a_key_that_does_not_count_is_refused(pushers: PusherWorld, app: str, number: int) -> None:
    client = pushers.connected(signer=pushers.node_options(app, number))
    refusal = client.refused(pushers.channel("private-"))
    assert (refusal["type"], refusal["status"]) == ("AuthError", 401)


def test_an_app_may_have_refusals_told_as_pusher_does(pushers: PusherWorld) -> None:
    client = pushers.connected("errors", signer=pushers.node_options("main"))
    client.ask("subscribe", channel=pushers.channel("private-"))
    assert client.error()["code"] is None
    assert client.inspect()["state"] == "connected"


@pytest.mark.parametrize(
    ("name", "kind"), [("no spaces", "InvalidChannel"), ("x" * 165, "LimitReached")], ids=["characters", "length"]
)
def test_a_name_that_no_channel_has_is_refused_with_4009(pushers: PusherWorld, name: str, kind: str) -> None:
    refusal = pushers.connected().refused(name)
    assert (refusal["type"], refusal["status"]) == (kind, 4009)


def test_a_name_of_164_characters_is_one(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    pushers.connected().subscribe(channel + "x" * (164 - len(channel)))


def test_subscribing_again_is_answered_and_changes_nothing(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    client = pushers.raw().welcomed()
    assert client.enter(channel) == client.enter(channel)
    pushers.python().trigger(channel, "once", {})
    assert [frame["event"] for frame in client.heard_before_pong()] == ["once"]


def test_a_connection_has_a_hundred_channels(pushers: PusherWorld) -> None:
    client = pushers.raw().welcomed()
    names = [pushers.channel() for _ in range(100)]
    for name in names:
        client.emit("pusher:subscribe", data={"channel": name, "auth": ""})
    assert {client.receive()["event"] for _ in names} == {"pusher_internal:subscription_succeeded"}
    (row,) = pushers.world.eventually(
        lambda: [row for row in pushers.world.rows("connections") if len(row["channels"]) == 100], "all are noted"
    )
    refusal = client.enter(pushers.channel())
    assert (refusal["event"], refusal["data"]["type"]) == ("pusher:subscription_error", "LimitReached")
    assert client.enter(names[0])["event"] == "pusher_internal:subscription_succeeded"
    assert len(row["channels"]) == len(pushers.world.rows("subscriptions")) == 100


@pytest.mark.parametrize("library", ["python", "node"])
def test_an_encrypted_channel_is_read_by_pusher_js_and_by_nobody_between(pushers: PusherWorld, library: str) -> None:
    channel = pushers.channel("private-encrypted-")
    client, onlooker = pushers.connected(), pushers.raw().welcomed()
    client.subscribe(channel)
    onlooker.enter(channel)
    if library == "python":
        pushers.python().trigger(channel, "secret", {"number": 42})
    else:
        pushers.node("trigger", channel, "secret", {"number": 42})
    assert client.event(channel, "secret") == {"number": 42}
    frame = onlooker.receive()
    assert set(json.loads(frame["data"])) == {"ciphertext", "nonce"}
    assert "42" not in json.loads(frame["data"])


def test_an_encrypted_channel_takes_python_s_signature_with_the_shared_secret(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-encrypted-")
    client = pushers.connected(signer=None)
    client.ask("subscribe", channel=channel)
    question = client.wait("ask", channelName=channel)
    answer = pushers.python().authenticate(channel, question["socketId"])
    # The library answers with bytes, which no JSON encoder of a web framework takes either.
    answer["shared_secret"] = answer["shared_secret"].decode()
    client.ask("grant", grant=question["grant"], auth=answer)
    client.event(channel, "pusher:subscription_succeeded")
    pushers.node("trigger", channel, "secret", {"number": 43})
    assert client.event(channel, "secret") == {"number": 43}


def test_an_encrypted_channel_is_published_to_alone(pushers: PusherWorld) -> None:
    """Both libraries say so themselves; a request that they did not check is refused as well."""
    body = {"name": "e", "channels": [pushers.channel("private-encrypted-"), pushers.channel()], "data": "{}"}
    with pytest.raises(Failure) as refusal:
        pushers.node("post", {"path": "/events", "body": body})
    assert refusal.value.status == 400


@pytest.mark.parametrize("prefix", ["", "private-", "presence-"])
def test_who_asks_out_before_it_is_told_that_it_is_in_is_out(pushers: PusherWorld, prefix: str) -> None:
    """Java's library does not wait."""
    channel, world = pushers.channel(prefix), pushers.world
    client = pushers.raw().welcomed()
    (row,) = world.rows("connections")
    world.fault("slow-post", match=row["connectionId"], seconds=1)
    client.emit("pusher:subscribe", data=client.sign(channel, '{"user_id":"ana"}' if prefix == "presence-" else None))
    world.eventually(lambda: world.struck("slow-post"), "the success is on its way")
    client.emit("pusher:unsubscribe", data={"channel": channel})
    assert client.receive()["event"] == "pusher_internal:subscription_succeeded"
    world.daemon.clear_fault(None)
    world.eventually(lambda: not world.busy("websocket-message"), "both frames have been handled")
    world.eventually(lambda: not any(map(world.rows, ("subscriptions", "members", "channels"))), "it is out")
    (row,) = world.rows("connections")
    assert not row.get("channels")
    pushers.python().trigger(channel, "e", {})
    assert client.heard_before_pong() == []
