"""Users sign in on their connections, are watched, spoken to, and sent away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from realtime.domain.apps import App
from realtime.domain.connections import Connection, Reader, Subscription, server_to_user, watchers_of
from realtime.domain.errors import PusherError, ServiceError, SubscriptionRefused
from realtime.domain.json_text import compact
from realtime.domain.members import Member, member_from_user
from realtime.domain.signatures import check_auth
from realtime.domain.sockets import socket_id
from realtime.domain.users import UserData, user_data_of
from realtime.ports import Ports, SignIn
from realtime.protocols import pusher

from . import later, presence
from .delivery import readers_of
from .disconnect import disconnect, forget

if TYPE_CHECKING:
    from realtime.protocols.pusher_messages import Signin

# Pusher's codes: "connection unauthorized" and, of the unassigned ones it closes with on this occasion, the same.
UNAUTHORIZED = 4009
_WATCHLIST_TOO_LONG = 4302
# A watcher has no moment from which on it may be told.
_EVER = 0


def sign_in(signin: Signin, connection: Connection, app: App, ports: Ports) -> None:
    """Make the connection a user's. Raises PusherError, ServiceError; then it is nobody's."""
    user = _verified(signin, connection, app)
    if connection.user_data is not None:
        if connection.identity.user_id != user.id:
            raise _signed_in_already()
        forget(ports.outbox.post([connection.connection_id], pusher.signin_success(user.text)).gone, ports)
        return
    channel = server_to_user(app.app_id, user.id)
    reader = Reader(connection.connection_id, connection.protocol, ports.clock.now(), user.id)
    watched = user.watchlist if app.settings.watchlist else ()
    if not ports.connections.claim_user(connection.connection_id, user.id):
        raise _signed_in_already()
    # As with a subscription: what others find first, then the client, then the connection's own row.
    arrival = presence.come(channel, Member(user.id, compact({"user_id": user.id})), reader, ports)
    try:
        signed_in = _enter(user, watched, connection, ports)
    except ServiceError:
        forget(sorted(presence.come_and_go(arrival, reader, ports)), ports)
        raise
    if not signed_in:
        forget(sorted(presence.come_and_go(arrival, reader, ports)), ports)
        return
    try:
        forget(presence.tell_in(arrival, None, ports).gone, ports)
        _tell_state(user, watched, connection, app, ports)
    except ServiceError as failure:
        # The client is signed in: this is no refusal.
        later.tell_failure(failure, ports, connectionId=connection.connection_id)


def terminate(app_id: str, user_id: str, ports: Ports) -> int:
    """Close every connection on which the user is signed in; return how many. It may connect again."""
    readers = readers_of(server_to_user(app_id, user_id), ports)
    return close([reader.connection_id for reader in readers], "The application has ended this connection.", ports)


def close(connection_ids: list[str], message: str, ports: Ports) -> int:
    """Tell clients that they are not authorized, and close. API Gateway has no close codes to tell it with."""
    if connection_ids:
        ports.outbox.post(connection_ids, pusher.error(UNAUTHORIZED, message))
        ports.outbox.close(connection_ids)
        disconnect(connection_ids, ports)
    return len(connection_ids)


def member_of(connection: Connection) -> Member:
    """Whom a signed-in connection is in presence channels. Raises SubscriptionRefused if it is nobody."""
    if connection.user_data is None:
        raise SubscriptionRefused(
            "AuthError", "A presence channel needs channel_data, or a connection that is signed in.", 401
        )
    return member_from_user(user_data_of(connection.user_data))


def _verified(signin: Signin, connection: Connection, app: App) -> UserData:
    signed = f"{socket_id(connection.connection_id)}::user::{signin.user_data}"
    try:
        check_auth(signin.auth, app.secret_of, signed)
    except SubscriptionRefused as refusal:
        raise PusherError(UNAUTHORIZED, f"The sign-in is not valid: {refusal}") from None
    return user_data_of(signin.user_data)


def _enter(user: UserData, watched: tuple[str, ...], connection: Connection, ports: Ports) -> bool:
    app_id, connection_id = connection.app_id, connection.connection_id
    ports.subscriptions.add_all(
        [
            Subscription(
                watchers_of(app_id, name), connection_id, connection.protocol, user.id, _EVER, connection.expires_at
            )
            for name in watched
        ]
    )
    result = ports.outbox.post([connection_id], pusher.signin_success(user.text))
    row = SignIn(user.id, user.text, user.team_id, frozenset(watched))
    entered = bool(result.delivered) and ports.connections.sign_in(connection_id, row, ports.clock.now())
    if not entered:
        ports.subscriptions.remove([(watchers_of(app_id, name), connection_id) for name in watched])
    forget(result.gone, ports)
    return entered


def _tell_state(user: UserData, watched: tuple[str, ...], connection: Connection, app: App, ports: Ports) -> None:
    """Tell the client who of its watchlist is online, and if the list was too long."""
    frames = []
    online = _online(watched, app, ports)
    if watched:
        frames.append(_states(watched, online))
    if user.watchlist_too_long:
        frames.append(pusher.error(_WATCHLIST_TOO_LONG, "The watchlist is too long: its first 100 users are watched."))
    forget(ports.outbox.post_each([(connection.connection_id, frame) for frame in frames]).gone, ports)
    # Who came or went since the look may have been told before what we said of it.
    changed = online ^ _online(watched, app, ports)
    if changed:
        frame = _states([name for name in watched if name in changed], changed - online)
        forget(ports.outbox.post([connection.connection_id], frame).gone, ports)


def _online(watched: Sequence[str], app: App, ports: Ports) -> set[str]:
    if not watched:
        return set()
    rows = ports.members.find([(server_to_user(app.app_id, name), name) for name in watched])
    return {name for (_, name), row in rows.items() if row.is_in}


def _states(names: Sequence[str], online: Collection[str]) -> str:
    states = (
        ("online", sorted(name for name in names if name in online)),
        ("offline", [name for name in names if name not in online]),
    )
    return pusher.watchlist([(state, users) for state, users in states if users])


def _signed_in_already() -> PusherError:
    return PusherError(UNAUTHORIZED, "This connection is signed in as another user.")
