"""Events that wait for each other, for the plain clients that ask for it, through the deployed stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.client import Client, Frame
from tests.integration.pusher_apps import App
from tests.integration.readers import Readers
from tests.integration.tuning import lines, publisher, pusher_url, tuned
from tests.integration.world import World

CHANNEL = "team-123"
# Long enough for two of so many publishes in a row, even on a busy machine where the first is cold.
WINDOW_MS = 3_000
EVENTS = 10
LONGEST_MS = 5_000


@pytest.fixture
def on(world: World) -> Iterator[None]:
    with tuned(world, COALESCE_MAX_MS=LONGEST_MS):
        yield


def connect(world: World, user: str, coalesce: object) -> Client:
    client = world.open(f"?token={world.token(user)}&coalesce={coalesce}")
    client.subscribe(CHANNEL)
    return client


def event(name: str, data: object, user: str | None = None) -> Frame:
    frame: Frame = {"event": name, "channel": CHANNEL, "data": data}
    return frame if user is None else {**frame, "userId": user}


@pytest.mark.usefixtures("on")
def test_events_that_wait_share_a_frame_in_their_order(world: World, apps: dict[str, App]) -> None:
    with Readers() as readers:
        plain = f"{world.url}?token={world.token()}"
        (waiting,) = readers.enter(CHANNEL, [f"{plain}&coalesce={WINDOW_MS}"])
        others = readers.enter(CHANNEL, [plain, f"{pusher_url(world, apps['default'])}&coalesce={WINDOW_MS}"])
        server = publisher(world, apps["default"])
        for number in range(EVENTS):
            server.trigger(CHANNEL, "e", number)
        readers.until(lambda: all(reader.counts["e"] == EVENTS for reader in readers.all), "everybody heard all")
        heard = [part for frame in waiting.frames for part in frame.get("events", [frame])]
        assert heard == [event("e", number) for number in range(EVENTS)]
        assert len(waiting.frames) < EVENTS
        assert [len(reader.frames) for reader in others] == [EVENTS] * 2
        assert readers.heard[0][0] is not waiting, "the others did not wait"


@pytest.mark.usefixtures("on")
def test_a_single_event_comes_as_without(world: World) -> None:
    ana = connect(world, "ana", 50)
    (ben,) = world.subscribed(CHANNEL, ["ben"])
    ben.send("broadcast", channel=CHANNEL, event="e", data=1)
    assert ana.receive_frame() == event("e", 1, "ben")


@pytest.mark.usefixtures("on")
def test_who_broadcasts_does_not_hear_itself_among_the_others(world: World) -> None:
    ana, ben, cleo = (connect(world, user, WINDOW_MS) for user in ("ana", "ben", "cleo"))
    (dan,) = world.subscribed(CHANNEL, ["dan"])
    for client, number in ((ana, 1), (ben, 2), (ana, 3)):
        client.send("broadcast", channel=CHANNEL, event="e", data=number)
        assert dan.receive()["data"] == number
    from_ana, from_ben, again = event("e", 1, "ana"), event("e", 2, "ben"), event("e", 3, "ana")
    assert [cleo.receive() for _ in range(3)] == [from_ana, from_ben, again]
    assert ana.receive() == from_ben
    assert [ben.receive() for _ in range(2)] == [from_ana, again]


@pytest.mark.usefixtures("on")
def test_a_large_channels_events_wait_too(world: World, apps: dict[str, App]) -> None:
    with tuned(world, FANOUT_DIRECT_READERS=2), Readers() as readers:
        plain = f"{world.url}?token={world.token()}"
        waiting = readers.enter(CHANNEL, [f"{plain}&coalesce={WINDOW_MS}"] * 3)
        others = readers.enter(CHANNEL, [plain] * 3)
        server = publisher(world, apps["default"])
        for number in range(20):
            server.trigger(CHANNEL, "e", number)
        readers.until(lambda: all(reader.counts["e"] == 20 for reader in readers.all), "everybody heard all")
        assert all(len(reader.frames) == 20 for reader in others)
        assert all(len(reader.frames) < 20 for reader in waiting)


@pytest.mark.usefixtures("on")
def test_events_outlive_the_run_that_was_to_deliver_them(world: World) -> None:
    ana = connect(world, "ana", LONGEST_MS)
    (ben,) = world.subscribed(CHANNEL, ["ben"])
    ben.send("broadcast", channel=CHANNEL, event="e", data=0)
    world.eventually(lambda: world.busy("deliver"), "the flush waits")
    assert world.daemon.call("POST", "functions/kill", {"match": "deliver"}) == {"killed": 1}
    world.eventually(
        lambda: world.daemon.call("POST", "functions/retry", {"match": "deliver"})["retried"], "Lambda tries again"
    )
    ben.send("broadcast", channel=CHANNEL, event="e", data=1)
    assert [ana.receive() for _ in range(2)] == [event("e", number, "ben") for number in range(2)]


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(
    ("asked", "granted"), [(200, "200"), (1, "50"), (99_999, str(LONGEST_MS)), (0, None), ("soon", None), ("-5", None)]
)
def test_how_long_events_may_wait_is_bounded(world: World, asked: object, granted: str | None) -> None:
    connect(world, "ana", asked)
    assert world.connection_of("ana").get("coalesce") == granted


@pytest.mark.usefixtures("on")
def test_nothing_is_left_of_events_that_were_delivered(world: World) -> None:
    ana = connect(world, "ana", 50)
    (ben,) = world.subscribed(CHANNEL, ["ben"])
    ben.send("broadcast", channel=CHANNEL, event="e", data=1)
    assert ana.receive()["data"] == 1
    world.eventually(lambda: not world.busy("deliver"), "the flush is over")
    assert not [row for row in world.rows("state") if row["id"].startswith("buffer:")]


def test_without_the_setting_nobody_waits(world: World) -> None:
    ana = connect(world, "ana", WINDOW_MS)
    (ben,) = world.subscribed(CHANNEL, ["ben"])
    before = len(lines(world, "websocket-broadcast"))
    for number in range(2):
        ben.send("broadcast", channel=CHANNEL, event="e", data=number)
        assert ana.receive_frame() == event("e", number, "ben")
    assert "coalesce" not in world.connection_of("ana")
    world.eventually(lambda: not world.busy("websocket-broadcast"), "the broadcasts are over")
    calls = [name for line in lines(world, "websocket-broadcast")[before:] for name in line.get("calls", ())]
    assert "lambda:InvokeFunction" not in calls
