"""A connection that breaks before the answer: which requests are sent once more (`Connection.stale`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bench.sinks.certificates import Certificate, make_certificate
from realtime.aws.connection import Broken, Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.transport import Failed, Outcome, Transport
from tests.unit.realtime.peer import PATIENCE, Peer, Wire

RESTED = 1.0


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def to(stack: ExitStack, time: Time) -> Callable[[Peer], Transport]:
    def to(peer: Peer) -> Transport:
        transport = Transport(Origin("127.0.0.1", peer.port, tls=False, authority="peer"), clock=time)
        stack.callback(transport.close)
        return transport

    return to


def send(transport: Transport, *targets: str) -> list[Outcome]:
    # The clock stands still, so nothing times out; pytest ends what hangs.
    return transport.send([Request("POST", target, {"host": "peer"}) for target in targets], timeout=PATIENCE)


def ends(outcomes: list[Outcome]) -> list[str]:
    return [outcome.body.decode() if isinstance(outcome, Response) else outcome.reason for outcome in outcomes]


def drops_second(wire: Wire) -> None:
    """Answer the first request of a connection; read the second and hang up."""
    wire.answer(wire.request() or "")
    wire.request()


def test_over_a_connection_that_had_rested_it_is_sent_again(stack, to, time):
    peer = stack.enter_context(Peer(drops_second))
    transport = to(peer)
    send(transport, "/1")
    time.now += RESTED
    assert (ends(send(transport, "/2")), peer.targets) == (["/2"], ["/1", "/2", "/2"])


def test_over_a_connection_that_was_busy_it_is_not(stack, to, time):
    peer = stack.enter_context(Peer(drops_second))
    transport = to(peer)
    send(transport, "/1")
    time.now += RESTED / 2
    assert send(transport, "/2") == [Failed("closed by the peer", sent=True)]
    assert peer.targets == ["/1", "/2"]


def test_a_connection_that_had_rested_is_busy_after_its_next_answer(stack, to, time):
    def script(wire: Wire) -> None:
        for _ in range(2):
            wire.answer(wire.request() or "")
        wire.request()

    peer = stack.enter_context(Peer(script))
    transport = to(peer)
    send(transport, "/1")
    time.now += RESTED
    send(transport, "/2")
    assert (ends(send(transport, "/3")), peer.targets) == (["closed by the peer"], ["/1", "/2", "/3"])


def test_a_request_that_the_peer_ended_the_stream_before_taking_is_sent_again(stack, to):
    may_close = threading.Event()

    def script(wire: Wire) -> None:
        wire.answer(wire.request() or "")
        may_close.wait(PATIENCE)

    peer = stack.enter_context(Peer(script))
    transport = to(peer)
    send(transport, "/1")
    connection = transport.idle()
    assert connection is not None
    stack.callback(connection.close)
    may_close.set()
    peer.wires[0].closed.wait(PATIENCE)
    # On its way when the peer has closed already: no connection looks alive for long.
    connection.begin(Request("POST", "/2", {"host": "peer"}).encode())
    with pytest.raises(Broken, match="closed by the peer"):
        connection.advance()
    assert (connection.sent, connection.stale) == (True, True)


def test_it_is_sent_again_over_a_new_connection_not_over_another_that_may_be_stale(stack, to, time):
    both_here = threading.Barrier(2)

    def script(wire: Wire) -> None:
        target = wire.request()
        if wire.number < 2:
            both_here.wait(PATIENCE)
        wire.answer(target or "")
        wire.request()

    transport = to(stack.enter_context(Peer(script)))
    send(transport, "/1", "/2")
    time.now += RESTED
    assert ends(send(transport, "/3")) == ["/3"]


def test_it_is_sent_again_only_once(stack, to, time):
    def script(wire: Wire) -> None:
        if wire.number == 0:
            wire.answer(wire.request() or "")
        wire.request()

    peer = stack.enter_context(Peer(script))
    transport = to(peer)
    send(transport, "/1")
    time.now += RESTED
    assert (send(transport, "/2"), peer.targets) == ([Failed("closed by the peer", sent=True)], ["/1", "/2", "/2"])


def test_over_a_new_connection_it_is_not_sent_again(stack, to):
    def script(wire: Wire) -> None:
        wire.request()

    peer = stack.enter_context(Peer(script))
    assert (send(to(peer), "/1"), peer.targets) == ([Failed("closed by the peer", sent=True)], ["/1"])


def test_it_is_not_sent_again_once_its_answer_has_begun(stack, to, time):
    def script(wire: Wire) -> None:
        wire.answer(wire.request() or "")
        wire.request()
        wire.send(b"HTTP/1.1 200 OK\r\n")

    peer = stack.enter_context(Peer(script))
    transport = to(peer)
    send(transport, "/1")
    time.now += RESTED
    assert (ends(send(transport, "/2")), peer.targets) == (["closed by the peer"], ["/1", "/2"])


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_connection_that_breaks_when_the_peer_has_taken_the_request_is_not_stale(
    stack, monkeypatch, certificate, way, encrypted
):
    def script(wire: Wire) -> None:
        wire.answer(wire.request() or "")
        wire.request()
        getattr(wire, way)()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    peer = stack.enter_context(Peer(script, tls=certificate.server() if encrypted else None))
    transport = Transport(Origin("127.0.0.1", peer.port, tls=encrypted, authority="peer"), clock=lambda: 1000.0)
    stack.callback(transport.close)
    send(transport, "/1")
    (outcome,) = send(transport, "/2")
    assert isinstance(outcome, Failed)
    assert (outcome.sent, peer.targets) == (True, ["/1", "/2"])
