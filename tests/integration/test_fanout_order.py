"""What one publisher publishes to a small channel, one event after the other, arrives in that order at every reader."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.pusher_apps import App
from tests.integration.readers import Reader, Readers, events_of
from tests.integration.tuning import publisher, pusher_url, tuned
from tests.integration.world import World

EVENTS = 1_000
CHANNEL = "ordered"


def numbers(reader: Reader) -> list[Any]:
    """What the events that a reader heard were about, in the order in which it heard them."""
    told = [event["data"] for frame in reader.frames for event in events_of(frame)]
    return [json.loads(data) if isinstance(data, str) else data for data in told]


def test_a_thousand_events_arrive_in_order_at_every_reader(world: World, apps: dict[str, App]) -> None:
    with tuned(world, COALESCE_MAX_MS=1_000), Readers() as readers:
        plain = f"{world.url}?token={world.token()}"
        readers.enter(CHANNEL, [plain] * 2)
        readers.enter(CHANNEL, [pusher_url(world, apps["default"])] * 2)
        (waiting,) = readers.enter(CHANNEL, [f"{plain}&coalesce=1000"])
        server = publisher(world, apps["default"])

        for number in range(EVENTS):
            server.trigger(CHANNEL, "e", number)

        readers.until(lambda: all(reader.counts["e"] >= EVENTS for reader in readers.all), "everybody heard all")
        for reader in readers.all:
            assert numbers(reader) == list(range(EVENTS)), reader.name
        assert len(waiting.frames) < EVENTS, "nothing was coalesced"
