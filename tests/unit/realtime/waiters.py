"""Plain clients that let events wait for each other, and what reaches them."""

from __future__ import annotations

import json
from typing import Any

from realtime.domain.connections import Channel, Connection
from realtime.domain.sockets import socket_id
from realtime.ports import Limits
from realtime.usecases.parcel import Event
from realtime.usecases.publish import publish
from tests.fakes import World
from tests.unit.realtime.crowd import plain
from tests.unit.realtime.scenes import pusher

HALL = Channel("1", "hall")
LIMITS = Limits(coalesce_max_ms=5_000)
METERED = 32_768


def waiting(connection_id: str, *channels: str, coalesce: int = 200, **others: Any) -> Connection:
    """A plain client that lets events wait."""
    return plain(connection_id, *(channels or ("hall",)), coalesce=coalesce, **others)


def scene(*rows: Connection, limits: Limits = LIMITS) -> World:
    world = World(*(rows or (waiting("w"), waiting("x"), plain("p", "hall"), pusher("q", "hall"))))
    world.limits = limits
    return world


def event(name: str = "e", sender: str | None = None, data: str = "1", **fields: Any) -> Event:
    return Event(HALL, name, data, exclude=sender and socket_id(sender), **fields)


def publish_all(world: World, *events: Event) -> None:
    for one in events:
        publish(one, world.ports)


def frames(world: World, connection_id: str) -> list[list[str]]:
    """The names of the events of each frame that reached a client."""
    found = [json.loads(frame) for frame in world.outbox.frames(connection_id)]
    return [[part["event"] for part in frame.get("events", [frame])] for frame in found]


def names(world: World, connection_id: str) -> list[str]:
    return [name for frame in frames(world, connection_id) for name in frame]
