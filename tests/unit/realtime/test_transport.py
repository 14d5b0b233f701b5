from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain

import pytest

from realtime.aws.connection import Address, Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.transport import Failed, Outcome, Transport
from tests.unit.realtime.jobs import Asking
from tests.unit.realtime.peer import PATIENCE, Peer, Wire, echo

Open = Callable[..., Transport]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def transport_to(stack: ExitStack) -> Open:
    def to(peer: Peer, max_connections: int = 8) -> Transport:
        transport = Transport(Origin("127.0.0.1", peer.port, tls=False, authority="peer"), window=max_connections)
        stack.callback(transport.close)
        return transport

    return to


def requests(*targets: str, body: bytes = b"") -> list[Request]:
    return [Request("POST", target, {"host": "peer"}, body) for target in targets]


def bodies(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.body.decode() if isinstance(outcome, Response) else outcome.reason for outcome in outcomes]


def send(transport: Transport, *targets: str, timeout: float = PATIENCE) -> list[Outcome]:
    return transport.send(requests(*targets), timeout=timeout)


def test_no_requests_have_no_outcomes_and_open_nothing(stack, transport_to):
    peer = stack.enter_context(Peer())
    assert (send(transport_to(peer)), peer.connections) == ([], 0)


def test_outcomes_are_in_the_order_of_the_requests(stack, transport_to):
    targets = [f"/{n}" for n in range(300)]
    assert bodies(send(transport_to(stack.enter_context(Peer())), *targets)) == targets


def test_an_answer_that_comes_later_keeps_its_place(stack, transport_to):
    second_arrived = threading.Event()

    def script(wire: Wire) -> None:
        target = wire.request()
        if target == "/first":
            second_arrived.wait(PATIENCE)
        else:
            second_arrived.set()
        wire.answer(target or "")

    peer = stack.enter_context(Peer(script))
    assert bodies(send(transport_to(peer), "/first", "/second")) == ["/first", "/second"]


def test_as_many_are_in_flight_as_there_may_be_connections(stack, transport_to):
    all_here = threading.Barrier(8)

    def script(wire: Wire) -> None:
        target = wire.request()
        all_here.wait(PATIENCE)
        wire.answer(target or "")

    targets = [f"/{n}" for n in range(8)]
    assert bodies(send(transport_to(stack.enter_context(Peer(script))), *targets)) == targets


def test_no_more_connections_are_opened_than_there_may_be(stack, transport_to):
    peer = stack.enter_context(Peer())
    send(transport_to(peer, max_connections=3), *(f"/{n}" for n in range(50)))
    assert peer.connections <= 3


def hanging(wire: Wire) -> None:
    """Answer all but /hang."""
    while (target := wire.request()) not in (None, "/hang"):
        wire.answer(target or "")
    if target is not None:
        wire.request()


def test_a_request_that_times_out_costs_no_other_its_answer(stack, transport_to):
    transport = transport_to(stack.enter_context(Peer(hanging)))
    assert bodies(send(transport, "/1", "/hang", "/2", timeout=2.0)) == ["/1", "timed out", "/2"]


def test_a_request_that_timed_out_may_have_been_acted_on(stack, transport_to):
    transport = transport_to(stack.enter_context(Peer(hanging)))
    assert send(transport, "/hang", timeout=0.2) == [Failed("timed out", sent=True)]


def test_a_request_that_times_out_gives_its_slot_to_the_next(stack, transport_to):
    transport = transport_to(stack.enter_context(Peer(hanging)), max_connections=1)
    assert bodies(send(transport, "/hang", "/1", timeout=2.0)) == ["timed out", "/1"]


def test_while_half_of_them_go_on_nothing_is_opened_for_those_that_hang(stack, transport_to):
    def script(wire: Wire) -> None:
        while (target := wire.request()) is not None and target != "/hang":
            wire.answer(target)
        wire.request()

    peer = stack.enter_context(Peer(script))
    first, later = map(Asking, ["/hang", "/hang", "/1", "/2"]), map(Asking, ["/3"] * 20)
    # By then the first two are slow.
    jobs: Iterator[Asking | float] = chain(first, [0.3], later)
    ends = [job.end for job in transport_to(peer, 4).run(jobs, timeout=1.0)]
    assert (ends.count("timed out"), ends.count("/3"), peer.connections) == (2, 20, 4)


def test_a_connection_that_timed_out_is_not_used_again(stack, transport_to):
    peer = stack.enter_context(Peer(hanging))
    transport = transport_to(peer)
    send(transport, "/hang", timeout=0.2)
    assert (bodies(send(transport, "/1")), peer.connections) == (["/1"], 2)


def test_a_connection_is_kept_for_the_next_batch(stack, transport_to):
    peer = stack.enter_context(Peer())
    transport = transport_to(peer)
    for n in range(3):
        send(transport, f"/{n}")
    assert peer.connections == 1


def test_connection_close_is_heeded(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.answer(wire.request() or "", head="Connection: Close\r\n")
        wire.request()

    peer = stack.enter_context(Peer(script))
    transport = transport_to(peer)
    assert (bodies(send(transport, "/1") + send(transport, "/2")), peer.connections) == (["/1", "/2"], 2)


def test_an_idle_connection_that_was_closed_is_replaced(stack, transport_to):
    closed = threading.Event()

    def script(wire: Wire) -> None:
        wire.answer(wire.request() or "")
        wire.close()
        closed.set()

    transport = transport_to(stack.enter_context(Peer(script)))
    send(transport, "/1")
    closed.wait(PATIENCE)
    assert bodies(send(transport, "/2")) == ["/2"]


def test_what_a_peer_sends_unasked_is_not_taken_for_the_next_answer(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.request()
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/%d" % wire.number
        wire.send(answer + b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        wire.request()

    transport = transport_to(stack.enter_context(Peer(script)))
    assert bodies(send(transport, "/first") + send(transport, "/second")) == ["/0", "/1"]


def test_what_comes_with_an_answer_is_not_taken_for_the_next_in_the_same_batch(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.request()
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/%d" % wire.number
        wire.send(answer + b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray")
        wire.request()

    transport = transport_to(stack.enter_context(Peer(script)), max_connections=1)
    assert bodies(send(transport, "/first", "/second")) == ["/0", "/1"]


def test_a_request_on_a_new_connection_is_not_sent_again(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.request()

    peer = stack.enter_context(Peer(script))
    assert (send(transport_to(peer), "/1"), peer.targets) == ([Failed("closed by the peer", sent=True)], ["/1"])


def test_a_refused_connection_fails_without_having_been_sent(transport_to):
    with Peer() as peer:
        transport = transport_to(peer)
    assert send(transport, "/1") == [Failed("Connection refused", sent=False)]


def test_what_is_not_http_fails(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.request()
        wire.send(b"220 mail.example.org ESMTP\r\n\r\n")
        wire.request()

    (outcome,) = send(transport_to(stack.enter_context(Peer(script))), "/1")
    assert outcome == Failed("not a status line: '220 mail.example.org ESMTP'", sent=True)


def test_a_large_request_arrives_whole(stack, transport_to):
    peer = stack.enter_context(Peer())
    body = bytes(range(256)) * 20_000
    transport_to(peer).send(requests("/1", body=body), timeout=PATIENCE)
    assert peer.bodies == [body]


def test_a_large_answer_arrives_whole(stack, transport_to):
    def script(wire: Wire) -> None:
        wire.request()
        wire.answer("x" * 5_000_000)

    assert bodies(send(transport_to(stack.enter_context(Peer(script))), "/1")) == ["x" * 5_000_000]


def test_closing_the_transport_closes_what_was_kept(stack, transport_to):
    hung_up = threading.Event()

    def script(wire: Wire) -> None:
        echo(wire)
        hung_up.set()

    transport = transport_to(stack.enter_context(Peer(script)))
    send(transport, "/1")
    transport.close()
    assert hung_up.wait(PATIENCE)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://h.example/stage", Origin("h.example", 443, tls=True, authority="h.example")),
        ("http://127.0.0.1:4566", Origin("127.0.0.1", 4566, tls=False, authority="127.0.0.1:4566")),
        ("http://[::1]:80/", Origin("::1", 80, tls=False, authority="[::1]:80")),
    ],
)
def test_the_origin_of_a_url(url, origin):
    assert Origin.parse(url) == origin


@pytest.mark.parametrize("url", ["", "h.example", "ws://h.example", "https://"])
def test_this_has_no_origin(url):
    with pytest.raises(ValueError, match="is not an http or https URL"):
        Origin.parse(url)


def test_a_connection_that_cannot_even_be_begun_fails_at_once():
    transport = Transport(Origin("255.255.255.255", 80, tls=False, authority="nobody"))
    (outcome,) = send(transport, "/1", timeout=2.0)
    assert isinstance(outcome, Failed)
    assert outcome.reason != "timed out"


def test_a_name_that_does_not_resolve_is_not_looked_up_for_every_request(monkeypatch):
    lookups = []

    def fail(origin: Origin) -> list[Address]:
        lookups.append(origin)
        raise OSError("no such name")

    monkeypatch.setattr("realtime.aws.transport.resolve", fail)
    transport = Transport(Origin("nowhere.invalid", 443, tls=False, authority="nowhere"), clock=lambda: 0.0)
    assert bodies(send(transport, *("/" * 50))) == ["its name does not resolve"] * 50
    assert len(lookups) == 1


def test_while_lookups_fail_the_addresses_of_before_go_on(stack, transport_to, monkeypatch):
    peer = stack.enter_context(Peer())
    times = iter(range(0, 100_000, 31))
    transport = Transport(Origin("127.0.0.1", peer.port, tls=False, authority="peer"), clock=lambda: next(times))
    stack.callback(transport.close)
    transport.open().close()  # the clock goes on by more than an address lives at every look
    monkeypatch.setattr("realtime.aws.transport.resolve", failing_lookup)
    transport.open().close()


def failing_lookup(origin: Origin) -> list[Address]:
    raise OSError("the resolver is down")
