"""What was deployed, as the gateway needs it: read from moto's backends in this process.

WebSocket APIs and HTTP APIs are read. Nothing is cached: a route that `terraform apply` changes takes
effect with the next message, as an auto-deployed stage does on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WEBSOCKET = "WEBSOCKET"
HTTP = "HTTP"

ACCOUNT = "123456789012"
"""The account that moto gives everybody who has no other."""

_LONGEST = {WEBSOCKET: 29.0, HTTP: 30.0}
"""Seconds that an integration may take at most (API Gateway quotas)."""

_EXECUTE_API = re.compile(r"([a-z0-9]+)\.execute-api\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Integration:
    """What stands behind a route: `kind` is AWS_PROXY, MOCK, …; `timeout` in seconds.

    `payload` is the version of the event's format, which HTTP APIs let one choose.
    """

    kind: str
    uri: str = ""
    timeout: float = 29.0
    payload: str = "1.0"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A REQUEST authorizer: its function and the identity sources that must be present."""

    uri: str
    identity_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One route; `two_way` if its integration's answer is sent to the client.

    `authorization` is NONE, AWS_IAM or CUSTOM; CUSTOM comes with an authorizer.
    """

    key: str
    integration: Integration | None
    two_way: bool = False
    authorization: str = "NONE"
    authorizer: Authorizer | None = None
    api_key_required: bool = False


@dataclass(frozen=True, slots=True)
class Api:
    """One API; `protocol` is WEBSOCKET or HTTP, `stages` maps the names of live stages to their variables."""

    api_id: str
    region: str
    name: str = ""
    protocol: str = WEBSOCKET
    selection: str = "$request.body.action"
    stages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)

    @property
    def domain_name(self) -> str:
        """The host name the API would have on AWS."""
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"


class Deployed:
    """The APIs that exist now; `read` yields them, by default from moto."""

    def __init__(self, read: Callable[[], Sequence[Api]] | None = None) -> None:
        self._read = read or read_moto

    def apis(self, protocol: str | None = None) -> Sequence[Api]:
        """Return every API, or every one of that protocol."""
        return [api for api in self._read() if protocol in (None, api.protocol)]

    def get(self, api_id: str) -> Api | None:
        """Return the API of that id, or None once it was deleted."""
        return next((api for api in self._read() if api.api_id == api_id), None)

    def named(self, host: str, protocol: str) -> Api | None:
        """Return the API of that protocol whose id a host such as abc123.execute-api.localhost names, or None."""
        match = _EXECUTE_API.match(host)
        found = self.get(match[1].lower()) if match else None
        return found if found and found.protocol == protocol else None

    def only(self, protocol: str) -> tuple[Api, str] | None:
        """Return the API of that protocol and its stage, or None where there is more than one of either."""
        places = [(api, stage) for api in self.apis(protocol) for stage in api.stages]
        return places[0] if len(places) == 1 else None

    def find(self, host: str, stage: str) -> Api | None:
        """Return the WebSocket API that serves `stage` to clients of `host`, or None.

        A host such as abc123.execute-api.localhost names the API; with any other the stage
        must belong to one API only.
        """
        named = self.named(host, WEBSOCKET)
        if named is not None:
            return named if stage in named.stages else None
        serving = [api for api in self.apis(WEBSOCKET) if stage in api.stages]
        return serving[0] if len(serving) == 1 else None


def read_moto() -> list[Api]:
    """Read the APIs of every region from moto."""
    from moto.apigatewayv2.models import apigatewayv2_backends

    return [
        _api(api, region)
        for region, backend in list(apigatewayv2_backends[ACCOUNT].items())
        for api in list(backend.apis.values())
        if api.protocol_type in (WEBSOCKET, HTTP)
    ]


def _api(api: Any, region: str) -> Api:
    routes = [_route(api, route) for route in list(api.routes.values())]
    return Api(
        api_id=api.api_id,
        region=region,
        name=api.name,
        protocol=api.protocol_type,
        selection=api.route_selection_expression,
        stages={
            stage.name: dict(stage.stage_variables or {})
            for stage in list(api.stages.values())
            # A stage without a deployment answers 403 on AWS.
            if stage.auto_deploy or stage.config.get("deploymentId")
        },
        routes={route.key: route for route in routes},
    )


def _route(api: Any, route: Any) -> Route:
    # Two-way takes both, says the developer guide, "Set up a route response".
    two_way = route.route_response_selection_expression == "$default" and any(
        response.route_response_key == "$default" for response in route.route_responses.values()
    )
    return Route(
        key=route.route_key,
        integration=_integration(api, route.target),
        two_way=two_way,
        authorization=route.authorization_type or "NONE",
        authorizer=_authorizer(api, route.authorizer_id),
        api_key_required=bool(route.api_key_required),
    )


def _integration(api: Any, target: str | None) -> Integration | None:
    found = api.integrations.get((target or "").removeprefix("integrations/"))
    if found is None:
        return None
    longest = _LONGEST[api.protocol_type]
    return Integration(
        kind=found.integration_type,
        uri=found.integration_uri or "",
        timeout=min((found.timeout_in_millis or 0) / 1000 or longest, longest),
        payload=found.payload_format_version or "1.0",
    )


def _authorizer(api: Any, authorizer_id: str | None) -> Authorizer | None:
    found = api.authorizers.get(authorizer_id or "")
    if found is None:
        return None
    return Authorizer(uri=found.authorizer_uri, identity_sources=tuple(found.identity_source or ()))
