"""What clients make of their frames, in the order in which these reach them; kept as pusher-js keeps it, but strict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel, Connection
from realtime.usecases.delivery import readers_of
from tests.fakes import World

# A mark among a client's frames: from here on it does not listen to the channel, until it is told that it is in again.
LEFT = "left"


class Watcher:
    """One Pusher client. `lists` are the members of the channels that it is in, `heard` the events by name.

    `faults` are the frames that must not come: an event of a channel that it is not in (yet), somebody added who is in
    its list, somebody removed who is not, itself added.

    Known limit: who leaves a channel and comes back on the same connection while an edge is being told may hear of that
    edge though its new list has it already. It changes no list, so it is no fault here; a wrong list is one.
    """

    def __init__(self, me: str | None, frames: list[str]) -> None:
        self.lists: dict[str, set[str]] = {}
        self.heard: list[str] = []
        self.online: dict[str, str] = {}
        self.faults: list[str] = []
        self._me = me
        self._left: set[str] = set()
        self._again: set[str] = set()
        for text in frames:
            frame = json.loads(text)
            getattr(self, f"_{frame['event'].partition(':')[2]}", self._event)(frame)

    def _subscription_succeeded(self, frame: Mapping[str, Any]) -> None:
        presence = json.loads(frame["data"]).get("presence", {"ids": [], "count": 0})
        ids = {str(user) for user in presence["ids"]}
        if frame["channel"] in self._left:
            self._again.add(frame["channel"])
        self.lists[frame["channel"]] = ids
        if len(ids) != presence["count"] or (is_presence(frame["channel"]) and self._me not in ids):
            self.faults.append(f"a list of {presence['count']} is {sorted(ids)}")

    def _subscription_error(self, frame: Mapping[str, Any]) -> None:
        """It is not in, or stays in."""

    def _member_added(self, frame: Mapping[str, Any]) -> None:
        user = str(json.loads(frame["data"])["user_id"])
        if self._listens(frame):
            if user == self._me or (user in self.lists[frame["channel"]] and frame["channel"] not in self._again):
                self.faults.append(f"{user} added again")
            self.lists[frame["channel"]].add(user)

    def _member_removed(self, frame: Mapping[str, Any]) -> None:
        user = str(json.loads(frame["data"])["user_id"])
        if self._listens(frame):
            if user not in self.lists[frame["channel"]] and frame["channel"] not in self._again:
                self.faults.append(f"{user} removed again")
            self.lists[frame["channel"]].discard(user)

    def _watchlist_events(self, frame: Mapping[str, Any]) -> None:
        for change in frame["data"]["events"]:
            self.online |= dict.fromkeys(change["user_ids"], change["name"])

    def _left_channel(self, frame: Mapping[str, Any]) -> None:
        self._left.add(frame["channel"])
        self.lists.pop(frame["channel"], None)

    def _event(self, frame: Mapping[str, Any]) -> None:
        if frame["event"] == LEFT:
            self._left_channel(frame)
        elif "channel" in frame and self._listens(frame):
            self.heard.append(frame["event"])

    def _listens(self, frame: Mapping[str, Any]) -> bool:
        channel = frame["channel"]
        if channel not in self.lists and channel not in self._left:
            self.faults.append(f"{frame['event']} before the success")
            self.lists.setdefault(channel, set())
        return channel in self.lists


def leave(world: World, connection_id: str, channel: str) -> None:
    """Put the mark among a client's frames."""
    world.outbox.arrived.append((connection_id, json.dumps({"event": LEFT, "channel": channel})))


def faults(world: World, people: Mapping[str, str]) -> list[str]:
    """What is wrong in a world that has come to rest. `people` are the Pusher clients: their users by connection id."""
    return [*_heard(world, people), *_left_behind(world)]


def _heard(world: World, people: Mapping[str, str]) -> Iterator[str]:
    for connection_id, user in people.items():
        watcher = Watcher(user, world.outbox.frames(connection_id))
        yield from (f"{connection_id}: {fault}" for fault in watcher.faults)
        row = world.connections.rows.get(connection_id)
        if row is None or world.outbox.fates.get(connection_id) == "gone":
            continue
        if set(watcher.lists) != set(row.channels):
            yield f"{connection_id} believes to be in {sorted(watcher.lists)}, and is in {sorted(row.channels)}"
        for name, members in watcher.lists.items():
            true = {who.user for who in _presence(world, row.app_id, name)}
            if is_presence(name) and members != true:
                yield f"{connection_id} sees {sorted(members)} in {name}, where {sorted(true)} are"


def _presence(world: World, app_id: str, name: str) -> list[Any]:
    return [row for row in world.members.held.values() if row.channel == Channel(app_id, name) and row.connections]


def _left_behind(world: World) -> Iterator[str]:
    live = {name: row for name, row in world.connections.rows.items() if world.outbox.fates.get(name) != "gone"}
    yield from (f"the row of {name} is left" for name in sorted(set(world.connections.rows) - set(live)))
    for channel, name in world.subscriptions.rows:
        watched = channel.name.removeprefix("#watch-")
        if name not in live or not {channel.name, watched} & (live[name].channels | live[name].watching):
            yield f"a subscription of {name} to {channel.name} is left"
    for row in world.members.held.values():
        if not row.is_in or not row.connections:
            yield f"the row of {row.user} in {row.channel.name} is left: {row}"
        dead = {reader.connection_id for reader in row.connections} - set(live)
        yield from (f"{name} is left with {row.user} in {row.channel.name}" for name in sorted(dead))
    for occupancy in world.channels.rows.values():
        if occupancy.vacating or not readers_of(occupancy.channel, world.ports):
            yield f"the row of the channel {occupancy.channel.name} is left: {occupancy.vacating}"
    yield from (lack for row in live.values() for lack in _lacking(row, world))


def _lacking(row: Connection, world: World) -> Iterator[str]:
    for name in sorted(row.channels):
        channel = Channel(row.app_id, name)
        if row.connection_id not in {reader.connection_id for reader in readers_of(channel, world.ports)}:
            yield f"{row.connection_id} does not read {name}"
        if channel not in world.channels.rows:
            yield f"{name} does not count as occupied"
