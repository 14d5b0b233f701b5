"""A publish reaches the few readers of a channel before it returns, and the many by shares of their own."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.connections import Channel, server_to_user
from realtime.domain.errors import ServiceError
from realtime.domain.ranges import FIRST, LAST
from realtime.domain.sockets import socket_id
from realtime.ports import Limits
from realtime.protocols.plain import Broadcast
from realtime.usecases.delivery import NOBODY
from realtime.usecases.fanout import fan_out
from realtime.usecases.publish import event_of_plain, event_of_pusher, publish, trigger
from tests.fakes import World, connection
from tests.unit.realtime.crowd import EVENT, HALL, crowd, heard, ids, lambda_does, plain
from tests.unit.realtime.scenes import ROOM, pusher

FEW = ids(6, seed=5)
LIMITS = Limits(direct_readers=5, share_readers=5, max_shares=20)


def limited(world: World, limits: Limits = LIMITS) -> World:
    world.limits = limits
    return world


# Few readers


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_up_to_the_limit_all_have_it_when_the_publish_returns(count):
    world = limited(crowd(FEW[:count]))
    published = publish(EVENT, world.ports)
    assert (heard(world), world.invoker.started) == (dict.fromkeys(FEW[:count], 1), [])
    assert (len(published.deliveries.delivered), published.shares, published.waiting) == (count, 0, 0)


def test_a_small_channel_takes_one_read_and_nothing_else():
    world = limited(World(*(pusher(name, "hall") for name in FEW[:5])))
    publish(EVENT, world.ports)
    assert world.journal.calls == ["subscriptions.readers", "outbox.post_each"]


def test_a_publishers_events_reach_a_small_channel_in_their_order():
    world = limited(crowd(FEW[:5]))
    for nth in range(100):
        publish(event_of_pusher(HALL, f"e{nth}", "1"), world.ports)
    for name in FEW[:5]:
        assert [json.loads(frame)["event"] for frame in world.outbox.frames(name)] == [f"e{nth}" for nth in range(100)]


# Many readers


def test_beyond_the_limit_nobody_has_it_when_the_publish_returns_and_all_once_the_shares_are_done():
    world = limited(crowd(FEW))
    published = publish(EVENT, world.ports)
    assert (world.outbox.posts, published.deliveries, published.shares) == ([], NOBODY, len(world.invoker.started))
    assert world.telemetry.counts["Shares"] == published.shares > 0
    lambda_does(world)
    assert heard(world) == dict.fromkeys(FEW, 1)


def test_a_share_carries_the_event_once_and_a_range_and_no_reader():
    names = ids(200, seed=6)
    world = limited(crowd(names))
    publish(EVENT._replace(data="x" * 1_000), world.ports)
    assert len(world.invoker.started) == 20
    for job in world.invoker.started:
        text = json.dumps(job)
        assert (text.count("x" * 1_000), len(text) < 1_400) == (1, True)
        assert not any(name in text for name in names)
    assert len({job["id"] for job in world.invoker.started}) == 20


def test_the_ranges_of_the_shares_follow_on_one_another():
    world = limited(crowd(ids(200, seed=6)))
    publish(EVENT, world.ports)
    ranges = [job["within"] for job in world.invoker.started]
    assert (ranges[0][0], ranges[-1][1]) == (FIRST, LAST)
    assert [first for first, _ in ranges[1:]] == [f"{last}\0" for _, last in ranges[:-1]]


def test_two_publishes_are_shared_out_under_different_ids():
    world = limited(crowd(FEW))
    publish(EVENT, world.ports)
    publish(EVENT, world.ports)
    lambda_does(world)
    assert heard(world) == dict.fromkeys(FEW, 2)


@pytest.mark.parametrize(("readers", "most"), [(501, 3), (1_500, 3), (4_000, 8), (20_000, 20)])
def test_there_are_about_as_many_shares_as_the_readers_fill(readers, most):
    world = World()
    for name in ids(readers, seed=7):
        world.subscribe("hall", pusher(name))
    world.limits = Limits(share_readers=500)
    shares = publish(EVENT, world.ports).shares
    assert min(most, 0.6 * readers / 500) <= shares <= min(20, max(most, 1.6 * readers / 500))


def clustered(seed: int) -> list[str]:
    random = Random(seed)
    return sorted({name for _ in range(3) for name in ids(60, seed, random.randbytes(random.randrange(11)))})


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(ids(200, seed=8), id="anywhere"),
        pytest.param(ids(200, seed=9, prefix=b"\x12\x34\x56"), id="of one time"),
        pytest.param(ids(200, seed=9, prefix=b"\x12\x34\x56\x12\x34\x56\x12\x34\x56"), id="of one moment"),
        *(pytest.param(clustered(seed), id=f"in heaps {seed}") for seed in range(6)),
        pytest.param([f"a{'a' * 11}{nth:04}" for nth in range(200)], id="alike"),
        pytest.param([chr(code) * length for code in range(0x21, 0x7E) for length in (1, 12, 20)], id="odd"),
    ],
)
@pytest.mark.parametrize("limits", [LIMITS, Limits(direct_readers=1, share_readers=1, max_shares=200)], ids=str)
def test_whatever_their_ids_everybody_gets_it_once(names, limits):
    world = limited(crowd(names), limits)
    publish(EVENT, world.ports)
    lambda_does(world)
    assert heard(world) == dict.fromkeys(names, 1)


@given(st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7D), min_size=1), min_size=3, unique=True))
def test_however_odd_their_ids_everybody_gets_it_once(names):
    world = limited(crowd(names), Limits(direct_readers=2, share_readers=1))
    publish(EVENT, world.ports)
    lambda_does(world)
    assert heard(world) == dict.fromkeys(names, 1)


def test_who_comes_before_its_share_is_delivered_may_have_any_id():
    world = limited(crowd(ids(50, seed=10)))
    publish(EVENT, world.ports)
    for name in ("!", "}"):
        world.open(pusher(name, "hall"))
    lambda_does(world)
    assert (heard(world)["!"], heard(world)["}"]) == (1, 1)


def test_the_last_reader_may_be_gone_by_the_time_the_ranges_are_made():
    world = limited(crowd(FEW))
    for name in FEW[1:]:
        world.open(pusher(name, "hall"))
    world.journal.calls = _Emptied(world)
    publish(EVENT, world.ports)
    lambda_does(world)
    assert heard(world) == {}


class _Emptied(list[str]):
    """All have left by the time that somebody asks for the last."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def append(self, name: str) -> None:
        if name == "subscriptions.last":
            self._world.subscriptions.rows.clear()


def test_the_sender_and_those_who_know_a_cached_event_are_left_out_in_shares():
    cache = Channel("1", "cache-a")
    names = [f"{FEW[0]}{nth}" for nth in range(8)]
    world = limited(World(*(pusher(name, "cache-a") for name in names)))
    trigger(event_of_pusher(cache, "e", "1")._replace(exclude=socket_id(names[2])), world.ports)
    stamp = next(iter(world.invoker.started))["parcel"]["events"][0]["event_id"]
    assert stamp == world.state.kept[cache].event_id
    lambda_does(world)
    assert heard(world) == {name: 1 for name in names if name != names[2]}


def test_a_plain_clients_broadcast_is_shared_out_too():
    world = limited(crowd(FEW, make=plain))
    publish(event_of_plain(HALL, Broadcast("hall", "e", '{"n":1}'), "u1"), world.ports)
    lambda_does(world)
    assert {world.outbox.frames(name)[0] for name in FEW} == {
        '{"event":"e","channel":"hall","data":{"n":1},"userId":"u1"}'
    }


def test_a_share_that_cannot_be_started_fails_the_publish():
    world = limited(crowd(FEW))
    world.journal.failures["invoker.start"] = ServiceError("Invoke", "down")
    with pytest.raises(ServiceError):
        publish(EVENT, world.ports)


# What is never shared out


def test_a_presence_channel_is_delivered_at_once():
    world = limited(World(*(pusher(name, ROOM, user=name[:4]) for name in ids(20))))
    published = fan_out(event_of_pusher(Channel("1", ROOM), "e", "1"), world.ports)
    assert (len(published.deliveries.delivered), published.shares, world.invoker.started) == (20, 0, [])


def test_a_user_is_told_at_once():
    rows = [connection(name, user="A", protocol="pusher", user_data='{"id":"A"}') for name in ids(20)]
    world = limited(World(*rows))
    published = fan_out(event_of_pusher(server_to_user("1", "A"), "e", "1"), world.ports)
    assert (len(published.deliveries.delivered), published.shares, world.invoker.started) == (20, 0, [])
