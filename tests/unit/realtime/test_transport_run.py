"""Jobs: taken lazily, sent again, timed, and never left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from realtime.aws.connection import Origin
from realtime.aws.transport import Failed, Transport
from tests.unit.realtime.jobs import Asking, Time, deaf, open_files
from tests.unit.realtime.peer import PATIENCE, Peer, Wire


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def to(stack: ExitStack, peer: Peer, *, window: int = 8, max_open: int = 16) -> Transport:
    origin = Origin("127.0.0.1", peer.port, tls=False, authority="peer")
    transport = Transport(origin, window=window, max_open=max_open)
    stack.callback(transport.close)
    return transport


def hanging(wire: Wire) -> None:
    """Answer all but what begins with /hang."""
    while (target := wire.request()) is not None and not target.startswith("/hang"):
        wire.answer(target)
    if target is not None:
        wire.request()


def test_jobs_are_yielded_when_they_are_finished(stack):
    first_may_go = threading.Event()

    def script(wire: Wire) -> None:
        while (target := wire.request()) is not None:
            if target == "/1":
                first_may_go.wait(PATIENCE)
            wire.answer(target)

    done = []
    for job in to(stack, stack.enter_context(Peer(script))).run([Asking("/1"), Asking("/2")], timeout=PATIENCE):
        done.append(job.target)
        first_may_go.set()
    assert done == ["/2", "/1"]


def test_no_more_jobs_are_taken_than_there_are_places(stack):
    taken = 0

    def jobs() -> Iterator[Asking]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield Asking(f"/{number}")

    run = to(stack, stack.enter_context(Peer()), window=3).run(jobs(), timeout=PATIENCE)
    next(run)
    # Those that had a place at first, and one for each that the first loop finished.
    assert taken <= 6
    run.close()


def test_a_run_that_nobody_asks_for_anything_opens_nothing(stack):
    peer = stack.enter_context(Peer())
    to(stack, peer).run([Asking("/1")], timeout=PATIENCE)
    assert (peer.connections, peer.targets) == (0, [])


def test_what_hangs_gives_its_place_to_others(stack):
    jobs = [Asking("/hang"), Asking("/1"), Asking("/2")]
    run = to(stack, stack.enter_context(Peer(hanging)), window=1).run(jobs, timeout=3.0)
    assert [(job.target, job.end) for job in run] == [("/1", "/1"), ("/2", "/2"), ("/hang", "timed out")]


def test_no_more_than_there_may_be_in_all_hang_at_once():
    time = Time()
    asked: list[Asking] = []
    most = 0

    def ask() -> None:
        nonlocal most
        asked.append(jobs[len(asked)])
        most = max(most, sum(not job.settled for job in asked))

    jobs = [Asking("/", ask=ask) for _ in range(12)]
    with deaf() as origin:
        list(Transport(origin, window=2, max_open=5, clock=time, poller=time.poller).run(jobs, timeout=10.0))
    assert most == 5


def test_each_has_its_time_from_when_it_is_sent():
    time = Time()
    ends: list[float] = []
    with deaf() as origin:
        transport = Transport(origin, window=1, max_open=2, clock=time, poller=time.poller)
        for _ in transport.run([Asking("/") for _ in range(3)], timeout=10.0):
            ends.append(time.now - 1000.0)
    # The second gets the first's place when that is slow, the third when the first is out of time.
    assert ends == pytest.approx([10.0, 10.25, 20.0])


def test_what_the_source_takes_is_not_taken_from_the_time_of_a_job():
    time = Time()
    ends: list[float] = []

    def jobs() -> Iterator[Asking]:
        yield Asking("/")
        time.now += 20.0
        yield Asking("/")

    with deaf() as origin:
        for _ in Transport(origin, clock=time, poller=time.poller).run(jobs(), timeout=10.0):
            ends.append(time.now - 1000.0)
    assert ends == pytest.approx([30.0, 30.0])


def test_a_job_is_sent_again_when_it_says_so(stack):
    peer = stack.enter_context(Peer())
    job = Asking("/1", 0.0, 0.0)
    list(to(stack, peer).run([job], timeout=PATIENCE))
    assert (peer.targets, len(job.settled)) == (["/1"] * 3, 3)


def test_what_is_to_be_sent_again_at_once_goes_before_what_waits(stack):
    peer = stack.enter_context(Peer())
    list(to(stack, peer, window=1).run([Asking("/1", 0.0), Asking("/2")], timeout=PATIENCE))
    assert peer.targets == ["/1", "/1", "/2"]


def test_what_waits_to_be_sent_again_holds_no_place(stack):
    peer = stack.enter_context(Peer())
    list(to(stack, peer, window=1).run([Asking("/1", 0.05), Asking("/2")], timeout=PATIENCE))
    assert peer.targets == ["/1", "/2", "/1"]


def test_what_waits_is_sent_again_in_the_order_of_its_time(stack):
    peer = stack.enter_context(Peer())
    list(to(stack, peer, window=1).run([Asking("/1", 0.2), Asking("/2", 0.1)], timeout=PATIENCE))
    assert peer.targets == ["/1", "/2", "/2", "/1"]


def test_a_number_holds_back_what_comes_after_it():
    time = Time()
    began: list[float] = []

    def job() -> Asking:
        return Asking("/", ask=lambda: began.append(time.now - 1000.0))

    with deaf() as origin:
        transport = Transport(origin, clock=time, poller=time.poller)
        jobs: list[Asking | float] = [job(), 0.5, job(), 2, 1.5, job()]
        list(transport.run(jobs, timeout=10.0))
    assert began == pytest.approx([0.0, 0.5, 4.0])


def test_a_number_does_not_hold_up_what_is_in_flight(stack):
    jobs: list[Asking | float] = [Asking("/1"), PATIENCE, Asking("/2")]
    run = to(stack, stack.enter_context(Peer())).run(jobs, timeout=PATIENCE)
    assert next(run).end == "/1"
    run.close()


def test_a_number_does_not_hold_back_what_is_sent_again(stack):
    peer = stack.enter_context(Peer())
    jobs: list[Asking | float] = [Asking("/1", 0.01), PATIENCE, Asking("/2")]
    run = to(stack, peer).run(jobs, timeout=PATIENCE)
    assert (next(run).target, peer.targets) == ("/1", ["/1", "/1"])
    run.close()


def test_all_that_has_not_been_sent_by_the_end_is_told_so():
    time = Time()
    jobs: list[Asking | float] = [Asking("/1"), 50.0, Asking("/2"), 50.0, Asking("/3")]
    with deaf() as origin:
        transport = Transport(origin, clock=time, poller=time.poller)
        ended = list(transport.run(jobs, timeout=60.0, within=20.0))
    late = Failed("timed out", sent=False)
    assert ([job.settled for job in ended], time.now) == ([[Failed("timed out", sent=True)], [late], [late]], 1020.0)


def test_what_waits_to_be_sent_again_is_told_of_the_end():
    time = Time()
    with deaf() as origin:
        pass
    transport = Transport(origin, clock=time, poller=time.poller)
    (job,) = transport.run([Asking("/1", 500.0, 500.0)], timeout=1.0, within=10.0)
    assert job.settled == [Failed("Connection refused", sent=False), Failed("timed out", sent=False)]


def test_runs_may_be_nested(stack):
    transport = to(stack, stack.enter_context(Peer()))
    ends = []
    for job in transport.run([Asking("/1"), Asking("/2")], timeout=PATIENCE):
        ends += [job.end, *(inner.end for inner in transport.run([Asking(f"{job.target}/in")], timeout=PATIENCE))]
    assert sorted(ends) == ["/1", "/1/in", "/2", "/2/in"]


def test_no_more_than_some_handshakes_are_under_way_at_once():
    time = Time()
    with deaf() as origin:
        # Whoever has to connect over TLS hears nothing back.
        transport = Transport(origin._replace(tls=True), window=64, clock=time, poller=time.poller)
        asked = [0]

        def ask() -> None:
            asked[0] += 1
            if time.now > 1000.0:
                raise Stop

        with pytest.raises(Stop):
            list(transport.run([Asking("/", ask=ask) for _ in range(64)], timeout=10.0))
    # One more, when those are slow.
    assert asked == [17]


class Stop(Exception):
    """What a test ends a run with."""


def stops() -> None:
    raise Stop


def stopping_source() -> Iterator[Asking]:
    yield from (Asking("/") for _ in range(4))
    raise Stop


class StopsSettling(Asking):
    def settle(self, outcome: object) -> float | None:
        raise Stop


Jobs = Callable[[], Iterator[Asking]]


@pytest.mark.parametrize(
    "jobs",
    [
        lambda: iter([*(Asking("/") for _ in range(4)), Asking("/", ask=stops)]),
        stopping_source,
        lambda: iter([StopsSettling("/"), *(Asking("/") for _ in range(4))]),
    ],
)
def test_what_a_job_or_the_source_raises_leaves_no_descriptor(jobs: Jobs):
    time = Time()
    with deaf() as origin:
        before = open_files()
        transport = Transport(origin, clock=time, poller=time.poller)
        with pytest.raises(Stop):
            list(transport.run(jobs(), timeout=10.0))
        assert open_files() == before


def test_a_run_that_is_closed_early_leaves_no_descriptor():
    time = Time()
    with deaf() as origin:
        before = open_files()
        transport = Transport(origin, window=4, max_open=8, clock=time, poller=time.poller)
        run = transport.run((Asking("/") for _ in range(100)), timeout=10.0)
        next(run)
        assert open_files() > before
        run.close()
        assert open_files() == before


def test_a_run_that_came_to_its_end_leaves_none_but_the_kept_connections(stack):
    transport = to(stack, stack.enter_context(Peer()))
    list(transport.run([Asking("/1")], timeout=PATIENCE))
    with_one = open_files()
    list(transport.run([Asking("/2")], timeout=PATIENCE))
    assert open_files() == with_one


def test_no_more_connections_are_kept_than_can_be_of_use(stack):
    all_here = threading.Barrier(6)

    def script(wire: Wire) -> None:
        while (target := wire.request()) is not None:
            all_here.wait(PATIENCE)
            wire.answer(target)

    transport = to(stack, stack.enter_context(Peer(script)), window=2)
    # They wait for one another, so those that are slow have to let the others in.
    list(transport.run([Asking(f"/{number}") for number in range(6)], timeout=PATIENCE))
    kept = list(iter(transport.idle, None))
    for connection in kept:
        connection.close()
    assert len(kept) == 2
