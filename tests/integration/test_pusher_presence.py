"""Presence channels: who is in, who comes, who goes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.integration.pusher_browser import Browser
from tests.integration.pusher_world import PusherWorld


def member(user_id: Any, **info: Any) -> dict[str, Any]:
    return {"user_id": user_id, "user_info": info} if info else {"user_id": user_id}


def entered(pushers: PusherWorld, channel: str, user_id: Any, **info: Any) -> Browser:
    client = pushers.connected()
    client.subscribe(channel, member=member(user_id, **info))
    return client


def test_members_me_and_count_are_what_pusher_js_shows(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    ana = entered(pushers, channel, "ana", name="Ana")
    ben = pushers.connected()
    seen = ben.subscribe(channel, member=member("ben"))
    assert seen == {
        "members": {"ana": {"name": "Ana"}, "ben": None},
        "count": 2,
        "myID": "ben",
        "me": {"id": "ben", "info": None},
    }
    assert ana.event(channel, "pusher:member_added") == {"id": "ben"}
    assert ana.inspect(channel)["members"]["count"] == 2


def test_others_hear_who_comes_and_who_goes_and_nobody_hears_itself(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    ana = entered(pushers, channel, "ana")
    ben = entered(pushers, channel, "ben", name="Ben")
    cleo = entered(pushers, channel, "cleo")
    for client in (ana, ben):
        client.wait("event", channel=channel, event="pusher:member_added", data={"id": "cleo"})
    ben.ask("unsubscribe", channel=channel)
    cleo.ask("disconnect")
    ana.wait("event", channel=channel, event="pusher:member_removed", data={"id": "cleo"})
    ana.wait("event", channel=channel, event="pusher:member_removed", data={"id": "ben", "info": {"name": "Ben"}})
    assert [gone["id"] for gone in ana.data(channel, "pusher:member_added")] == ["ben", "cleo"]
    assert ana.inspect(channel)["members"]["members"] == {"ana": None}
    assert ben.data(channel, "pusher:member_added") == [{"id": "cleo"}]
    assert cleo.data(channel, "pusher:member_added") == []


def test_user_ids_keep_the_type_that_was_signed_and_are_one_user_all_the_same(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    watcher = pushers.raw().welcomed()
    watcher.enter(channel, '{"user_id": "ana"}')
    seven = pushers.connected()
    assert seven.subscribe(channel, member=member(7))["me"] == {"id": 7, "info": None}
    added = watcher.receive()
    assert (added["event"], json.loads(added["data"])) == ("pusher_internal:member_added", {"user_id": 7})
    same = pushers.raw().welcomed()
    presence = json.loads(same.enter(channel, '{"user_id": "7"}')["data"])["presence"]
    assert presence["count"] == 2
    assert sorted(presence["hash"]) == ["7", "ana"]
    assert 7 in presence["ids"]
    assert pushers.python().users_info(channel) in (
        {"users": [{"id": "7"}, {"id": "ana"}]},
        {"users": [{"id": "ana"}, {"id": "7"}]},
    )
    assert watcher.heard_before_pong() == []


def test_a_connection_is_not_let_in_again_as_another_user(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    watcher, client = pushers.raw().welcomed(), pushers.raw().welcomed()
    ana, ben = (json.dumps(member(user)) for user in ("ana", "ben"))
    watcher.enter(channel, json.dumps(member("watcher")))
    first = client.enter(channel, ana)
    assert watcher.receive()["event"] == "pusher_internal:member_added"
    refusal = client.enter(channel, ben)
    assert (refusal["event"], refusal["data"]["type"]) == ("pusher:subscription_error", "AuthError")
    again = client.enter(channel, ana)
    assert again["event"] == first["event"] == "pusher_internal:subscription_succeeded"
    assert set(json.loads(again["data"])["presence"]["hash"]) == {"ana", "watcher"}
    assert watcher.heard_before_pong() == []


def test_a_second_tab_is_told_all_and_tells_nobody(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    watcher = entered(pushers, channel, "watcher")
    first = entered(pushers, channel, "ana", name="Ana")
    second = pushers.connected()
    # What the first tab said of the user stands.
    seen = second.subscribe(channel, member=member("ana", name="other"))
    assert seen["count"] == 2
    assert seen["members"]["ana"] == {"name": "Ana"}
    first.ask("disconnect")
    pushers.world.eventually(lambda: len(pushers.world.rows("connections")) == 2, "the first tab is gone")
    third = entered(pushers, channel, "cleo")
    watcher.wait("event", channel=channel, event="pusher:member_added", data={"id": "cleo"})
    assert watcher.data(channel, "pusher:member_removed") == []
    assert third.inspect(channel)["members"]["count"] == 3
    second.ask("disconnect")
    watcher.event(channel, "pusher:member_removed")
    assert [heard["id"] for heard in watcher.data(channel, "pusher:member_added")] == ["ana", "cleo"]
    assert [heard["id"] for heard in watcher.data(channel, "pusher:member_removed")] == ["ana"]


def test_a_user_that_leaves_and_comes_back_at_once_is_in(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    watcher, client = entered(pushers, channel, "watcher"), pushers.connected()
    for _ in range(3):
        client.subscribe(channel, member=member("ana"))
        client.ask("unsubscribe", channel=channel)
    client.subscribe(channel, member=member("ana"))
    other = entered(pushers, channel, "other")
    watcher.wait("event", channel=channel, event="pusher:member_added", data={"id": "other"})
    told = [
        heard["event"]
        for heard in watcher.all("event", channel=channel)
        if "member" in heard["event"] and heard["data"]["id"] == "ana"
    ]
    assert told[0::2] == ["pusher:member_added"] * len(told[0::2])
    assert told[1::2] == ["pusher:member_removed"] * len(told[1::2])
    assert set(watcher.inspect(channel)["members"]["members"]) == {"watcher", "ana", "other"}
    assert other.inspect(channel)["members"]["count"] == 3


def fill(pushers: PusherWorld, channel: str, users: int) -> None:
    """Let a channel have so many members, as their rows say, on connections that are not there."""
    now = int(time.time() * 1000)
    table = pushers.world.deployment.table("members")
    client = pushers.world.deployment.client("dynamodb")
    for number in range(users):
        item = {
            "channel": {"S": f"{pushers.apps['main'].id}:{channel}"},
            "userId": {"S": f"user-{number}"},
            "connections": {"SS": [f"plain:seeded-{number}="]},
            "joinedAt": {"N": str(now - 60_000)},
            "touchedAt": {"N": str(now - 60_000)},
            "member": {"S": json.dumps({"user_id": f"user-{number}"})},
            "expiresAt": {"N": str(now // 1000 + 600)},
        }
        client.put_item(TableName=table, Item=item)


def test_the_101st_member_is_refused_and_a_members_second_tab_is_not(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    fill(pushers, channel, 99)
    hundredth = pushers.connected()
    assert hundredth.subscribe(channel, member=member("ana"))["count"] == 100
    refusal = pushers.connected().refused(channel, member=member("ben"))
    assert (refusal["type"], refusal["status"]) == ("LimitReached", 4100)
    assert pushers.connected().subscribe(channel, member=member("ana"))["count"] == 100
    assert pushers.connected().subscribe(channel, member=member("user-7"))["count"] == 100
    hundredth.settle()
    assert hundredth.data(channel, "pusher:member_added") == []


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (member("x" * 129), "LimitReached", 4301),
        (member("ana", about="x" * 1024), "LimitReached", 4301),
        (member(None), "AuthError", 401),
        (member(""), "AuthError", 401),
        (member(True), "AuthError", 401),
        (member(2**60), "AuthError", 401),
        (["ana"], "AuthError", 401),
        (None, "AuthError", 401),
    ],
    ids=["long id", "large object", "null", "empty", "boolean", "large number", "no object", "no data"],
)
def test_who_is_no_member_is_refused(pushers: PusherWorld, data: Any, kind: str, status: int) -> None:
    channel = pushers.channel("presence-")
    client = pushers.raw().welcomed()
    answer = client.enter(channel, None if data is None else json.dumps(data))
    assert answer["event"] == "pusher:subscription_error"
    assert (answer["data"]["type"], answer["data"]["status"]) == (kind, status)


def test_the_signature_is_over_the_exact_bytes_of_the_channel_data(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    client = pushers.raw().welcomed()
    odd = '{ "user_info" : {"name":"\\u00c4na €"} ,\n"user_id":"ana"}'
    signed = client.sign(channel, odd)
    client.emit("pusher:subscribe", data={**signed, "channel_data": json.dumps(json.loads(odd))})
    assert client.receive()["event"] == "pusher:subscription_error"
    client.emit("pusher:subscribe", data=signed)
    presence = json.loads(client.receive()["data"])["presence"]
    assert presence["hash"] == {"ana": {"name": "Äna €"}}


def test_who_is_signed_in_needs_no_channel_data(pushers: PusherWorld) -> None:
    channel, user = pushers.channel("presence-"), pushers.user()
    client = pushers.connected()
    client.signed_in(id=user, user_info={"name": "Ana"})
    seen = client.subscribe(channel)
    assert seen["me"] == {"id": user, "info": {"name": "Ana"}}
    other = pushers.connected()
    other.signed_in(id=pushers.user("other"))
    # What is signed for the channel goes before what was signed in with.
    assert other.subscribe(channel, member=member("alias"))["myID"] == "alias"
