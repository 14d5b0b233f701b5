"""HTTP/1.1, as much of it as AWS's services speak to us: requests as bytes, a parser for responses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MAX_HEAD_BYTES = 65_536
_LENGTH = b"\r\ncontent-length:"


class ProtocolError(Exception):
    """The peer sent what is not an HTTP/1.1 response."""


class Request(NamedTuple):
    """`target` is path and query, percent-encoded. `headers` are sent as they are; content-length is added."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"content-length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1") + self.body


class Headers(Mapping[str, str]):
    """The lines after the first of a response's head. Read when they are asked for: those of most answers never are."""

    __slots__ = ("_head", "_values")

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._values: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def _read(self) -> dict[str, str]:
        if self._values is None:
            self._values = _fields(self._head.decode("latin-1").split("\r\n")[1:])
        return self._values


class Response(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class ResponseParser:
    """Feed it bytes until `feed` returns the response. One parser, one response after the other."""

    __slots__ = ("_body_start", "_buffer", "_head", "closes")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._body_start = 0
        # Whether the last response was one after which the peer closes the connection.
        self.closes = False

    @property
    def started(self) -> bool:
        """Whether a part of the current response has arrived."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Response | None:
        """Take bytes in; return the response once it is whole. Raises ProtocolError."""
        if not self._buffer and (whole := _whole(data)) is not None:
            self.closes = False
            return whole
        self._buffer += data
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        status, headers = self._head
        body = self._read_body(status, headers)
        if body is None:
            return None
        self._head = None
        self.closes = headers.get("connection", "").lower() == "close"
        return Response(status, headers, body)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD_BYTES:
                raise ProtocolError("response head too long")
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise ProtocolError(f"not a status line: {first[:80]!r}")
        headers = _fields(lines)
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        self._head = (int(rest[:3]), headers)
        self._body_start = end + 4
        return True

    def _read_body(self, status: int, headers: Mapping[str, str]) -> bytes | None:
        if status in (204, 304):
            return self._take(self._body_start, self._body_start)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunks()
        end = self._body_start + _size(headers.get("content-length", ""), 10, "response without a length")
        return self._take(self._body_start, end) if len(self._buffer) >= end else None

    def _read_chunks(self) -> bytes | None:
        body, position = bytearray(), self._body_start
        while True:
            line_end = self._buffer.find(b"\r\n", position)
            if line_end < 0:
                return None
            size = _size(self._buffer[position:line_end].partition(b";")[0], 16, "bad chunk size")
            start, end = line_end + 2, line_end + 2 + size
            if size == 0:
                # No service of AWS sends trailers.
                return bytes(body) if self._take(start, start + 2) is not None else None
            if len(self._buffer) < end + 2:
                return None
            body += self._buffer[start:end]
            position = end + 2

    def _take(self, start: int, end: int) -> bytes | None:
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[start:end])
        del self._buffer[:end]
        return body


def _whole(data: bytes) -> Response | None:
    """The response that `data` is, if it is exactly one of the plain kind, as nearly all are. None says nothing.

    The parser finds the same, in three times the time for the six headers of an API Gateway.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    lines = head.lower()
    start = lines.rfind(_LENGTH) + len(_LENGTH)
    digits = lines[start:].partition(b"\r\n")[0].strip()
    if not end or start < len(_LENGTH) or not digits.isdigit() or len(digits) > 9 or len(body) != int(digits):
        return None
    status = head[9:12]
    if head[:9] != b"HTTP/1.1 " or not status.isdigit() or status in (b"204", b"304"):
        return None
    if b"\r\ntransfer-encoding" in lines or b"close" in lines:
        return None
    return Response(int(status), Headers(head), body)


def _fields(lines: list[str]) -> dict[str, str]:
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    return fields


def _size(digits: str | bytearray, base: int, problem: str) -> int:
    """A number of bytes. Raises ProtocolError(problem) for anything else."""
    try:
        size = int(digits, base)
    except ValueError:
        size = -1
    if size < 0:
        raise ProtocolError(problem)
    return size
