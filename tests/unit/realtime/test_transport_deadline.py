"""A batch with an end of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from realtime.aws.connection import Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.transport import Failed, Transport
from tests.unit.realtime.peer import PATIENCE, Peer, Wire, echo


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def transport_to(stack: ExitStack, peer: Peer, max_connections: int = 8) -> Transport:
    transport = Transport(Origin("127.0.0.1", peer.port, tls=False, authority="peer"), max_open=max_connections)
    stack.callback(transport.close)
    return transport


def requests(*targets: str) -> list[Request]:
    return [Request("POST", target, {"host": "peer"}) for target in targets]


def hanging(wire: Wire) -> None:
    """Answer all but /hang."""
    while (target := wire.request()) not in (None, "/hang"):
        wire.answer(target or "")
    if target is not None:
        wire.request()


def test_what_is_answered_in_time_is_answered(stack):
    transport = transport_to(stack, stack.enter_context(Peer(echo)))
    (outcome,) = transport.send(requests("/1"), timeout=PATIENCE, within=PATIENCE)
    assert isinstance(outcome, Response)


def test_what_hangs_ends_with_the_batch(stack):
    transport = transport_to(stack, stack.enter_context(Peer(hanging)))
    assert transport.send(requests("/hang"), timeout=PATIENCE, within=0.2) == [Failed("timed out", sent=True)]


def test_a_request_that_may_take_less_ends_before_the_batch(stack):
    transport = transport_to(stack, stack.enter_context(Peer(hanging)))
    assert transport.send(requests("/hang"), timeout=0.2, within=PATIENCE) == [Failed("timed out", sent=True)]


def test_what_has_not_begun_by_the_end_is_not_sent(stack):
    peer = stack.enter_context(Peer(hanging))
    outcomes = transport_to(stack, peer, max_connections=1).send(
        requests("/hang", "/1", "/2"), timeout=PATIENCE, within=0.5
    )
    late = Failed("timed out", sent=False)
    assert (outcomes, peer.targets) == ([Failed("timed out", sent=True), late, late], ["/hang"])


def test_a_batch_without_time_opens_nothing(stack):
    peer = stack.enter_context(Peer(echo))
    outcomes = transport_to(stack, peer).send(requests("/1"), timeout=PATIENCE, within=0.0)
    assert (outcomes, peer.connections) == ([Failed("timed out", sent=False)], 0)
