"""Both protocols on the same channels of the same app."""

from __future__ import annotations

from tests.integration.pusher_world import PusherWorld


def test_what_a_plain_client_broadcasts_reaches_pusher_js(pushers: PusherWorld) -> None:
    channel = f"team-{pushers.user()}"
    browser = pushers.connected("default")
    browser.subscribe(channel)
    ana, ben = pushers.world.subscribed(channel, ["ana", "ben"], team=channel.removeprefix("team-"))
    ana.send("broadcast", channel=channel, event="activity-logged", data={"distance": 2.5})
    assert browser.event(channel, "activity-logged") == {"distance": 2.5}
    assert ben.receive()["data"] == {"distance": 2.5}


def test_what_a_server_triggers_reaches_both(pushers: PusherWorld) -> None:
    channel = f"team-{pushers.user()}"
    browser = pushers.connected("default")
    browser.subscribe(channel)
    (ana,) = pushers.world.subscribed(channel, ["ana"], team=channel.removeprefix("team-"))
    pushers.python("default").trigger(channel, "score", {"n": 1})
    assert browser.event(channel, "score") == {"n": 1}
    heard = ana.receive()
    assert (heard["channel"], heard["event"], heard["data"]) == (channel, "score", {"n": 1})


def test_what_ops_publishes_reaches_both(pushers: PusherWorld) -> None:
    channel = f"team-{pushers.user()}"
    browser = pushers.connected("default")
    browser.subscribe(channel)
    (ana,) = pushers.world.subscribed(channel, ["ana"], team=channel.removeprefix("team-"))
    pushers.ops("publish", channel, "news", '{"n": 2}')
    assert browser.event(channel, "news") == {"n": 2}
    assert ana.receive()["data"] == {"n": 2}


def test_a_client_event_of_pusher_js_reaches_a_plain_client(pushers: PusherWorld) -> None:
    team = pushers.user()
    channel = f"private-team-{team}"
    browser = pushers.connected("default")
    browser.subscribe(channel)
    (ana,) = pushers.world.subscribed(channel, ["ana"], team=team)
    browser.ask("trigger", channel=channel, event="client-typing", data={"on": True})
    heard = ana.receive()
    assert (heard["event"], heard["data"]) == ("client-typing", {"on": True})


def test_a_plain_client_is_a_member_of_a_presence_channel(pushers: PusherWorld) -> None:
    team = pushers.user()
    channel = f"presence-team-{team}"
    browser = pushers.connected("default")
    browser.subscribe(channel, member={"user_id": "ben"})
    (ana,) = pushers.world.subscribed(channel, ["ana"], team=team)
    assert browser.event(channel, "pusher:member_added")["id"] == "ana"
    ana.close()
    assert browser.event(channel, "pusher:member_removed")["id"] == "ana"
