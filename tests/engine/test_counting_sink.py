"""The sink that the other tests of this folder count with."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bench.sinks.counting import CountingSink
from bench.sinks.plan import Plan, Reader, Share, Step
from ops.paths import ROOT

PATIENCE = 30.0
Connect = Callable[[], http.client.HTTPConnection]


@pytest.fixture
def connect(sink: CountingSink) -> Iterator[Connect]:
    with ExitStack() as stack:

        def new() -> http.client.HTTPConnection:
            made = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=PATIENCE)
            if sink.certificate:
                trust = ssl.create_default_context(cafile=str(sink.certificate.certificate))
                made = http.client.HTTPSConnection("127.0.0.1", sink.port, timeout=PATIENCE, context=trust)
            return stack.enter_context(closing(made))

        yield new


def ask(connection: http.client.HTTPConnection, name: str, body: str = "x", method: str = "POST") -> int:
    """Send a frame; return the answer's status."""
    begin(connection, name, body, method)
    with closing(connection.getresponse()) as answer:
        answer.read()
        return answer.status


def begin(connection: http.client.HTTPConnection, name: str, body: str = "x", method: str = "POST") -> None:
    connection.request(method, f"/production/@connections/{name}", body.encode())


def test_it_answers_200_and_counts_by_connection_id(sink, connect):
    sink.follow(Plan())
    connection = connect()
    assert [ask(connection, name) for name in ("a", "b", "a")] == [200, 200, 200]
    assert sink.report().readers == {"a": Reader(2, 2, 0, []), "b": Reader(1, 1, 0, [])}


def test_it_keeps_frames_in_the_order_in_which_they_came(sink, connect):
    sink.follow(Plan(keep_frames=True))
    connection = connect()
    for frame in ("1", "2é", "3"):
        ask(connection, "a", frame)
    assert sink.report().readers["a"].frames == ["1", "2é", "3"]


def test_an_id_is_decoded(sink, connect):
    sink.follow(Plan({"a=/b": [Step(410)]}))
    assert ask(connect(), "a%3D%2Fb") == 410
    assert list(sink.report().readers) == ["a=/b"]


def test_steps_are_taken_in_turn_and_the_last_one_stays(sink, connect):
    sink.follow(Plan({"a": [Step(429), Step(503), Step(200), Step(410)]}))
    connection = connect()
    assert [ask(connection, "a") for _ in range(5)] == [429, 503, 200, 410, 410]
    assert sink.report().readers["a"] == Reader(5, 1, 0, [])


def test_a_frame_can_reach_the_client_whatever_the_answer_says(sink, connect):
    sink.follow(Plan({"a": [Step(500, taken=True), Step(200, taken=False)]}, keep_frames=True))
    connection = connect()
    assert [ask(connection, "a", frame) for frame in ("1", "2")] == [500, 200]
    assert sink.report().readers["a"].frames == ["1"]


def test_a_share_of_all_ids_follows_steps_of_its_own(sink, connect):
    plan = Plan({"c1": [Step(200)]}, [Share(0.3, [Step(410)]), Share(0.2, [Step(429)])])
    sink.follow(plan)
    connection, names = connect(), [f"c{n}" for n in range(400)]
    statuses = [ask(connection, name) for name in names]
    assert statuses == [plan.steps(name)[0].status for name in names]
    assert (80 < statuses.count(410) < 160, 50 < statuses.count(429) < 110) == (True, True)


def test_what_is_deleted_is_counted_apart(sink, connect):
    sink.follow(Plan({"gone": [Step(410)]}))
    connection = connect()
    assert [ask(connection, name, "", "DELETE") for name in ("a", "gone")] == [200, 410]
    assert sink.report().readers == {"a": Reader(0, 0, 1, []), "gone": Reader(0, 0, 0, [])}


def test_connections_are_kept_and_counted(sink, connect):
    sink.follow(Plan())
    one, two = connect(), connect()
    for connection in (one, two, one):
        ask(connection, "a")
    two.close()
    report = sink.report()
    assert (report.accepted, report.most_open, report.open) == (2, 2, 1)


def test_who_hangs_gets_no_answer_and_the_others_do(sink, connect):
    sink.follow(Plan({"hangs": [Step(how="hang")], "slow": [Step(delay=600.0)]}))
    hanging, slow, connection = connect(), connect(), connect()
    begin(hanging, "hangs")
    begin(slow, "slow")
    assert ask(connection, "a") == 200
    report = sink.report()
    assert (report.in_flight, report.readers["hangs"].taken, report.readers["slow"].taken) == (2, 0, 1)


def test_who_is_given_up_is_in_flight_no_more(sink, connect):
    sink.follow(Plan({"hangs": [Step(how="hang")]}))
    hanging = connect()
    begin(hanging, "hangs")
    assert sink.report().in_flight == 1
    hanging.close()
    report = sink.report()
    assert (report.in_flight, report.most_in_flight, report.open) == (0, 1, 0)


def test_an_answer_that_takes_its_time_comes(sink, connect):
    sink.follow(Plan({"a": [Step(429, delay=0.05), Step(delay=0.05)]}))
    connection = connect()
    assert [ask(connection, "a"), ask(connection, "a"), ask(connection, "b")] == [429, 200, 200]


def test_a_trickle_is_a_whole_answer(sink, connect):
    sink.follow(Plan({"a": [Step(410, "trickle")]}))
    connection = connect()
    assert [ask(connection, "a"), ask(connection, "b")] == [410, 200]


def test_a_reset_comes_instead_of_an_answer(sink, connect):
    sink.follow(Plan({"a": [Step(how="reset")]}))
    connection = connect()
    begin(connection, "a")
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    assert sink.report().readers["a"] == Reader(1, 0, 0, [])


def test_a_connection_is_shut_instead_of_an_answer(sink, connect):
    sink.follow(Plan({"a": [Step(how="shut")]}))
    connection = connect()
    begin(connection, "a")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    assert sink.report().readers["a"] == Reader(1, 0, 0, [])


def test_a_cut_is_the_first_half_of_an_answer(sink, connect):
    sink.follow(Plan({"a": [Step(how="cut")]}))
    connection = connect()
    begin(connection, "a")
    received = b""
    while data := connection.sock.recv(65_536):
        received += data
    assert (received.startswith(b"HTTP/1.1 200 OK\r\n"), b"\r\n\r\n" in received) == (True, False)
    assert sink.report().readers["a"].taken == 1


def test_the_last_answer_of_a_connection_is_whole_and_announces_nothing(sink, connect):
    sink.follow(Plan({"a": [Step(how="last")]}))
    connection = connect()
    begin(connection, "a")
    received = b""
    while data := connection.sock.recv(65_536):
        received += data
    assert received.endswith(b"\r\n\r\n")
    assert b"close" not in received
    assert sink.report().readers["a"].taken == 1


def test_a_request_in_pieces_is_one(sink, connect):
    sink.follow(Plan(keep_frames=True))
    connection = connect()
    connection.connect()
    for piece in (b"POST /p/@connections/a HTTP/1.1\r\nCONTENT-", b"LENGTH: 4\r\n\r\nab", b"cd"):
        connection.sock.sendall(piece)
        sink.report()
    connection.sock.recv(65_536)
    assert sink.report().readers["a"].frames == ["abcd"]


def test_a_large_frame_arrives_whole(sink, connect):
    sink.follow(Plan(keep_frames=True))
    assert ask(connect(), "a", "x" * 300_000) == 200
    assert sink.report().readers["a"].frames == ["x" * 300_000]


@pytest.mark.parametrize(
    "nonsense",
    [b"x\r\n\r\n", b"POST /p/@connections/a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"],
    ids=["no request", "a body without a length"],
)
def test_who_talks_nonsense_is_cut_off(sink, connect, nonsense):
    sink.follow(Plan())
    connection = connect()
    connection.connect()
    connection.sock.sendall(nonsense)
    assert connection.sock.recv(65_536) == b""


def test_a_new_plan_forgets_what_was_counted(sink, connect):
    sink.follow(Plan())
    connection = connect()
    ask(connection, "a")
    sink.follow(Plan({"a": [Step(410)]}))
    assert ask(connection, "a") == 410
    report = sink.report()
    assert (report.readers["a"].asked, report.accepted, report.open) == (1, 0, 1)


def test_it_ends_and_leaves_nothing():
    with CountingSink() as sink:
        assert sink.certificate
        folder = sink.certificate.certificate.parent
        assert ROOT not in folder.parents
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", sink.port))
    with pytest.raises(RuntimeError, match="does not run"):
        sink.report()


DIES = """
import os, signal
from bench.sinks.counting import CountingSink
sink = CountingSink(tls=False).__enter__()
print(sink.port, flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_with_the_process_that_started_it(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", DIES], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin and parent.stdout
        port = int(parent.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            parent.communicate("\n", timeout=PATIENCE)
            # What closes it is the kernel, when the sink is gone.
            assert connection.recv(1) == b""
