"""What holds however things overlap: many connections, real Lambdas in parallel, and AWS at its worst."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from realtime.domain.sockets import socket_id
from tests.integration.pusher_crowd import Tab
from tests.integration.pusher_driver import Failure
from tests.integration.pusher_world import PusherWorld

USERS, TABS = 50, 3
# So many do something at the same time; each makes Lambdas post to all the others.
AT_ONCE = 5


@asynccontextmanager
async def crowd(pushers: PusherWorld, users: Iterable[str], app: str = "main") -> AsyncIterator[list[Tab]]:
    """Open connections, one for each user as often as it is named."""
    held = pushers.apps[app]
    tabs = [Tab(pushers.url(held.key), held, user) for user in users]
    try:
        await at_once([tab.open for tab in tabs])
        yield tabs
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs))


async def at_once(actions: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Do everything, some at a time; wait for all."""
    places = asyncio.Semaphore(AT_ONCE)

    async def run(action: Callable[[], Awaitable[object]]) -> None:
        async with places:
            await action()

    await asyncio.gather(*(run(action) for action in actions))


async def eventually(pushers: PusherWorld, holds: Callable[[], bool], what: str) -> None:
    """As the world's, but the connections go on reading."""
    await asyncio.to_thread(pushers.world.eventually, holds, what)


async def act(tab: Tab, channel: str, dice: random.Random) -> bool:
    """Come, and perhaps go or die. True if the connection stays in the channel."""
    await tab.enter(channel)
    choice = dice.choice(["stay", "stay", "stay", "leave", "close", "vanish"])
    if choice == "leave":
        await tab.leave(channel)
    elif choice != "stay":
        await tab.close(politely=choice == "close")
    return choice == "stay"


async def test_fifty_users_with_three_tabs_each_end_with_the_true_list(pushers: PusherWorld) -> None:
    channel, dice = pushers.channel("presence-"), random.Random(3)
    users = [f"user-{number}" for number in range(USERS) for _ in range(TABS)]
    dice.shuffle(users)
    staying: list[Tab] = []

    async def play(tab: Tab) -> None:
        if await act(tab, channel, dice):
            staying.append(tab)

    async with crowd(pushers, users) as tabs:
        for fault in ("disconnect-lost", "duplicate-async", "duplicate-queue"):
            pushers.world.fault(fault, rate=0.3)
        pushers.world.fault("disconnect-late", rate=0.5, seconds=1)
        await at_once([partial(play, tab) for tab in tabs])
        watchers = staying[5:]
        await asyncio.to_thread(strike, pushers, staying[:5], channel)
        pushers.world.daemon.clear_fault(None)
        truth = {tab.user for tab in watchers}
        # The next event finds those whose end nobody told.
        await asyncio.to_thread(pushers.python().trigger, channel, "all-here", {})
        await asyncio.gather(*(tab.has_heard(channel, "all-here") for tab in watchers))
        await asyncio.gather(*(tab.has_members(channel, truth) for tab in watchers))
        told = await asyncio.to_thread(pushers.python().users_info, channel)
        assert {user["id"] for user in told["users"]} == truth
        assert len(tabs) / 3 < len(watchers)


def strike(pushers: PusherWorld, victims: list[Tab], channel: str) -> None:
    """Let @connections say of some live connections that they are gone."""
    connection_ids = {socket_id(row["connectionId"]): row["connectionId"] for row in pushers.world.rows("connections")}
    for tab in victims:
        pushers.world.fault("gone", match=connection_ids[tab.socket_id])
        pushers.python().trigger(channel, "shake", {})
        assert pushers.world.struck("gone")


async def test_whoever_is_told_that_it_is_in_misses_nothing_from_then_on(pushers: PusherWorld) -> None:
    channel, last = pushers.channel("private-"), 40
    async with crowd(pushers, [str(number) for number in range(16)]) as tabs:

        async def publish() -> None:
            for number in range(last + 1):
                await asyncio.to_thread(pushers.python().trigger, channel, "count", number)

        await asyncio.gather(publish(), at_once([partial(tab.enter, channel) for tab in tabs]))
        for tab in tabs:
            events = [frame["event"] for frame in tab.frames if frame.get("channel") == channel]
            assert events[0] == "pusher_internal:subscription_succeeded"
            heard = sorted(int(frame["data"]) for frame in tab.frames if frame["event"] == "count")
            assert heard == list(range(heard[0] if heard else last + 1, last + 1))
        assert any(tab.count("count", channel) for tab in tabs)


@pytest.mark.parametrize("prefix", ["", "presence-"])
async def test_who_leaves_and_comes_back_in_one_breath_is_in(pushers: PusherWorld, prefix: str) -> None:
    """As a page does that is rendered twice. The two frames are handled in parallel, in any order."""
    channel, rounds = pushers.channel(prefix), 10
    async with crowd(pushers, ["ana", "ben", "cleo", "dan"]) as tabs:
        await at_once([partial(tab.enter, channel) for tab in tabs])
        for number in range(rounds):
            for tab in tabs:
                await tab.leave(channel)
            await asyncio.gather(*(tab.enter(channel) for tab in tabs))
            await asyncio.to_thread(pushers.python().trigger, channel, f"round-{number}", {})
            await asyncio.gather(*(tab.has_heard(channel, f"round-{number}") for tab in tabs))


@pytest.mark.parametrize("prefix", ["", "private-", "presence-", "cache-"])
async def test_a_subscribe_that_ends_after_its_connection_leaves_nothing(pushers: PusherWorld, prefix: str) -> None:
    channel = pushers.channel(prefix)
    async with crowd(pushers, [str(number) for number in range(10)]) as tabs:
        for tab in tabs:
            await tab.subscribe(channel)
            await tab.close(politely=False)
    tables = ("connections", "subscriptions", "members", "channels")
    # While one runs, there may be no row yet.
    await eventually(pushers, lambda: not pushers.world.busy("websocket-message"), "the subscribes have ended")
    await eventually(pushers, lambda: not any(map(pushers.world.rows, tables)), "no row is left")


async def test_of_a_channel_that_fills_and_empties_the_webhooks_alternate(pushers: PusherWorld) -> None:
    channels, rounds = [pushers.channel(prefix) for prefix in ("", "private-", "presence-", "presence-")], 2
    users = [f"user-{number}" for number in range(4)]
    for number in range(1, rounds + 1):
        async with crowd(pushers, users, "hooks") as tabs:
            await at_once([partial(tab.enter, channel) for channel in channels for tab in tabs])
        for channel in channels:
            gone = ["member_removed"] * len(users) if channel.startswith("presence-") else []
            await asyncio.to_thread(pushers.hooks.wait, "/hooks", channel, *["channel_vacated", *gone] * number)
    for channel in channels:
        told = [event for event in pushers.hooks.events("/hooks", channel) if event["name"].startswith("channel_")]
        assert [event["name"] for event in told] == ["channel_occupied", "channel_vacated"] * rounds
        members = [event["name"] for event in pushers.hooks.events("/hooks", channel) if "member" in event["name"]]
        if channel.startswith("presence-"):
            assert sorted(members) == sorted(["member_added", "member_removed"] * len(users) * rounds)


async def test_a_reader_that_takes_nothing_costs_the_others_nothing_and_is_in_the_log(pushers: PusherWorld) -> None:
    channel = pushers.channel("private-")
    async with crowd(pushers, ["ana", "ben", "cleo"]) as tabs:
        await at_once([partial(tab.enter, channel) for tab in tabs])
        rows = {socket_id(row["connectionId"]): row["connectionId"] for row in pushers.world.rows("connections")}
        bad = rows[tabs[0].socket_id]
        pushers.world.fault("slow-reader", match=bad)
        await asyncio.to_thread(pushers.python().trigger, channel, "e", {})
        for tab in tabs[1:]:
            await tab.has_heard(channel, "e")
        pushers.world.daemon.clear_fault(None)
        name = pushers.world.deployment.outputs["function_names"]["http-api"]
        logs = pushers.world.deployment.client("logs")

        def logged() -> bool:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"{bad}"')
            return any("deliveries failed" in event["message"] for event in found["events"])

        await eventually(pushers, logged, "the log names the reader")


def test_a_publish_that_fails_for_one_channel_says_so_and_reaches_the_others(pushers: PusherWorld) -> None:
    good, bad = pushers.channel(), pushers.channel("presence-")
    client = pushers.connected()
    client.subscribe(good)
    client.subscribe(bad, member={"user_id": "ana"})
    pushers.world.fault("dynamodb-error", match=f"Query {pushers.world.deployment.table('members')}")
    with pytest.raises(Failure) as failure:
        pushers.node("trigger", [bad, good], "e", {"n": 1})
    pushers.world.daemon.clear_fault(None)
    assert failure.value.status == 500
    assert json.loads(failure.value.body or "")["channels"] == [bad]
    assert client.event(good, "e") == {"n": 1}
    client.settle()
    assert client.data(bad, "e") == []
