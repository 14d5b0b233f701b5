"""Each of the ways to watch sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from realtime.aws.poller import READ, WRITE, Poller, new_poller, plain_poller, readable


@pytest.fixture(params=[new_poller, plain_poller])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    make: Callable[[], Poller] = request.param
    poller = make()
    yield poller
    poller.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_what_can_be_written_is_ready(poller, ends):
    poller.register(ends[0].fileno(), WRITE)
    assert [fd for fd, _ in poller.poll(1.0)] == [ends[0].fileno()]


def test_what_cannot_be_read_is_not(poller, ends):
    poller.register(ends[0].fileno(), READ)
    assert list(poller.poll(0.001)) == []


def test_what_came_can_be_read(poller, ends):
    poller.register(ends[0].fileno(), READ)
    ends[1].send(b"x")
    assert [fd for fd, _ in poller.poll(1.0)] == [ends[0].fileno()]


def test_an_end_of_stream_can_be_read(poller, ends):
    poller.register(ends[0].fileno(), READ)
    ends[1].close()
    assert [fd for fd, _ in poller.poll(1.0)] == [ends[0].fileno()]


def test_what_is_waited_for_can_change(poller, ends):
    poller.register(ends[0].fileno(), WRITE)
    poller.modify(ends[0].fileno(), READ)
    assert list(poller.poll(0.001)) == []


def test_what_is_not_watched_any_more_is_not_told_of(poller, ends):
    poller.register(ends[0].fileno(), WRITE)
    poller.unregister(ends[0].fileno())
    assert list(poller.poll(0.001)) == []


@pytest.mark.parametrize(("happens", "is_readable"), [("nothing", False), ("data", True), ("end", True)])
def test_whether_there_is_something_to_read(ends, happens, is_readable):
    if happens == "data":
        ends[1].send(b"x")
    elif happens == "end":
        ends[1].close()
    assert readable(ends[0].fileno()) is is_readable
