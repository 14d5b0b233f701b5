"""The registry of client connections, and the access log of what happened on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ops.local.events import Moment, Session
from ops.local.websocket import ClientConnection

_CONNECTION_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def is_well_formed(connection_id: str) -> bool:
    """Tell whether API Gateway could have given out this id; others get 400, not 410."""
    return _CONNECTION_ID.fullmatch(connection_id) is not None


class Connections:
    """The connections that are open, by id, and how many handshakes are pending."""

    def __init__(self) -> None:
        self._live: dict[str, ClientConnection] = {}
        self.pending = 0

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[ClientConnection]:
        return iter(list(self._live.values()))

    def add(self, connection: ClientConnection) -> None:
        """Make a connection reachable; before this it is unknown to @connections."""
        self._live[connection.session.connection_id] = connection

    def get(self, connection_id: str) -> ClientConnection | None:
        """Return the open connection of that id, or None if it is gone or still pending."""
        return self._live.get(connection_id)

    def remove(self, connection: ClientConnection) -> None:
        """Forget a connection; harmless if it was never added."""
        self._live.pop(connection.session.connection_id, None)

    def matching(self, text: str) -> list[ClientConnection]:
        """Return the open connections whose id contains `text`; all of them for ''."""
        return [one for connection_id, one in self._live.items() if text in connection_id]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended; `latency` of the integration in ms, no route key where none matched."""

    event_type: str
    route_key: str | None
    status: int | None
    latency: int = 0


class AccessLog:
    """One JSON line per WebSocket event or HTTP request. Never a query string, never a payload.

    The fields are named after the $context variables of API Gateway's access logs.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path) -> AccessLog:
        """Append to the file at `path`, creating it and its folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path.open("a", encoding="utf-8"))

    def write(self, session: Session, moment: Moment, outcome: Outcome) -> None:
        """Write one line and flush it, so that `tail -f` sees it at once."""
        fields = {
            "apiId": session.api_id,
            "stage": session.stage,
            "routeKey": outcome.route_key,
            "eventType": outcome.event_type,
            "connectionId": session.connection_id,
            "sourceIp": session.source_ip,
            "status": outcome.status,
            "integrationLatency": outcome.latency,
        }
        self.note(moment, fields)

    def note(self, moment: Moment, fields: Mapping[str, object]) -> None:
        """Write one line of those fields, and the moment's."""
        line = {"requestTime": moment.clf, "requestId": moment.request_id, **fields}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
