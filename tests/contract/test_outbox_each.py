"""Several frames for each client, and the end of connections: one suite over the fake and over the adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from realtime.aws.management import ManagementOutbox
from realtime.ports import Deliveries, Outbox
from tests.contract.aws import account, patience
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.fakes import FakeOutbox

ENDPOINT = f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}"
MANY = [f"c{n}" for n in range(150)]


@dataclass(frozen=True)
class Post:
    """An outbox, what reached whom, and who was closed."""

    outbox: Outbox
    frames: Callable[[str], list[str]]
    closed: Callable[[], list[str]]


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[ConnectionsServer]:
    with ConnectionsServer() as server:
        yield server


def adapter(server: ConnectionsServer, pauses: list[int] | None = None, timeout: float = 30.0) -> ManagementOutbox:
    """An outbox whose pauses take no time; the numbers of those that it makes are in `pauses`."""
    made: list[int] = [] if pauses is None else pauses

    def pause(number: int) -> float:
        made.append(number)
        return 0.0

    return ManagementOutbox(account(server.url), ENDPOINT, patience(timeout=timeout), pause=pause)


@pytest.fixture(params=["fake", "management"])
def post(request: pytest.FixtureRequest) -> Post:
    if request.param == "fake":
        fake = FakeOutbox()
        fake.fates = {"gone": "gone", "flooded": "throttled", "broken": "failed", "forbidden": "failed"}
        fake.reasons = {"forbidden": "HTTP 403"}
        return Post(fake, fake.frames, lambda: [name for name in fake.closed if name not in fake.fates])
    server = request.getfixturevalue("server")
    return Post(adapter(server), lambda name: list(server.frames[name]), lambda: sorted(server.closed))


def test_each_gets_its_own_frame(post):
    assert post.outbox.post_each([("c1", "1"), ("c2", "2é")]) == Deliveries(["c1", "c2"], [], [], [])
    assert (post.frames("c1"), post.frames("c2")) == (["1"], ["2é"])


@pytest.mark.parametrize("connection_id", ["c1", "busy", "hiccup", "L0SM9cOFvHcCIhw="])
def test_the_frames_of_one_client_arrive_in_order_and_count_as_one(post, connection_id):
    pairs = [(connection_id, "1"), ("other", "a"), (connection_id, "2"), (connection_id, "3")]
    assert sorted(post.outbox.post_each(pairs).delivered) == sorted([connection_id, "other"])
    assert post.frames(connection_id) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("connection_id", "outcome", "reasons"),
    [
        ("gone", "gone", {}),
        ("flooded", "throttled", {"HTTP 429": 1}),
        ("broken", "failed", {"HTTP 500": 1}),
        ("forbidden", "failed", {"HTTP 403": 1}),
    ],
)
def test_who_does_not_get_the_first_frame_gets_none(post, connection_id, outcome, reasons):
    nobody: dict[str, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
    result = post.outbox.post_each([(connection_id, "1"), (connection_id, "2")])
    assert result == Deliveries(**{**nobody, outcome: [connection_id]}, reasons=reasons)
    assert post.frames(connection_id) == []


def test_a_bad_recipient_does_not_keep_the_others_from_their_frames(post):
    pairs = [(name, frame) for frame in ("1", "2") for name in ("gone", "c1", "flooded", "c2", "broken")]
    result = post.outbox.post_each(pairs)
    assert (sorted(result.delivered), result.gone, result.throttled, result.failed) == (
        ["c1", "c2"],
        ["gone"],
        ["flooded"],
        ["broken"],
    )
    assert (post.frames("c1"), post.frames("c2")) == (["1", "2"], ["1", "2"])


def test_more_clients_than_there_are_connections_get_their_frames(post):
    pairs = [(name, frame) for name in MANY for frame in ("1", "2")]
    assert sorted(post.outbox.post_each(pairs).delivered) == sorted(MANY)
    assert {tuple(post.frames(name)) for name in MANY} == {("1", "2")}


def test_no_frames_reach_nobody(post):
    assert post.outbox.post_each([]) == Deliveries([], [], [], [])


def test_frames_that_arrive_in_time_are_delivered(post):
    assert post.outbox.post_each([("c1", "1"), ("c1", "2")], timeout=30.0).delivered == ["c1"]


def test_connections_are_closed(post):
    post.outbox.close(["c1", "gone", "flooded", "broken", "c2"])
    assert post.closed() == ["c1", "c2"]


def test_closing_none_is_fine(post):
    post.outbox.close([])
    assert post.closed() == []


def test_who_goes_in_between_is_gone(server):
    result = adapter(server).post_each([("leaves", "1"), ("leaves", "2"), ("leaves", "3")])
    assert (result, server.frames["leaves"]) == (Deliveries([], ["leaves"], [], []), ["1"])


def test_each_frame_is_tried_as_often_as_a_single_one(server):
    pauses: list[int] = []
    adapter(server, pauses).post_each([("hiccup", "1"), ("hiccup", "2"), ("flooded", "1")])
    assert (server.frames["hiccup"], sorted(pauses)) == (["1", "2"], [1, 1, 2, 2])


def test_one_that_hangs_ends_with_the_time_for_all(server):
    result = adapter(server).post_each([("c1", "1"), ("hangs", "1"), ("hangs", "2")], timeout=2.0)
    assert result == Deliveries(["c1"], [], [], ["hangs"], {"timed out": 1})


def test_one_that_hangs_does_not_keep_another_from_its_further_frames(server):
    adapter(server).post_each([("c1", "1"), ("hangs", "1"), ("c1", "2")], timeout=2.0)
    assert server.frames["c1"] == ["1", "2"]


def test_when_the_time_is_over_nothing_is_tried_again(server):
    time, tries = Time(), 0

    def pause(number: int) -> float:
        nonlocal tries
        tries = number
        time.now += 1.5
        return 0.0

    outbox = ManagementOutbox(account(server.url), ENDPOINT, patience(attempts=9), time, pause=pause)
    result = outbox.post_each([("flooded", "1")], timeout=2.5)
    assert (result, tries) == (Deliveries([], [], ["flooded"], [], {"HTTP 429": 1}), 2)


def test_without_time_nothing_is_sent(server):
    result = adapter(server).post_each([("c1", "1"), ("c2", "1")], timeout=0.0)
    assert (result.failed, server.received) == (["c1", "c2"], [])


def test_a_close_is_a_delete(server):
    adapter(server).close(["a=/b"])
    assert [(received.method, received.target) for received in server.received] == [
        ("DELETE", f"/{STAGE}/@connections/a%3D%2Fb")
    ]


def test_a_close_that_may_succeed_later_is_tried_again(server):
    adapter(server).close(["busy"])
    assert server.closed == ["busy"]


def test_a_gateway_that_is_not_there_closes_nothing():
    with ConnectionsServer() as server:
        outbox = adapter(server)
    outbox.close(["c1"])
    assert server.closed == []
