from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.aws.http1 import ProtocolError, Request, Response, ResponseParser

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amzn-ErrorType:  Gone \r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;ext=1\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\n"
)
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
EXPECTED = {
    LENGTH: Response(200, {"content-length": "5", "x-amzn-errortype": "Gone"}, b"hello"),
    CHUNKED: Response(200, {"transfer-encoding": "chunked"}, b"hello,0123456789"),
    EMPTY: Response(204, {}, b""),
    b"HTTP/1.1 304 \r\nContent-Length: 10\r\n\r\n": Response(304, {"content-length": "10"}, b""),
    b"HTTP/1.1 410 Gone\r\ncontent-length:0\r\n\r\n": Response(410, {"content-length": "0"}, b""),
    b"HTTP/1.1 500\r\ncontent-length: 1\r\n\r\n\x00": Response(500, {"content-length": "1"}, b"\x00"),
}


def feed_bytes(parser: ResponseParser, data: bytes) -> list[Response]:
    fed = (parser.feed(data[index : index + 1]) for index in range(len(data)))
    return [response for response in fed if response is not None]


@pytest.mark.parametrize("data", EXPECTED)
def test_a_response_at_once(data):
    assert ResponseParser().feed(data) == EXPECTED[data]


@pytest.mark.parametrize("data", EXPECTED)
def test_a_response_byte_by_byte(data):
    assert feed_bytes(ResponseParser(), data) == [EXPECTED[data]]


def test_one_response_after_the_other_byte_by_byte():
    data = b"".join(EXPECTED)
    assert feed_bytes(ResponseParser(), data) == list(EXPECTED.values())


@given(st.sampled_from(list(EXPECTED)), st.data())
def test_a_response_in_two_pieces_cut_anywhere(data, draw):
    cut = draw.draw(st.integers(1, len(data) - 1))
    parser = ResponseParser()
    assert (parser.feed(data[:cut]), parser.feed(data[cut:])) == (None, EXPECTED[data])


NAMES = st.sampled_from(["Content-Length", "content-length", "Connection", "Transfer-Encoding", "Date", "X-Close"])
VALUES = st.sampled_from(
    ["0", "5", " 5 ", "4", "close", "Close", "keep-alive", "chunked", "identity", "", "+5", "5, 5"]
)
STATUSES = st.sampled_from(["200 OK", "204 No Content", "304 ", "410", "429 Too Many", "2000", "20", "abc", ""])


@given(STATUSES, st.lists(st.tuples(NAMES, VALUES), max_size=4), st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2"]))
def test_what_comes_at_once_is_read_like_what_comes_in_two_pieces(status, fields, version):
    lines = [f"{version} {status}", *(f"{name}: {value}" for name, value in fields)]
    data = "\r\n".join(lines).encode() + b"\r\n\r\nhello"
    assert read_in_pieces(data) == read_in_pieces(data[:1], data[1:])


def read_in_pieces(*pieces: bytes) -> object:
    """What a parser makes of them, and the state that it is in then."""
    parser = ResponseParser()
    try:
        responses = [parser.feed(piece) for piece in pieces]
    except ProtocolError as problem:
        return str(problem)
    return responses[-1], parser.started, parser.closes


def test_headers_of_a_response_can_be_looked_through():
    response = ResponseParser().feed(LENGTH)
    assert response is not None
    assert (list(response.headers), len(response.headers), "date" in response.headers) == (
        ["content-length", "x-amzn-errortype"],
        2,
        False,
    )


def test_a_response_has_started_from_its_first_byte_to_its_last():
    parser = ResponseParser()
    states = [parser.started]
    parser.feed(LENGTH[:1])
    states.append(parser.started)
    parser.feed(LENGTH[1:])
    assert [*states, parser.started] == [False, True, False]


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_whether_the_connection_closes_after_a_response(head, closes):
    parser = ResponseParser()
    parser.feed(head + b"Content-Length: 0\r\n\r\n")
    assert parser.closes is closes


def test_http_1_0_means_that_the_connection_closes():
    response = ResponseParser().feed(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert response is not None
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 \r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: \xb2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-6\r\n",
        b"x" * 70_000,
    ],
)
def test_garbage_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        ResponseParser().feed(data)


@given(st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]), st.binary())
def test_no_bytes_raise_anything_but_protocol_errors(start, data):
    with contextlib.suppress(ProtocolError):
        ResponseParser().feed(start + data)


def test_a_request_byte_for_byte():
    request = Request("POST", "/p/@connections/a%3D?x=1", {"host": "h:1", "x-amz-date": "d"}, b"\xff")
    assert request.encode() == (
        b"POST /p/@connections/a%3D?x=1 HTTP/1.1\r\nhost: h:1\r\nx-amz-date: d\r\ncontent-length: 1\r\n\r\n\xff"
    )
