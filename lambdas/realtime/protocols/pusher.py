"""What a Pusher client is told. `pusher_messages` reads what it says.

`data` is a string that holds JSON where Java's and Swift's libraries want one, and an object where Swift's wants that
(`pusher:error`) or Pusher's specification shows it. pusher-js takes either.
"""

from __future__ import annotations

from collections.abc import Sequence

from realtime.domain.connections import PUSHER
from realtime.domain.errors import SubscriptionRefused
from realtime.domain.json_text import compact, size_of
from realtime.domain.members import Member, user_id_json, user_info_json

NAME = PUSHER
ACTIVITY_TIMEOUT_SECONDS = 120
# API Gateway takes no larger frame.
MAX_FRAME_BYTES = 128 * 1024

# Of a refused channel's name: it may be as long as a frame, and each character takes up to six bytes.
_MAX_ECHO = 20_000
_NO_INFO = "null"


def connection_established(socket_id: str) -> str:
    """The first frame of all; the client pings after so many seconds of silence."""
    data = compact({"socket_id": socket_id, "activity_timeout": ACTIVITY_TIMEOUT_SECONDS})
    return compact({"event": "pusher:connection_established", "data": data})


def error(code: int | None, message: str) -> str:
    """An error of the connection or of a client event. As the first frame, its code has the effect of a close code."""
    return compact({"event": "pusher:error", "data": {"code": code, "message": message}})


def pong() -> str:
    """The answer to a ping."""
    return compact({"event": "pusher:pong", "data": {}})


def subscription_succeeded(channel: str, members: Sequence[Member] | None) -> str:
    """The answer to a subscribe. `members` of a presence channel include the new one; None for other channels.

    It names every member, but where it would get larger than a frame may be, the last ones' `user_info` is null. So
    put the new one first.
    """
    if members is None:
        return _internal("subscription_succeeded", channel, "{}")
    ids, infos = [user_id_json(member) for member in members], [user_info_json(member) for member in members]
    names = [compact(member.user) for member in members]
    frame = _presence(channel, ids, names, infos)
    excess = size_of(frame) - MAX_FRAME_BYTES
    if excess <= 0:
        return frame
    for position in reversed(range(len(infos))):
        saved = _size_inside(infos[position]) - _size_inside(_NO_INFO)
        if excess > 0 and saved > 0:
            infos[position], excess = _NO_INFO, excess - saved
    return _presence(channel, ids, names, infos)


def subscription_error(channel: str, refusal: SubscriptionRefused) -> str:
    """The other answer to a subscribe."""
    data = {"type": refusal.kind, "error": refusal.message, "status": refusal.status}
    return compact({"event": "pusher:subscription_error", "channel": channel[:_MAX_ECHO], "data": data})


def member_added(channel: str, member: Member) -> str:
    """A user came, on its first connection."""
    return _internal("member_added", channel, member.text)


def member_removed(channel: str, member: Member) -> str:
    """A user left, with its last connection."""
    return _internal("member_removed", channel, f'{{"user_id":{user_id_json(member)}}}')


def cache_miss(channel: str) -> str:
    """A cache channel has nothing to replay."""
    return compact({"event": "pusher:cache_miss", "channel": channel})


def event(channel: str, name: str, data: str, user_id: str | None = None) -> str:
    """An event, `data` untouched. `user_id` is the sender's, as JSON text, on client events of presence channels."""
    frame = compact({"event": name, "channel": channel, "data": data})
    return frame if user_id is None else f'{frame[:-1]},"user_id":{user_id}}}'


def signin_success(user_data_text: str) -> str:
    """The answer to a signin, with the `user_data` as it was sent."""
    return compact({"event": "pusher:signin_success", "data": {"user_data": user_data_text}})


def watchlist(events: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Changes of watched users: ("online" or "offline", user ids)."""
    data = {"events": [{"name": name, "user_ids": list(users)} for name, users in events]}
    return compact({"event": "pusher_internal:watchlist_events", "data": data})


def _internal(name: str, channel: str, data: str) -> str:
    return compact({"event": f"pusher_internal:{name}", "channel": channel, "data": data})


def _presence(channel: str, ids: Sequence[str], names: Sequence[str], infos: Sequence[str]) -> str:
    """From JSON texts: an id keeps its type in the list, and is a key, so a string, in the hash."""
    hash_ = ",".join(f"{name}:{info}" for name, info in zip(names, infos, strict=True))
    data = f'{{"presence":{{"ids":[{",".join(ids)}],"hash":{{{hash_}}},"count":{len(ids)}}}}}'
    return _internal("subscription_succeeded", channel, data)


def _size_inside(text: str) -> int:
    """Bytes that `text` takes inside a JSON string."""
    return size_of(compact(text)) - len('""')
