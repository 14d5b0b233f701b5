"""What a server tells an app's clients: events, and that a user has to go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from realtime.domain.errors import ServiceError
from realtime.ports import Ports
from realtime.protocols.http_messages import HttpError, Response, fields_of, ok, refused
from realtime.protocols.pusher_http import COUNTS, Publication, batch_of, publication_of, user_of

from .http_info import Call, info_of_channel
from .later import tell_failure
from .publish import event_of_pusher, trigger
from .users import terminate


def events(call: Call, ports: Ports) -> Response:
    """Publish an event to some channels. Raises HttpError."""
    publication = publication_of(fields_of(call.request.body), call.params, call.max_data_bytes)
    failed = _publish([publication], call, ports)
    if failed:
        return _half_done(failed)
    if publication.info is None:
        return ok({})
    return ok({"channels": {name: _info(name, publication, call, ports) for name in publication.channels}})


def batch_events(call: Call, ports: Ports) -> Response:
    """Publish some events to a channel each, in their order. Raises HttpError, before anything is published."""
    publications = batch_of(fields_of(call.request.body), call.max_data_bytes)
    failed = _publish(publications, call, ports)
    if failed:
        return _half_done(failed)
    if all(publication.info is None for publication in publications):
        return ok({})
    return ok({"batch": [_info(item.channels[0], item, call, ports) for item in publications]})


def terminate_connections(call: Call, ports: Ports) -> Response:
    """Close the connections that are signed in as a user. Raises HttpError, ServiceError."""
    user = user_of(call.route.name)
    fields_of(call.request.body)
    count = terminate(call.app.app_id, user, ports)
    ports.telemetry.log("INFO", "terminated", app=call.app.app_id, connections=count)
    return ok({})


def _publish(publications: Iterable[Publication], call: Call, ports: Ports) -> list[str]:
    """Publish all; return the channels in which that failed. One that fails keeps nothing from the others."""
    failed: dict[str, None] = {}
    for publication in publications:
        for name in publication.channels:
            if call.late(ports):
                failed[name] = None
                continue
            event = event_of_pusher(call.channel(name), publication.name, publication.data)
            try:
                trigger(event._replace(exclude=publication.socket_id), ports)
            except ServiceError as failure:
                tell_failure(failure, ports, channel=name)
                failed[name] = None
    return list(failed)


def _half_done(failed: list[str]) -> Response:
    message = "It failed on our side for some channels, or in part of one; the others have the event."
    return refused(HttpError(500, message), channels=failed)


def _info(name: str, publication: Publication, call: Call, ports: Ports) -> dict[str, Any]:
    """What was asked for, as far as it is to be had: the event is out, and a failure would have it sent again."""
    attributes = [attribute for attribute in publication.info or () if attribute in COUNTS]
    if not attributes or call.late(ports):
        return {}
    try:
        return info_of_channel(name, attributes, call, ports)
    except ServiceError as failure:
        tell_failure(failure, ports, channel=name)
        return {}
