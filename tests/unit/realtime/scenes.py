"""What clients and servers do, as acts that run concurrently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from realtime.domain.connections import Channel, Connection
from realtime.domain.signatures import sign
from realtime.domain.sockets import socket_id
from realtime.ports import Ports
from realtime.usecases.actions import Call
from realtime.usecases.disconnect import disconnect
from realtime.usecases.frames import receive_any
from realtime.usecases.publish import event_of_pusher, publish, trigger
from realtime.usecases.sweep import sweep
from tests.fakes import World, connection

from .interleaving import Act, Body, Play
from .watcher import leave

ROOM = "presence-room"


def pusher(connection_id: str, *channels: str, user: str | None = None, **others: Any) -> Connection:
    """A welcomed Pusher connection that is in these channels, in presence channels as `user`."""
    members = {name: user for name in channels if user is not None and name.startswith("presence-")}
    fields = {"protocol": "pusher", "welcome": "told", "members": members, **others}
    return connection(connection_id, user=None, team=None, channels=channels, **fields)


def hello(world: World) -> World:
    """Tell the Pusher clients of the world's beginning what they are in."""
    for row in world.connections.rows.values():
        for name in sorted(row.channels):
            users = [who.user for who in world.members.held.values() if who.channel.name == name]
            presence = {"presence": {"ids": users, "hash": dict.fromkeys(users), "count": len(users)}}
            data = json.dumps(presence if name in row.members else {})
            frame = {"event": "pusher_internal:subscription_succeeded", "channel": name, "data": data}
            world.outbox.arrived.append((row.connection_id, json.dumps(frame)))
    return world


def auth(connection_id: str, channel: str, channel_data: str | None = None) -> dict[str, str]:
    """The data of a subscribe, signed with the default app's key."""
    tail = "" if channel_data is None else f":{channel_data}"
    signature = sign("secret-1", f"{socket_id(connection_id)}:{channel}{tail}")
    data = {"channel": channel, "auth": f"key-1:{signature}"}
    return data if channel_data is None else {**data, "channel_data": channel_data}


def subscribe_frame(connection_id: str, channel: str, user: str | None = None) -> str:
    """A signed subscribe, to a presence channel as `user`."""
    channel_data = None if user is None else json.dumps({"user_id": user})
    return json.dumps({"event": "pusher:subscribe", "data": auth(connection_id, channel, channel_data)})


def saying(connection_id: str, frame: str) -> Body:
    """A frame of a Pusher client is handled, as it comes in."""

    def body(ports: Ports) -> None:
        now = ports.clock.now()
        receive_any(frame, Call(connection_id, now, now, 10_240), ports)

    return body


def joins(connection_id: str, user: str | None = None, channel: str = ROOM, *, nth: int = 1, **when: Any) -> Act:
    """A client subscribes."""
    name = f"{connection_id} joins {channel.replace('-', ' ')} {nth}"
    return Act(name, saying(connection_id, subscribe_frame(connection_id, channel, user)), **when)


def leaves(connection_id: str, channel: str = ROOM, *, nth: int = 1, **when: Any) -> Act:
    """A client unsubscribes, at the earliest when it has been told that it is in."""
    frame = json.dumps({"event": "pusher:unsubscribe", "data": {"channel": channel}})
    name = f"{connection_id} leaves {channel.replace('-', ' ')} {nth}"

    def hangs_up(world: World) -> None:
        leave(world, connection_id, channel)

    conditions = {"when": is_told(connection_id, channel, nth), "starts": hangs_up, **when}
    return Act(name, saying(connection_id, frame), **conditions)


def dies(connection_id: str, *, told: bool = True, **when: Any) -> Act:
    """A client is gone; with `told` API Gateway tells us of it."""

    def gone(world: World) -> None:
        world.outbox.fates[connection_id] = "gone"

    def body(ports: Ports) -> None:
        if told:
            disconnect([connection_id], ports)

    return Act(f"{connection_id} dies", body, starts=gone, **when)


def publishes(name: str, channel: str, *, cached: bool = False, **when: Any) -> Act:
    """A server publishes an event of this name."""
    event = event_of_pusher(Channel("1", channel), name, "1")
    return Act(name, lambda ports: (trigger if cached else publish)(event, ports), **when)


def sweeps(name: str = "sweep", **when: Any) -> Act:
    """The sweep comes by, and asks about every connection."""
    return Act(name, lambda ports: sweep(ports, ports.clock.now(), 0, lambda: True), **when)


def is_told(connection_id: str, channel: str, times: int = 1) -> Callable[[World], bool]:
    """Whether a client has heard so many times that it is in."""

    def told(world: World) -> bool:
        frames = [json.loads(frame) for frame in world.outbox.frames(connection_id)]
        successes = [f for f in frames if f["event"].endswith("succeeded") and f["channel"] == channel]
        return len(successes) >= times

    return told


def unbalanced(play: Play, came: str, went: str) -> list[str]:
    """Channels, or users of a channel, whose webhooks `came` and `went` do not alternate from `came` on."""
    last: dict[tuple[str, str | None], str] = {}
    found = []
    for name, channel, user in play.webhooks:
        if name in (came, went):
            if last.get((channel, user), went) == name:
                found.append(f"{name} of {user or channel} twice")
            last[channel, user] = name
    return found


def times_heard(world: World, connection_id: str, event: str) -> int:
    """How often an event reached a client."""
    frames = Counter(json.loads(frame)["event"] for frame in world.outbox.frames(connection_id))
    return frames[event]
