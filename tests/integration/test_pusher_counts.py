"""How many are subscribed, where an app wants that to be told."""

from __future__ import annotations

import time

from tests.integration.pusher_world import PusherWorld

COUNT = "pusher:subscription_count"


def test_subscribers_hear_how_many_they_are(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    ana, ben = pushers.connected("counting"), pushers.connected("counting")
    ana.subscribe(channel)
    ana.wait("event", channel=channel, event=COUNT, data={"subscription_count": 1})
    ben.subscribe(channel)
    both = ana.wait("event", channel=channel, event=COUNT, data={"subscription_count": 2})
    assert ben.event(channel, COUNT) == {"subscription_count": 2}
    assert ana.inspect(channel)["subscriptionCount"] == 2
    ben.ask("unsubscribe", channel=channel)
    ana.wait("event", both["seq"], channel=channel, event=COUNT, data={"subscription_count": 1})


def test_an_app_that_did_not_ask_and_presence_channels_hear_nothing_of_it(pushers: PusherWorld) -> None:
    plain, presence = pushers.channel(), pushers.channel("presence-")
    ana, ben = pushers.connected(), pushers.connected("counting")
    ana.subscribe(plain)
    ben.subscribe(presence, member={"user_id": "ben"})
    ana.settle()
    ben.settle()
    assert ana.data(plain, COUNT) == ben.data(presence, COUNT) == []


def test_above_a_hundred_they_are_told_every_five_seconds(pushers: PusherWorld) -> None:
    channel = pushers.channel()
    fill(pushers, channel, 101)
    # All connected before the first is told: both changes have to fall into the five seconds after that.
    first, second, third = (pushers.connected("counting") for _ in range(3))
    first.subscribe(channel)
    first.wait("event", channel=channel, event=COUNT, data={"subscription_count": 102})
    second.subscribe(channel)
    third.subscribe(channel)
    # Both changes are told as one, when the time has come.
    first.wait("event", channel=channel, event=COUNT, data={"subscription_count": 104})
    assert first.data(channel, COUNT) == [{"subscription_count": 102}, {"subscription_count": 104}]


def fill(pushers: PusherWorld, channel: str, readers: int) -> None:
    """Let a channel have so many readers, as their rows say: plain ones, who are told nothing of this."""
    now = int(time.time())
    table = pushers.world.deployment.table("subscriptions")
    client = pushers.world.deployment.client("dynamodb")
    for number in range(readers):
        item = {
            "channel": {"S": f"{pushers.apps['counting'].id}:{channel}"},
            "connectionId": {"S": f"seeded-{number}="},
            "protocol": {"S": "plain"},
            "since": {"N": str(now * 1000 - 60_000)},
            "expiresAt": {"N": str(now + 600)},
        }
        client.put_item(TableName=table, Item=item)
