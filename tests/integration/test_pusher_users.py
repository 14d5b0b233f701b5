"""Users: signing in, events for a user, watchlists, and being sent away."""

from __future__ import annotations

import json

import pytest

from tests.integration.pusher_browser import Browser
from tests.integration.pusher_raw import Raw, auth_of
from tests.integration.pusher_world import PusherWorld


def signed_in(pushers: PusherWorld, user: str, app: str = "main", **data: object) -> Browser:
    client = pushers.connected(app)
    client.signed_in(id=user, **data)
    return client


def sign_in(client: Raw, user_data: str) -> None:
    auth = auth_of(client.app.keys[0], f"{client.socket_id}::user::{user_data}")
    client.emit("pusher:signin", data={"auth": auth, "user_data": user_data})


def test_signin_succeeds_with_the_user_data_as_they_were_signed(pushers: PusherWorld) -> None:
    user = pushers.user()
    client = signed_in(pushers, user, user_info={"name": "Ana"})
    assert client.inspect()["user"] == {"id": user, "user_info": {"name": "Ana"}}
    raw = pushers.raw().welcomed()
    odd = f'{{ "user_info": {{"name":"\\u00c4na"}},\n "id" : "{user}" }}'
    sign_in(raw, odd)
    assert raw.receive() == {"event": "pusher:signin_success", "data": {"user_data": odd}}


def test_signin_takes_the_signature_of_the_python_library(pushers: PusherWorld) -> None:
    user = pushers.user()
    client = pushers.connected(signer=None)
    client.ask("signin")
    question = client.wait("ask")
    answer = pushers.python().authenticate_user(question["socketId"], {"id": user, "watchlist": []})
    client.ask("grant", grant=question["grant"], auth=answer)
    client.wait("frame", event="pusher:signin_success")


@pytest.mark.parametrize(
    "user_data",
    ['{"id":""}', '{"id":7}', '{"name":"ana"}', '{"id":"with space"}', "[]", "ana", '{"id":"ana","watchlist":"ben"}'],
)
def test_user_data_that_are_none_are_refused_with_4009(pushers: PusherWorld, user_data: str) -> None:
    client = pushers.raw().welcomed()
    sign_in(client, user_data)
    answer = client.receive()
    assert (answer["event"], answer["data"]["code"]) == ("pusher:error", 4009)
    assert client.heard_before_pong() == []


def test_a_signature_that_is_not_right_is_refused_with_4009(pushers: PusherWorld) -> None:
    client = pushers.connected(signer=pushers.node_options("other"))
    client.ask("signin", user={"id": pushers.user()})
    assert client.error()["code"] == 4009
    assert client.inspect()["state"] == "connected"


def test_nobody_becomes_another_user_on_the_same_connection(pushers: PusherWorld) -> None:
    client = pushers.raw().welcomed()
    ana, ben = (json.dumps({"id": pushers.user(name)}) for name in ("ana", "ben"))
    for user_data, event in ((ana, "pusher:signin_success"), (ben, "pusher:error"), (ana, "pusher:signin_success")):
        sign_in(client, user_data)
        assert client.receive()["event"] == event


def test_user_data_may_be_as_long_as_one_likes(pushers: PusherWorld) -> None:
    ana, info = pushers.user("ana"), {"about": "x" * 2_000}
    watcher = signed_in(pushers, pushers.user("ben"), watchlist=[ana])
    seen = watcher.wait("watchlist", event="offline")["seq"]
    client = signed_in(pushers, ana, user_info=info)
    assert client.inspect()["user"] == {"id": ana, "user_info": info}
    assert watcher.wait("watchlist", seen, event="online")["data"]["user_ids"] == [ana]


def test_a_users_connections_hear_what_both_libraries_send_to_it(pushers: PusherWorld) -> None:
    user = pushers.user()
    first, second, other = (signed_in(pushers, name) for name in (user, user, pushers.user("other")))
    for client in (first, second):
        client.wait("frame", event="pusher_internal:subscription_succeeded", channel=f"#server-to-user-{user}")
    pushers.python().send_to_user(user, "from-python", {"n": 1})
    assert pushers.node("sendToUser", user, "from-node", {"n": 2})["body"] == {}
    for client in (first, second):
        assert client.wait("user", event="from-python")["data"] == {"n": 1}
        assert client.wait("user", event="from-node")["data"] == {"n": 2}
    other.settle()
    assert other.all("user", event="from-python") == []


def test_a_users_channel_is_for_that_user_signed_in(pushers: PusherWorld) -> None:
    user = pushers.user()
    client = pushers.raw().welcomed()
    channel = f"#server-to-user-{user}"
    assert client.enter(channel)["event"] == "pusher:subscription_error"
    sign_in(client, json.dumps({"id": pushers.user("other")}))
    assert client.receive()["event"] == "pusher:signin_success"
    assert client.enter(channel)["data"]["status"] == 401


def test_a_watcher_hears_who_is_online_and_who_comes_and_goes(pushers: PusherWorld) -> None:
    ana, ben, cleo = (pushers.user(name) for name in ("ana", "ben", "cleo"))
    there = signed_in(pushers, ben)
    watcher = signed_in(pushers, ana, watchlist=[ben, cleo])
    assert watcher.wait("watchlist", event="online")["data"]["user_ids"] == [ben]
    first = watcher.wait("watchlist", event="offline")
    assert first["data"]["user_ids"] == [cleo]
    tab = signed_in(pushers, ben)
    comes = signed_in(pushers, cleo)
    online = watcher.wait("watchlist", first["seq"], event="online")
    assert online["data"]["user_ids"] == [cleo]
    there.ask("disconnect")
    comes.ask("disconnect")
    offline = watcher.wait("watchlist", online["seq"], event="offline")
    assert offline["data"]["user_ids"] == [cleo]
    tab.ask("disconnect")
    last = watcher.wait("watchlist", offline["seq"], event="offline")
    assert last["data"]["user_ids"] == [ben]
    assert len(watcher.all("watchlist")) == 5


def test_of_a_long_watchlist_the_first_hundred_count_and_4302_says_so(pushers: PusherWorld) -> None:
    watched = [pushers.user(str(number)) for number in range(101)]
    watcher = signed_in(pushers, pushers.user("ana"), watchlist=watched)
    assert watcher.error()["code"] == 4302
    assert watcher.wait("watchlist", event="offline")["data"]["user_ids"] == watched[:100]
    assert watcher.inspect()["state"] == "connected"


def test_an_app_can_do_without_watchlists(pushers: PusherWorld) -> None:
    watcher = signed_in(pushers, pushers.user("ana"), "unwatched", watchlist=[pushers.user("ben")])
    signed_in(pushers, pushers.user("ben"), "unwatched")
    watcher.settle()
    assert watcher.all("watchlist") == []


@pytest.mark.parametrize("library", ["python", "node"])
def test_a_user_is_sent_away_by_both_libraries(pushers: PusherWorld, library: str) -> None:
    user = pushers.user()
    clients = [signed_in(pushers, user), signed_in(pushers, user)]
    stays = signed_in(pushers, pushers.user("other"))
    before = [client.socket_id() for client in clients]
    after = stays.latest()
    if library == "python":
        assert pushers.python().terminate_user_connections(user) == {}
    else:
        assert pushers.node("terminateUserConnections", user)["body"] == {}
    for client in clients:
        assert client.error()["code"] == 4009
    # A known deviation: API Gateway cannot close with 4009, so pusher-js comes back after a second, and signs in.
    for client in clients:
        client.wait("state", after, current="connected")
        client.wait("frame", after, event="pusher:signin_success")
    assert not set(before) & {client.socket_id() for client in clients}
    assert stays.inspect()["state"] == "connected"
    assert [heard["current"] for heard in stays.all("state")] == ["connected"]


def test_to_send_away_who_is_only_a_member_does_nothing(pushers: PusherWorld) -> None:
    channel = pushers.channel("presence-")
    member = pushers.connected()
    member.subscribe(channel, member={"user_id": "ana"})
    pushers.python().terminate_user_connections("ana")
    member.settle()
    assert member.all("error") == []
    assert member.inspect()["state"] == "connected"
