"""What a client of Pusher's protocol says. Each frame is acted on, and answered where the protocol has an answer."""

from __future__ import annotations

from realtime.domain.apps import App
from realtime.domain.channels import (
    MAX_CHANNELS_PER_CONNECTION,
    check_pusher_channel,
    is_cache,
    is_presence,
    needs_signature,
    team_of,
    too_many_channels,
)
from realtime.domain.connections import Channel, Connection, is_server_to_user, server_to_user
from realtime.domain.errors import ClientError, ErrorCode, PusherError, ServiceError, SubscriptionRefused
from realtime.domain.members import Member, member_of, user_id_json
from realtime.domain.signatures import check_auth
from realtime.domain.sockets import socket_id
from realtime.domain.users import user_data_of
from realtime.ports import Ports
from realtime.protocols import pusher
from realtime.protocols.pusher_messages import (
    CLIENT_PREFIX,
    Frame,
    Subscribe,
    client_event_of,
    decode,
    signin_of,
    subscribe_of,
    unsubscribe_of,
)

from . import later, users
from .actions import Call
from .leaving import unsubscribe
from .publish import event_of_pusher, publish
from .settling import PAUSES, once
from .subscribing import View, Wish, subscribe

_CLIENT_EVENTS_A_SECOND = 10
_CLIENT_EVENT_REFUSED = 4301
# In seconds: the application is asked for the signature first.
_UNTIL_SIGNED_IN = (*PAUSES, 0.5, 1.0)
# Leaving takes a few writes, or may still have to begin.
_UNTIL_OUT = (*PAUSES, 0.5, 0.5)
# Java's library unsubscribes from what it has only just asked for.
_UNTIL_IN = (*PAUSES, 0.5, 1.0, 1.5)


def hear(body: str, connection: Connection, call: Call, ports: Ports) -> str | None:
    """Act on one frame; return the frame of its answer, or None. Raises ServiceError."""
    app = ports.apps.by_id(connection.app_id)
    if app is None or not app.enabled:
        return pusher.error(users.UNAUTHORIZED, "This app is disabled, or there is no such app any more.")
    try:
        return _act(decode(body), connection, app, call, ports)
    except PusherError as refusal:
        ports.telemetry.log("INFO", "refused", code=refusal.code, connectionId=connection.connection_id)
        ports.telemetry.error("pusher_error" if refusal.code is None else str(refusal.code))
        return pusher.error(refusal.code, refusal.message)


def _act(frame: Frame, connection: Connection, app: App, call: Call, ports: Ports) -> str | None:
    if frame.event == "pusher:ping":
        return pusher.pong()
    if frame.event == "pusher:subscribe":
        return _subscribe(subscribe_of(frame), connection, app, call.received_at, ports)
    if frame.event == "pusher:unsubscribe":
        channel = unsubscribe_of(frame)
        if not is_server_to_user(channel):
            unsubscribe(connection, channel, call.received_at, ports, _UNTIL_IN)
    elif frame.event == "pusher:signin":
        users.sign_in(signin_of(frame), connection, app, ports)
    elif frame.event.startswith(CLIENT_PREFIX):
        _client_event(frame, connection, app, call, ports)
    # An event that we do not know may be one of a newer client: it is no error.
    return None


def _subscribe(request: Subscribe, connection: Connection, app: App, received_at: int, ports: Ports) -> str | None:
    channel = request.channel
    try:
        if is_server_to_user(channel):
            return _subscribe_to_user(channel, connection, ports)
        check_pusher_channel(channel)
        # pusher-js leaves and comes back in one breath, and the two frames are handled side by side.
        current = once(connection, lambda row: channel not in row.channels, ports, _UNTIL_OUT)
        if current is None:
            return None
        connection = _once_signed_in(channel, current, app, ports)
        if channel not in connection.channels and len(connection.channels) >= MAX_CHANNELS_PER_CONNECTION:
            raise too_many_channels()
        if is_presence(channel) and request.channel_data is None:
            connection = once(connection, lambda row: row.user_data is not None, ports) or connection
        member, team = _admitted(request, connection, app)
        _check_same_user(channel, member, connection)
        wish = Wish(Channel(app.app_id, channel), member, team, received_at)
        if not subscribe(wish, connection, lambda view: _greeting(channel, view), ports):
            # We have taken it for gone. If it is not, it connects again.
            ports.outbox.close([connection.connection_id])
        return None
    except SubscriptionRefused as refusal:
        return _refused(channel, refusal, app, ports)
    except ClientError as refusal:
        kind, status = ("LimitReached", 4100) if refusal.code == ErrorCode.TOO_MANY_CHANNELS else ("AuthError", 401)
        return _refused(channel, SubscriptionRefused(kind, refusal.message, status), app, ports)
    except ServiceError as failure:
        later.tell_failure(failure, ports, connectionId=connection.connection_id)
        return _refused(
            channel, SubscriptionRefused("ServerError", "It failed on our side: try again.", 500), app, ports
        )


def _check_same_user(channel: str, member: Member | None, connection: Connection) -> None:
    """A connection is one user in a presence channel, as long as it is in. Raises SubscriptionRefused."""
    if member is not None and connection.members.get(channel, member.user) != member.user:
        raise SubscriptionRefused("AuthError", "This connection is in the channel as another user.", 401)


def _once_signed_in(channel: str, connection: Connection, app: App, ports: Ports) -> Connection:
    """A client that connects again asks for its channels and signs in at once; a closed one has to wait for that."""
    if not _is_closed_to(connection, channel, app):
        return connection
    return once(connection, lambda row: row.user_data is not None, ports, _UNTIL_SIGNED_IN) or connection


def _is_closed_to(connection: Connection, channel: str, app: App) -> bool:
    """Whether a public channel is a team's, and the app has closed those to all but who signed in with that team."""
    team = None if needs_signature(channel) else team_of(channel)
    return team is not None and app.settings.team_channels_closed and _team(connection) != team


def _admitted(request: Subscribe, connection: Connection, app: App) -> tuple[Member | None, str | None]:
    """As whom the connection comes in, and the team that it shows to be of. Raises SubscriptionRefused."""
    channel, team = request.channel, team_of(request.channel)
    if not needs_signature(channel):
        if _is_closed_to(connection, channel, app):
            raise SubscriptionRefused("AuthError", "This channel is for those who are signed in with its team.", 401)
        return None, None
    signed = f"{socket_id(connection.connection_id)}:{channel}"
    if request.channel_data is not None:
        signed += f":{request.channel_data}"
    check_auth(request.auth, app.secret_of, signed)
    if not is_presence(channel):
        return None, team
    member = users.member_of(connection) if request.channel_data is None else member_of(request.channel_data)
    return member, team


def _team(connection: Connection) -> str | None:
    """The team that the client signed in with; its other ways to a teamId do not open closed channels."""
    return None if connection.user_data is None else user_data_of(connection.user_data).team_id


def _greeting(channel: str, view: View) -> list[str]:
    frames = [pusher.subscription_succeeded(channel, view.members)]
    if view.cached is not None:
        frames.append(pusher.event(channel, view.cached.event, view.cached.data))
    elif is_cache(channel):
        frames.append(pusher.cache_miss(channel))
    return frames


def _subscribe_to_user(channel: str, connection: Connection, ports: Ports) -> str:
    """The events of a signed-in user: signing in subscribed to them, this only asks. Raises SubscriptionRefused."""
    current = once(connection, lambda row: row.user_data is not None, ports)
    user = None if current is None or current.user_data is None else current.identity.user_id
    if user is None or server_to_user(connection.app_id, user).name != channel:
        raise SubscriptionRefused("AuthError", "This channel is for the user that it names, signed in.", 401)
    return pusher.subscription_succeeded(channel, None)


def _refused(channel: str, refusal: SubscriptionRefused, app: App, ports: Ports) -> str:
    ports.telemetry.log("INFO", "subscription refused", kind=refusal.kind, status=refusal.status)
    ports.telemetry.error("subscription_error")
    if app.settings.subscription_errors == "error":
        return pusher.error(None, str(refusal))
    return pusher.subscription_error(channel, refusal)


def _client_event(frame: Frame, connection: Connection, app: App, call: Call, ports: Ports) -> None:
    if not app.settings.client_events:
        raise PusherError(_CLIENT_EVENT_REFUSED, "Client events are not enabled for this app.")
    event = client_event_of(frame, call.max_data_bytes)
    current = once(connection, lambda row: event.channel in row.channels, ports)
    if current is None or event.channel not in current.channels:
        raise PusherError(None, "Client events are for channels that the connection is subscribed to.")
    if ports.state.hit(f"client:{connection.connection_id}", call.now) > _CLIENT_EVENTS_A_SECOND:
        raise PusherError(
            _CLIENT_EVENT_REFUSED, f"A connection sends at most {_CLIENT_EVENTS_A_SECOND} client events a second."
        )
    channel = Channel(app.app_id, event.channel)
    user = current.members.get(event.channel)
    told = event_of_pusher(channel, event.event, event.data)._replace(
        user_id=user, user=_user_json(channel, user, ports), exclude=socket_id(connection.connection_id)
    )
    publish(told, ports)
    fields = {"user_id": user} if user is not None else {}
    later.tell_app(
        channel,
        "client_event",
        ports,
        event=event.event,
        data=event.data,
        socket_id=socket_id(connection.connection_id),
        **fields,
    )


def _user_json(channel: Channel, user: str | None, ports: Ports) -> str | None:
    """The sender's id of the JSON type that it was signed with."""
    if user is None:
        return None
    row = ports.members.find([(channel, user)]).get((channel, user))
    return None if row is None or row.member is None else user_id_json(Member(user, row.member))
