"""The Outbox port: one suite over the fake and over the adapter, this against a small @connections server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from realtime.aws.management import ManagementOutbox
from realtime.ports import Deliveries, Outbox
from tests.contract.aws import account, patience
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.fakes import FakeOutbox

FRAME = '{"event":"e","data":"é\u2028"}'
ENDPOINT = f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}"
MANY = [f"c{n}" for n in range(150)]


@dataclass(frozen=True)
class Post:
    """An outbox, and what reached whom."""

    outbox: Outbox
    frames: Callable[[str], list[str]]


@pytest.fixture
def server() -> Iterator[ConnectionsServer]:
    with ConnectionsServer() as server:
        yield server


def adapter(server: ConnectionsServer, *, timeout: float = 30.0, pauses: list[int] | None = None) -> ManagementOutbox:
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
        fake.fates = {
            "gone": "gone",
            "never-was": "gone",
            "flooded": "throttled",
            "too-large": "failed",
            "forbidden": "failed",
            "broken": "failed",
            "hangs": "failed",
        }
        fake.reasons = {"too-large": "HTTP 413", "forbidden": "HTTP 403", "hangs": "timed out"}
        return Post(fake, fake.frames)
    server = request.getfixturevalue("server")
    # Only who hangs is to time out, however busy the machine is.
    timeout = 2.0 if "hangs" in request.node.name else 30.0
    return Post(adapter(server, timeout=timeout), lambda name: list(server.frames[name]))


@pytest.mark.parametrize("connection_id", ["c1", "L0SM9cOFvHcCIhw=", "a+b/c d?e#f%3D", "busy", "hiccup"])
def test_a_frame_is_delivered(post, connection_id):
    assert post.outbox.post([connection_id], FRAME) == Deliveries([connection_id], [], [], [])


@pytest.mark.parametrize("connection_id", ["c1", "L0SM9cOFvHcCIhw=", "busy", "hiccup"])
def test_a_frame_arrives_once_and_as_it_is(post, connection_id):
    post.outbox.post([connection_id], FRAME)
    assert post.frames(connection_id) == [FRAME]


@pytest.mark.parametrize(
    ("connection_id", "outcome", "reasons"),
    [
        ("gone", "gone", {}),
        ("never-was", "gone", {}),
        ("flooded", "throttled", {"HTTP 429": 1}),
        ("too-large", "failed", {"HTTP 413": 1}),
        ("forbidden", "failed", {"HTTP 403": 1}),
        ("broken", "failed", {"HTTP 500": 1}),
        ("hangs", "failed", {"timed out": 1}),
    ],
)
def test_a_frame_that_is_not_delivered(post, connection_id, outcome, reasons):
    nobody: dict[str, list[str]] = {"delivered": [], "gone": [], "throttled": [], "failed": []}
    expected = Deliveries(**{**nobody, outcome: [connection_id]}, reasons=reasons)
    assert post.outbox.post([connection_id], FRAME) == expected


def test_one_that_hangs_does_not_keep_the_frame_from_the_others(post):
    result = post.outbox.post(["c1", "hangs", "c2"], FRAME)
    assert (result.delivered, post.frames("c1"), post.frames("c2")) == (["c1", "c2"], [FRAME], [FRAME])


def test_a_bad_recipient_does_not_keep_the_frame_from_the_others(post):
    result = post.outbox.post(["gone", "c1", "flooded", "broken", "c2"], FRAME)
    assert (result.delivered, post.frames("c1"), post.frames("c2")) == (["c1", "c2"], [FRAME], [FRAME])


def test_every_recipient_has_one_outcome(post):
    names = ["gone", "c1", "busy", "flooded", "broken", "c2", "never-was", "too-large"]
    result = post.outbox.post(names, FRAME)
    assert sorted([*result.delivered, *result.gone, *result.throttled, *result.failed]) == sorted(names)


def test_more_recipients_than_there_are_connections_are_served(post):
    assert sorted(post.outbox.post(MANY, FRAME).delivered) == sorted(MANY)


def test_frames_posted_one_after_the_other_arrive_in_order(post):
    for frame in ("1", "2", "3"):
        post.outbox.post(["c1"], frame)
    assert post.frames("c1") == ["1", "2", "3"]


def test_without_recipients_nothing_is_posted(post):
    assert post.outbox.post([], FRAME) == Deliveries([], [], [], [])


def test_which_are_gone(post):
    assert post.outbox.gone(["c1", "gone", "c2", "gone"]) == {"gone"}


@pytest.mark.parametrize("connection_id", ["c1", "flooded", "broken", "forbidden", "hangs"])
def test_when_in_doubt_a_connection_is_not_gone(post, connection_id):
    assert post.outbox.gone([connection_id]) == set()


def test_of_none_none_are_gone(post):
    assert post.outbox.gone([]) == set()


def test_asking_whether_a_connection_is_gone_sends_it_nothing(post):
    post.outbox.gone(["c1"])
    assert post.frames("c1") == []


def test_a_post_goes_to_the_stages_path_with_the_id_encoded(server):
    adapter(server).post(["a=/b"], FRAME)
    assert [(received.method, received.target) for received in server.received] == [
        ("POST", f"/{STAGE}/@connections/a%3D%2Fb")
    ]


def test_a_question_is_a_get(server):
    adapter(server).gone(["c1"])
    assert [received.method for received in server.received] == ["GET"]


@pytest.mark.parametrize(("connection_id", "tries"), [("busy", 2), ("flooded", 3), ("broken", 3), ("gone", 1)])
def test_how_often_a_post_is_tried(server, connection_id, tries):
    adapter(server).post([connection_id], FRAME)
    assert len(server.received) == tries


def test_a_post_that_may_have_arrived_is_not_tried_again(server):
    adapter(server, timeout=0.3).post(["hangs"], FRAME)
    assert len(server.received) == 1


def test_only_who_may_be_served_later_is_tried_again(server):
    adapter(server).post(["c1", "busy", "gone"], FRAME)
    assert [received.target.rpartition("/")[2] for received in server.received][3:] == ["busy"]


def test_there_is_a_pause_before_each_further_attempt(server):
    pauses: list[int] = []
    adapter(server, pauses=pauses).post(["flooded"], FRAME)
    assert pauses == [1, 2]


def test_a_gateway_that_is_not_there_delivers_nothing():
    with ConnectionsServer() as server:
        outbox = adapter(server)
    assert outbox.post(["c1"], FRAME) == Deliveries([], [], [], ["c1"], {"Connection refused": 1})


def test_requests_are_signed_for_execute_api(server):
    adapter(server).post(["c1"], FRAME)
    assert "/eu-west-1/execute-api/aws4_request, " in server.received[0].headers["authorization"]
