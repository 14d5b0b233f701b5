"""Which path is which endpoint of Pusher's HTTP API."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from .http_messages import HttpError


class Endpoint(StrEnum):
    """The endpoints, by the template of their path."""

    EVENTS = "/apps/{app_id}/events"
    BATCH_EVENTS = "/apps/{app_id}/batch_events"
    CHANNELS = "/apps/{app_id}/channels"
    CHANNEL = "/apps/{app_id}/channels/{name}"
    USERS = "/apps/{app_id}/channels/{name}/users"
    TERMINATE = "/apps/{app_id}/users/{name}/terminate_connections"
    # As Pusher's Python library has it. The key says which app it is.
    TERMINATE_BY_KEY = "/users/{name}/terminate_connections"


class Route(NamedTuple):
    """An endpoint and what its path names, unescaped but not checked: an app, and a channel or a user."""

    endpoint: Endpoint
    app_id: str | None = None
    name: str = ""


_GET, _POST = "GET", "POST"
_METHODS = {
    Endpoint.EVENTS: _POST,
    Endpoint.BATCH_EVENTS: _POST,
    Endpoint.CHANNELS: _GET,
    Endpoint.CHANNEL: _GET,
    Endpoint.USERS: _GET,
    Endpoint.TERMINATE: _POST,
    Endpoint.TERMINATE_BY_KEY: _POST,
}
_SEGMENTS = {endpoint: endpoint.split("/") for endpoint in Endpoint}


def route_of(path: str) -> Route:
    """The route of an escaped path. Raises HttpError: 404 if there is none, 400 if it has no UTF-8 form."""
    segments = path.split("/")
    for endpoint, wanted in _SEGMENTS.items():
        if len(segments) == len(wanted) and all(map(_fits, segments, wanted)):
            named = {want: _unescaped(segment) for segment, want in zip(segments, wanted, strict=True)}
            return Route(endpoint, named.get("{app_id}"), named.get("{name}", ""))
    raise HttpError(404, "There is no such path.")


def check_method(route: Route, method: str) -> None:
    """Raises HttpError(405) if the endpoint wants another method."""
    wanted = _METHODS[route.endpoint]
    if method != wanted:
        raise HttpError(405, f"This path takes {wanted} only.", {"allow": wanted})


def _fits(segment: str, wanted: str) -> bool:
    return wanted.startswith("{") or segment == wanted


def _unescaped(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except ValueError:
        raise HttpError(400, "The path is not in UTF-8.") from None
