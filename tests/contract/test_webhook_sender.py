from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Sequence

import pytest

from realtime.aws.connection import Address, Origin, resolve
from realtime.aws.webhook_sender import HttpWebhookSender
from realtime.ports import WebhookAnswer, WebhookRequest
from tests.contract.http_double import HttpDouble, Received, Reply
from tests.contract.webhook_line import HOST, PUBLIC, Line, address, leads_to, request
from tests.unit.realtime.peer import PATIENCE, Peer, Wire


def post(*requests: WebhookRequest, timeout: float = PATIENCE) -> list[WebhookAnswer]:
    return HttpWebhookSender(insecure=True, timeout=timeout).post_all(requests)


def answering(status: int) -> Callable[[Received], Reply]:
    return lambda received: (status, b"ignored")


def hang(wire: Wire) -> None:
    """Take the request and never answer."""
    wire.request()
    ended(wire)


def ended(wire: Wire) -> None:
    """Wait until the sender has closed."""
    wire.request()


def says(data: bytes) -> Callable[[Wire], None]:
    """Answer a request with these bytes, and end."""

    def script(wire: Wire) -> None:
        wire.request()
        wire.send(data)

    return script


def ask(script: Callable[[Wire], None], timeout: float = PATIENCE) -> WebhookAnswer:
    with Peer(script) as peer:
        return post(request(f"http://127.0.0.1:{peer.port}/"), timeout=timeout)[0]


def test_a_request_arrives_as_it_was_given():
    with HttpDouble(answering(200)) as endpoint:
        post(WebhookRequest(f"{endpoint.url}/hook?token=1", {"X-Pusher-Key": "k"}, "é".encode()))
    (received,) = endpoint.received
    assert (received.method, received.target, received.body) == ("POST", "/hook?token=1", "é".encode())
    assert (received.headers["x-pusher-key"], f"http://{received.headers['host']}") == ("k", endpoint.url)


@pytest.mark.parametrize(("path", "target"), [("", "/"), ("?a=1", "/?a=1"), ("/a%20b", "/a%20b")])
def test_the_target_is_path_and_query(path, target):
    with HttpDouble(answering(200)) as endpoint:
        post(request(endpoint.url + path))
    assert endpoint.received[0].target == target


@pytest.mark.parametrize("status", [200, 204, 301, 404, 500])
def test_the_answer_is_the_status(status):
    with HttpDouble(answering(status)) as endpoint:
        assert post(request(endpoint.url)) == [WebhookAnswer(status)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    head = f"HTTP/1.1 {status} Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".encode()
    with Peer(says(head)) as peer:
        assert post(request(f"http://127.0.0.1:{peer.port}/")) == [WebhookAnswer(status)]
    assert peer.targets == ["/"]


def test_requests_are_under_way_together():
    """No endpoint answers before all have been asked."""
    met = threading.Barrier(3)

    def answer(received: Received) -> Reply:
        met.wait(PATIENCE)
        return 200, b""

    with HttpDouble(answer) as endpoint:
        answers = post(*[request(f"{endpoint.url}/{number}") for number in range(3)])
    assert answers == [WebhookAnswer(200)] * 3


def test_more_requests_than_threads_are_all_answered_in_their_order():
    with HttpDouble(lambda received: (200 + int(received.target[1:]), b"")) as endpoint:
        answers = post(*[request(f"{endpoint.url}/{number}") for number in range(40)])
    assert answers == [WebhookAnswer(200 + number) for number in range(40)]


def test_no_requests_are_fine():
    assert post() == []


def test_an_endpoint_that_hangs_costs_its_own_time_alone():
    with Peer(hang) as hanging, HttpDouble(answering(200)) as endpoint:
        answers = post(request(f"http://127.0.0.1:{hanging.port}/"), request(endpoint.url), timeout=2.0)
    assert answers == [WebhookAnswer(None, "timed out"), WebhookAnswer(200)]


def test_an_endpoint_that_answers_drop_by_drop_is_not_waited_for():
    def drip(wire: Wire) -> None:
        wire.request()
        while True:
            wire.send(b"H")

    assert ask(drip, timeout=0.3).status is None


def test_an_endpoint_that_does_not_read_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert post(request(url, b"x" * 20_000_000), timeout=0.3) == [WebhookAnswer(None, "timed out")]


def test_the_time_holds_for_all_phases_together():
    """By the clock each look takes half a second of one: the third phase has none left."""
    ticks = iter(range(1000))
    with HttpDouble(answering(200)) as endpoint:
        sender = HttpWebhookSender(insecure=True, timeout=1.0, clock=lambda: next(ticks) / 2)
        assert sender.post_all([request(endpoint.url)]) == [WebhookAnswer(None, "timed out")]


def test_a_look_up_that_hangs_is_not_waited_for_and_nothing_is_sent_after_it():
    answered, line = threading.Event(), Line()

    def never(origin: Origin) -> Sequence[Address]:
        answered.wait(PATIENCE)
        return [address(PUBLIC)]

    sender = HttpWebhookSender(insecure=False, timeout=0.1, resolve=never, connect=line.connect)
    assert sender.post_all([request(f"https://{HOST}/")]) == [WebhookAnswer(None, "timed out")]
    answered.set()
    for thread in threading.enumerate():
        if thread.name == "webhook":
            thread.join(PATIENCE)
    assert line.addresses == []


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", WebhookAnswer(200)),
        (b"HTTP/1.1 200\r\n\r\n", WebhookAnswer(200)),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 202 OK\r\n\r\n",
            WebhookAnswer(202),
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx", WebhookAnswer(200)),
        (b"HTTP/1.1 2000 OK\r\n\r\n", WebhookAnswer(None, "no answer of HTTP/1.1")),
        (b"hidden\r\n\r\n", WebhookAnswer(None, "no answer of HTTP/1.1")),
        (b"HTTP/1.1 200 OK\r\n", WebhookAnswer(None, "closed by the peer")),
        (b"", WebhookAnswer(None, "closed by the peer")),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000, WebhookAnswer(None, "answer's head too long")),
    ],
)
def test_an_answer_is_read_no_further_than_its_head(data, answer):
    assert ask(says(data)) == answer


def test_a_body_without_end_is_not_read():
    def script(wire: Wire) -> None:
        wire.request()
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            wire.send(b"x" * 65_536)

    assert ask(script) == WebhookAnswer(200)


def test_nobody_at_the_port_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert post(request(f"http://127.0.0.1:{port}/")) == [WebhookAnswer(None, "Connection refused")]


def test_a_name_that_leads_nowhere_is_a_failure():
    def unknown(origin: Origin) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    sender = HttpWebhookSender(insecure=False, resolve=unknown)
    assert sender.post_all([request(f"https://{HOST}/")]) == [WebhookAnswer(None, "Name or service not known")]


def test_a_bug_costs_its_request_alone_and_quotes_nothing():
    def resolver(origin: Origin) -> Sequence[Address]:
        if origin.host == HOST:
            raise KeyError("https://hidden")
        return resolve(origin)

    with HttpDouble(answering(200)) as endpoint:
        sender = HttpWebhookSender(insecure=True, resolve=resolver)
        answers = sender.post_all([request(f"http://{HOST}/"), request(endpoint.url)])
    assert answers == [WebhookAnswer(None, "KeyError"), WebhookAnswer(200)]


def test_an_endpoint_without_tls_is_a_failure():
    with HttpDouble(answering(200)) as endpoint:
        (answer,) = post(request(endpoint.url.replace("http:", "https:")))
    assert answer.status is None and re.search("SSL|record", answer.reason or "")


def test_the_next_address_is_tried_when_one_does_not_answer():
    refused = Address(socket.AF_INET, ("127.0.0.1", 1))
    with Peer() as peer:
        sender = HttpWebhookSender(insecure=True, resolve=lambda origin: [refused, address("127.0.0.1", peer.port)])
        assert sender.post_all([request(f"http://{HOST}/")]) == [WebhookAnswer(200)]


def test_an_address_gets_its_share_of_the_time():
    shares: list[float] = []

    def refuse(to: Address, timeout: float) -> socket.socket:
        shares.append(timeout)
        raise TimeoutError

    sender = HttpWebhookSender(
        insecure=False, timeout=4.0, resolve=leads_to(PUBLIC, PUBLIC), connect=refuse, clock=lambda: 0.0
    )
    assert sender.post_all([request(f"https://{HOST}/")]) == [WebhookAnswer(None, "timed out")]
    assert shares == [2.0, 4.0]
