"""Frames sent as they come: one suite over the fake and over the adapter; then what only the adapter has to keep."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from realtime.aws.management import ManagementOutbox
from realtime.ports import Outbox, Posted
from tests.contract.aws import account, patience
from tests.contract.connections_server import STAGE, ConnectionsServer
from tests.fakes import FakeOutbox
from tests.unit.realtime.jobs import deaf

ENDPOINT = f"https://abc.execute-api.eu-west-1.amazonaws.com/{STAGE}"
FATES = [
    Posted("c1", "delivered", None, True),
    Posted("L0SM9cOFvHcCIhw=", "delivered", None, True),
    Posted("busy", "delivered", None, True),
    Posted("hiccup", "delivered", None, True),
    Posted("gone", "gone", "HTTP 410", True),
    Posted("never-was", "gone", "HTTP 400", True),
    Posted("flooded", "throttled", "HTTP 429", True),
    Posted("too-large", "failed", "HTTP 413", True),
    Posted("forbidden", "failed", "HTTP 403", True),
    Posted("broken", "failed", "HTTP 500", True),
]


@dataclass(frozen=True)
class Streaming:
    """An outbox, and what reached whom."""

    outbox: Outbox
    frames: Callable[[str], list[str]]


@pytest.fixture
def server() -> Iterator[ConnectionsServer]:
    with ConnectionsServer() as server:
        yield server


def adapter(url: str, *, pauses: list[int] | None = None, rate: int | None = None) -> ManagementOutbox:
    """An outbox whose pauses take no time; the numbers of those that it makes are in `pauses`."""
    made: list[int] = [] if pauses is None else pauses

    def pause(number: int) -> float:
        made.append(number)
        return 0.0

    return ManagementOutbox(account(url), ENDPOINT, patience(), rate=rate, pause=pause)


@pytest.fixture(params=["fake", "management"])
def streaming(request: pytest.FixtureRequest) -> Streaming:
    if request.param == "fake":
        fake = FakeOutbox()
        for name, fate, reason, sent in FATES:
            fake.fates[name] = fate
            if reason is not None:
                fake.reasons[name] = reason
            if not sent:
                fake.unsent.add(name)
        return Streaming(fake, fake.frames)
    server = request.getfixturevalue("server")
    return Streaming(adapter(server.url), lambda name: list(server.frames[name]))


@pytest.mark.parametrize("posted", FATES, ids=lambda posted: posted.connection_id)
def test_what_becomes_of_a_frame(streaming, posted):
    assert list(streaming.outbox.stream([(posted.connection_id, "1")])) == [posted]


def test_each_gets_its_frame(streaming):
    list(streaming.outbox.stream([("c1", "1"), ("c2", "2é")]))
    assert (streaming.frames("c1"), streaming.frames("c2")) == (["1"], ["2é"])


def test_every_recipient_has_one_outcome(streaming):
    posted = streaming.outbox.stream((one.connection_id, "1") for one in FATES)
    assert sorted(posted) == sorted(FATES)


def test_no_frames_have_no_outcome(streaming):
    assert list(streaming.outbox.stream([])) == []


def test_a_number_delays_what_comes_after_it_and_no_more(streaming):
    posted = streaming.outbox.stream([("c1", "1"), 0.01, ("c2", "1"), 0, ("c3", "1")])
    assert sorted(one.connection_id for one in posted) == ["c1", "c2", "c3"]


def test_a_stream_that_nobody_reads_to_its_end_is_closed(streaming):
    read = 0

    def frames() -> Iterator[tuple[str, str]]:
        nonlocal read
        for number in range(2000):
            read += 1
            yield f"c{number}", "1"

    stream = iter(streaming.outbox.stream(frames()))
    next(stream)
    del stream
    assert read < 2000


def test_what_the_frames_come_from_may_fail(streaming):
    def frames() -> Iterator[tuple[str, str]]:
        yield "c1", "1"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(streaming.outbox.stream(frames()))


def test_without_time_nothing_is_sent_and_all_are_told(server):
    posted = list(adapter(server.url).stream([("c1", "1"), 5.0, ("c2", "1")], timeout=0.0))
    late = [Posted(name, "failed", "timed out", sent=False) for name in ("c1", "c2")]
    assert (posted, server.received) == (late, [])


def test_a_gateway_that_is_not_there_has_heard_nothing():
    with ConnectionsServer() as server:
        pass
    assert list(adapter(server.url).stream([("c1", "1")])) == [Posted("c1", "failed", "Connection refused", sent=False)]


@pytest.mark.parametrize(("name", "tries"), [("too-large", 1), ("forbidden", 1), ("gone", 1), ("flooded", 3)])
def test_how_often_a_frame_is_tried(server, name, tries):
    list(adapter(server.url).stream([(name, "1")]))
    assert len(server.received) == tries


@pytest.mark.parametrize(("recipients", "repeats"), [(5, 10), (40, 10), (200, 20)])
def test_a_gateway_that_fails_all_is_not_asked_much_more_often_for_that(server, recipients, repeats):
    list(adapter(server.url).stream((f"broken#{number}", "1") for number in range(recipients)))
    assert len(server.received) == recipients + min(repeats, 2 * recipients)


def test_who_failed_waits_while_others_are_served(server):
    outbox = ManagementOutbox(account(server.url), ENDPOINT, patience(), pause=lambda number: 0.2)
    posted = outbox.stream([("busy", "1"), *((f"c{number}", "1") for number in range(20))])
    assert [one.connection_id for one in posted][-1] == "busy"


def test_posts_are_counted(server):
    counting = account(server.url)
    outbox = ManagementOutbox(counting, ENDPOINT, patience(), pause=lambda number: 0.0)
    list(outbox.stream([("c1", "1"), ("busy", "1")]))
    assert counting.calls == {"execute-api:ManageConnectionsPOST": 3}


def test_a_rate_holds_for_all_calls_together(server):
    outbox = adapter(server.url, rate=20)
    began = time.monotonic()
    outbox.post([f"a{number}" for number in range(8)], "1")
    list(outbox.stream((f"b{number}", "1") for number in range(4)))
    # Ten at once, two at 20 a second.
    assert time.monotonic() - began >= 0.1


def test_a_rate_holds_for_repeats(server):
    outbox = adapter(server.url, rate=2)
    began = time.monotonic()
    outbox.post(["busy"], "1")
    assert time.monotonic() - began >= 0.5


def test_a_rate_is_for_posts(server):
    outbox = adapter(server.url, rate=1)
    assert outbox.gone([f"c{number}" for number in range(50)]) == set()


def test_many_recipients_take_no_more_memory_than_some():
    def peak(recipients: int) -> int:
        with deaf() as origin:
            pass
        outbox = ManagementOutbox(account(f"http://127.0.0.1:{origin.port}"), ENDPOINT, patience(attempts=1))
        tracemalloc.start()
        try:
            for _ in outbox.stream((f"c{number}", "1") for number in range(recipients)):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(20_000) < peak(1_000) + 200_000
