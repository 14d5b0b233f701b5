"""HTTP as the server libraries speak it: a request comes in, a response with JSON in it goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from realtime.domain.errors import RealtimeError
from realtime.domain.json_text import compact, has_utf8, parse

# (name in lower case, value), in the order of the query string; a name may be there several times.
Params = Sequence[tuple[str, str]]


class Request(NamedTuple):
    """A request as it came: `path` and `query` are still escaped, the names of `headers` are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """What is answered: `body` is JSON."""

    status: int
    body: str
    headers: Mapping[str, str] = {}


class HttpError(RealtimeError):
    """The request is refused with this status. `message` never repeats a payload, a secret or a signature."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def ok(value: Mapping[str, Any]) -> Response:
    """The answer to what was done. The libraries want 200 and a JSON body, however empty."""
    return Response(200, compact(value))


def refused(error: HttpError, **fields: Any) -> Response:
    """The answer to what was not done; `fields` say more about it. No library reads it, but people do."""
    return Response(error.status, compact({"error": error.message, "status": error.status, **fields}), error.headers)


def params_of(query: str) -> Params:
    """Read a query string. Raises HttpError(400) where it has no UTF-8 form."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return [(_text(name).lower(), _text(value)) for name, _, value in pairs]


def one(params: Params, name: str) -> str | None:
    """The value of a parameter, None if it is absent. Raises HttpError(400) if it is there twice."""
    values = every(params, name)
    if len(values) > 1:
        raise HttpError(400, f'The parameter "{name}" is there more than once.')
    return values[0] if values else None


def every(params: Params, name: str) -> list[str]:
    """All values of a parameter."""
    return [value for held, value in params if held == name]


def fields_of(body: bytes) -> Mapping[str, Any]:
    """Read a body: a JSON object, or nothing, which counts as an empty one. Raises HttpError(400)."""
    if not body:
        return {}
    try:
        fields = parse(body.decode())
    except ValueError:
        raise HttpError(400, "The body is not JSON in UTF-8.") from None
    if not isinstance(fields, dict):
        raise HttpError(400, "The body is not a JSON object.")
    return fields


def _text(escaped: str) -> str:
    try:
        text = unquote_plus(escaped, errors="strict")
    except ValueError:
        text = None
    if text is None or not has_utf8(text):
        raise HttpError(400, "The query string is not in UTF-8.")
    return text
