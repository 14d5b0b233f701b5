"""Pusher's HTTP API: who asks, what for, and what becomes of it. Every answer is JSON, whatever went wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from realtime.domain.apps import App
from realtime.domain.errors import ServiceError
from realtime.domain.origins import ORIGIN_HEADER, is_from_edge
from realtime.ports import Ports
from realtime.protocols.http_auth import Credentials, check_signature, credentials_of
from realtime.protocols.http_messages import HttpError, Params, Request, Response, params_of, refused
from realtime.protocols.http_routes import Endpoint, Route, check_method, route_of

from . import http_publish, http_queries
from .http_info import Call
from .later import tell_failure

_ENDPOINTS: dict[Endpoint, Callable[[Call, Ports], Response]] = {
    Endpoint.EVENTS: http_publish.events,
    Endpoint.BATCH_EVENTS: http_publish.batch_events,
    Endpoint.CHANNELS: http_queries.channels,
    Endpoint.CHANNEL: http_queries.channel,
    Endpoint.USERS: http_queries.users,
    Endpoint.TERMINATE: http_publish.terminate_connections,
    Endpoint.TERMINATE_BY_KEY: http_publish.terminate_connections,
}
_LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}")
_METHOD = re.compile(r"[A-Z]{1,10}")
_APP_ID = re.compile(r"[0-9]{1,20}")


class Limits(NamedTuple):
    """What holds for every app. `origin_sha256` is the digest of the edge's secret; None: anybody may call."""

    max_data_bytes: int
    origin_sha256: str | None = None


def answer(request: Request, ports: Ports, limits: Limits, deadline: int) -> Response:
    """Answer a request by `deadline` (ms since the epoch). An exception that is not ours passes: it is a bug."""
    route: Route | None = None
    app: App | None = None
    try:
        if not is_from_edge(request.headers.get(ORIGIN_HEADER), limits.origin_sha256):
            raise HttpError(403, "Requests come through the edge.")
        route = route_of(request.path)
        check_method(route, request.method)
        params = params_of(request.query)
        app = _sender(request, route, params, ports)
        _check_app(app, ports)
        response = _ENDPOINTS[route.endpoint](Call(app, route, request, params, limits.max_data_bytes, deadline), ports)
    except HttpError as refusal:
        response = refused(refusal)
    except ServiceError as failure:
        tell_failure(failure, ports)
        response = refused(HttpError(500, "It failed on our side: try again."))
    _tell(request, route, app, response, ports)
    return response


def refuse(refusal: HttpError, ports: Ports) -> Response:
    """Answer what is no request at all."""
    response = refused(refusal)
    _tell(Request("", "", "", {}, b""), None, None, response, ports)
    return response


def _sender(request: Request, route: Route, params: Params, ports: Ports) -> App:
    """The app that signed the request. Raises HttpError: 401, 404 for an app that there is not."""
    credentials = credentials_of(params)
    app = _app_of(route, credentials, ports)
    secret = app.secret_of(credentials.key)
    if secret is None:
        raise _unknown_key()
    check_signature(request, params, secret, ports.clock.now())
    return app


def _app_of(route: Route, credentials: Credentials, ports: Ports) -> App:
    if route.app_id is None:
        app = ports.apps.by_key(credentials.key)
        if app is None:
            raise _unknown_key()
        return app
    # What cannot be an id is not worth a look into the secret.
    app = ports.apps.by_id(route.app_id) if _APP_ID.fullmatch(route.app_id) else None
    if app is None:
        raise HttpError(404, "There is no app of this id.")
    return app


def _check_app(app: App, ports: Ports) -> None:
    """Raises HttpError: 403 for a disabled app, 429 for one that asks too often."""
    if not app.enabled:
        raise HttpError(403, "The app is disabled.")
    most = app.settings.requests_per_second
    if most is not None and ports.state.hit(f"http:{app.app_id}", ports.clock.now()) > most:
        raise HttpError(429, f"The app may send {most} requests a second.", {"retry-after": "1"})


def _unknown_key() -> HttpError:
    return HttpError(401, "The auth_key is not an active key of this app.")


def _tell(request: Request, route: Route | None, app: App | None, response: Response, ports: Ports) -> None:
    """One line a request: of what it says, only what is known to be harmless."""
    library = request.headers.get("x-pusher-library", "")
    ports.telemetry.log(
        "INFO",
        "request",
        method=request.method if _METHOD.fullmatch(request.method) else None,
        path=None if route is None else route.endpoint.value,
        status=response.status,
        app=None if app is None else app.app_id,
        library=library if _LIBRARY.fullmatch(library) else None,
    )
    ports.telemetry.count("Requests")
    if response.status >= 400:
        ports.telemetry.error(f"http_{response.status}")
