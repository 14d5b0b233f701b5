"""As much of HTTP/1.1 as the runtime API needs: requests with a Content-Length, kept alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

MAX_HEAD = 2 * 1024 * 1024
"""Bytes of request line and headers. The runtime client puts up to 1 MB of trace into one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One complete request."""

    method: str
    path: str
    body: bytes


class MalformedRequest(ValueError):
    """What arrived is not a request of the kind this reads."""


def take_request(buffer: bytearray) -> Request | None:
    """Remove the first complete request from `buffer` and return it; None if more must come.

    Raises MalformedRequest.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MAX_HEAD:
            raise MalformedRequest("the head of the request does not end")
        return None
    line, *fields = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    start = end + 4
    stop = start + _content_length(fields)
    if len(buffer) < stop:
        return None
    words = line.split(" ")
    if len(words) != 3:
        raise MalformedRequest(f"not a request line: {line[:100]!r}")
    body = bytes(buffer[start:stop])
    del buffer[:stop]
    return Request(words[0], words[1], body)


def render(status: int, fields: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of a JSON response."""
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json"]
    head += [f"{name}: {value}" for name, value in fields.items()]
    head.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(head).encode("latin-1") + body


def _content_length(fields: list[str]) -> int:
    for field in fields:
        name, _, value = field.partition(":")
        match name.lower():
            case "content-length":
                if not value.strip().isdigit():
                    raise MalformedRequest(f"not a length: {value.strip()[:100]!r}")
                return int(value)
            case "transfer-encoding":
                raise MalformedRequest("chunked bodies are not read here")
    return 0
