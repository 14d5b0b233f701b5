"""What happens on a connection once it is up: messages to handlers, answers back, the end."""

from __future__ import annotations

import asyncio

from ops.local.connections import Outcome
from ops.local.deployed import Route
from ops.local.events import (
    Moment,
    Session,
    disconnect_event,
    encode,
    error_frame,
    message_event,
)
from ops.local.gateway.integration import Answer, call
from ops.local.gateway.parts import Parts
from ops.local.selection import select
from ops.local.websocket import LOST, ClientConnection, Listener


class Lifecycle:
    """Runs the handlers of one connection."""

    def __init__(self, parts: Parts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._connection: ClientConnection | None = None

    @property
    def listener(self) -> Listener:
        """What the connection is to tell."""
        return Listener(message=self._on_message, ended=self._on_end)

    def begin(self, connection: ClientConnection) -> None:
        """Make the connection reachable for @connections and for its own answers."""
        self._connection = connection
        self._parts.connections.add(connection)

    def abandon(self) -> None:
        """Run $disconnect for a client that left while $connect was running."""
        self._on_end(*LOST)

    def _on_message(self, body: str) -> None:
        self._parts.spawn(self._message(body))

    def _on_end(self, code: int, reason: str) -> None:
        if self._connection is not None:
            self._parts.connections.remove(self._connection)
        self._parts.spawn(self._disconnect(code, reason))

    async def _message(self, body: str) -> None:
        moment = self._parts.moment()
        api = self._parts.deployed.get(self._session.api_id)
        key = select(api.selection, body, api.routes) if api is not None else None
        if api is None or key is None:
            self._send_error("Forbidden", moment)
            self._log(moment, Outcome("MESSAGE", None, 403))
            return
        if self._parts.options.shuffle:
            await asyncio.sleep(self._parts.dice.uniform(0, self._parts.options.shuffle))
        route = api.routes[key]
        event = message_event(self._session, moment, key, self._parts.new_id(), body)
        answer = await call(self._parts, route.integration, encode(event))
        self._answer(route, answer, moment)
        self._log(moment, Outcome("MESSAGE", key, answer.logged_status, answer.latency))

    def _answer(self, route: Route, answer: Answer, moment: Moment) -> None:
        """Send an error frame; the body only on a two-way route, an empty one too."""
        if answer.failure is not None:
            self._send_error(answer.failure.message, moment)
        elif route.two_way and answer.status is not None and self._connection is not None:
            self._connection.send(answer.body.encode())

    def _send_error(self, message: str, moment: Moment) -> None:
        if self._connection is not None:
            frame = error_frame(message, self._session.connection_id, moment.request_id)
            self._connection.send(frame.encode())

    async def _disconnect(self, code: int, reason: str) -> None:
        """Run $disconnect: best effort, its answer is ignored."""
        faults, connection_id = self._parts.faults, self._session.connection_id
        if faults.strike("disconnect-lost", connection_id):
            return
        late = faults.strike("disconnect-late", connection_id)
        if late:
            await asyncio.sleep(late.seconds)
        api = self._parts.deployed.get(self._session.api_id)
        route = api.routes.get("$disconnect") if api is not None else None
        if route is None:
            return
        moment = self._parts.moment()
        event = disconnect_event(self._session, moment, code, reason)
        answer = await call(self._parts, route.integration, encode(event))
        self._log(moment, Outcome("DISCONNECT", "$disconnect", answer.logged_status, answer.latency))

    def _log(self, moment: Moment, outcome: Outcome) -> None:
        self._parts.access_log.write(self._session, moment, outcome)
