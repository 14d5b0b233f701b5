"""HTTP/1.1, as much of it as AWS's services speak to us: requests as bytes, a parser for responses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_MAX_HEAD_BYTES = 65_536


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


class Response(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class ResponseParser:
    """Feed it bytes until `feed` returns the response. One parser, one response after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._body_start = 0

    @property
    def started(self) -> bool:
        """Whether a part of the current response has arrived."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Response | None:
        """Take bytes in; return the response once it is whole. Raises ProtocolError."""
        self._buffer += data
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        status, headers = self._head
        body = self._read_body(status, headers)
        if body is None:
            return None
        self._head = None
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
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
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


def _size(digits: str | bytearray, base: int, problem: str) -> int:
    """A number of bytes. Raises ProtocolError(problem) for anything else."""
    try:
        size = int(digits, base)
    except ValueError:
        size = -1
    if size < 0:
        raise ProtocolError(problem)
    return size
