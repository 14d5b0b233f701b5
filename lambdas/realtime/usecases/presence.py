"""Users come into presence channels and go; the others are told of each edge once, in the order in which they happened.

An edge belongs to whoever made it with one atomic write (`Members.join`, `Members.claim_out`). So that telling "out"
never overtakes telling "in", tellings end within TELL_SECONDS, and a user is claimed out only FENCE_MS after its latest
connection came. A user that comes back while "out" is being told is told "in" by the same teller.

Signing in works the same way: the user is "in" its `#server-to-user-` channel, and its watchers are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from realtime.domain.connections import Channel, Presence, Reader, is_server_to_user, watchers_of
from realtime.domain.members import Member
from realtime.ports import Deliveries, Ports
from realtime.protocols import pusher

from . import later
from .delivery import FRESH_MS, NOBODY, Frames, deliver, readers_of

FENCE_MS = 3_000
TELL_SECONDS = 2.5
# A function that was held up this long since its edge renews it first: the fence counts from there.
_STALL_MS = 400
_LEASE_MS = 10_000


class Arrival(NamedTuple):
    """A reader that came as a user. `edge`: others are to be told, by us; `joined_at` (ms) is the user's edge.

    `is_back`: the app's endpoints have not been told that it was away.
    """

    channel: Channel
    member: Member
    joined_at: int
    edge: bool
    is_back: bool


def come(channel: Channel, member: Member, reader: Reader, ports: Ports) -> Arrival:
    """Write the reader into the user's row."""
    now = ports.clock.now()
    before = ports.members.join(channel, member.user, member.text, reader, now)
    if before is not None and before.joined_at is not None:
        return Arrival(channel, member, before.joined_at, edge=False, is_back=False)
    # While the teller of "out" is at it, "in" is its to tell.
    is_ours = before is None or before.telling_until <= now
    return Arrival(channel, member, now, edge=is_ours, is_back=before is not None and before.left_at is not None)


def tell_in(arrival: Arrival, rows: Sequence[Presence] | None, ports: Ports) -> Deliveries:
    """Tell the others, if the edge is ours. `rows` of the channel, where they have been read since the edge."""
    if not arrival.edge:
        return NOBODY
    channel, user = arrival.channel, arrival.member.user
    now = ports.clock.now()
    if now - arrival.joined_at > _STALL_MS and not ports.members.touch(channel, user, arrival.joined_at, now):
        return NOBODY  # out again by now, and that has been told
    stamp = edge_stamp(channel, user, arrival.joined_at)
    frames = _frames(channel, arrival.member, "in", stamp)
    result = deliver(_audience(channel, user), _others(channel, user, rows, ports), frames, ports, TELL_SECONDS)
    if not arrival.is_back and not is_server_to_user(channel.name):
        later.tell_app(channel, "member_added", ports, user_id=user)
    return result


def go(channel: Channel, user: str, reader: Reader, ports: Ports) -> Deliveries:
    """Take the reader off the user's row; tell the others if it was the last, now or once the fence is over."""
    row = ports.members.leave(channel, user, reader)
    if row is None or row.connections or not row.is_in:
        return NOBODY
    left = row.touched_at + FENCE_MS - ports.clock.now()
    if left > 0 and later.send([later.member_out(channel, user, -(-left // 1000))], ports):
        return NOBODY
    return tell_out(channel, user, ports)


def tell_out(channel: Channel, user: str, ports: Ports) -> Deliveries:
    """Claim a user without connections out and tell the others. Nothing if another did, or the user is back."""
    now = ports.clock.now()
    until = now + _LEASE_MS
    before = ports.members.claim_out(channel, user, now, until)
    if before is None or before.member is None:
        return NOBODY
    frames = _frames(channel, Member(user, before.member), "out", _out_stamp(channel, user, until))
    result = deliver(_audience(channel, user), _others(channel, user, None, ports), frames, ports, TELL_SECONDS)
    return _settle(channel, user, now, _is_for_hooks(channel, ports), result, ports)


def take_back(arrival: Arrival, reader: Reader, ports: Ports) -> Deliveries:
    """Undo an arrival that was refused and not told. Who has found it in the user's row meanwhile is told it went."""
    channel, user = arrival.channel, arrival.member.user
    ports.members.leave(channel, user, reader)
    now = ports.clock.now()
    until = now + _LEASE_MS
    if ports.members.claim_out(channel, user, now, until) is None:
        # Another connection of the user has come to be in on the strength of this one: now it is.
        return tell_in(arrival, None, ports) if ports.members.touch(channel, user, arrival.joined_at, now) else NOBODY
    known = edge_stamp(channel, user, arrival.joined_at)
    frames = _frames(channel, arrival.member, "out", _out_stamp(channel, user, until))._replace(after=known)
    result = deliver(channel, _others(channel, user, None, ports), frames, ports, TELL_SECONDS)
    return _settle(channel, user, now, arrival.is_back and _is_for_hooks(channel, ports), result, ports)


def come_and_go(arrival: Arrival, reader: Reader, ports: Ports) -> set[str]:
    """Undo an arrival that others may have found in the user's row: they hear of both. Return who was found gone."""
    gone = set(tell_in(arrival, None, ports).gone)
    return gone | set(go(arrival.channel, arrival.member.user, reader, ports).gone)


def rows_of(channel: Channel, ports: Ports) -> list[Presence]:
    """The channel's rows, of users that are in or not."""
    return [row for page in ports.members.rows(channel, ports.clock.now()) for row in page]


def members_in(rows: Iterable[Presence]) -> dict[str, Member]:
    """Those of the rows whose users are in, in the same order."""
    return {row.user: Member(row.user, row.member) for row in rows if row.is_in and row.member is not None}


def catch_up(channel: Channel, reader: Reader, rows: Sequence[Presence], ports: Ports) -> list[Presence]:
    """Tell a reader that takes long to come in what has changed since its members were read (`rows`).

    Return them as they are now. Its connection's row must not name the channel yet: others would tell it as well.
    """
    now = rows_of(channel, ports)
    before, after = members_in(rows), members_in(now)
    went = [pusher.member_removed(channel.name, member) for user, member in before.items() if user not in after]
    came = [pusher.member_added(channel.name, member) for user, member in after.items() if user not in before]
    if reader.protocol == pusher.NAME and (went or came):
        ports.outbox.post_each([(reader.connection_id, frame) for frame in (*went, *came)])
    return now


def stamps(row: Presence, now: int) -> Iterator[str]:
    """Of edges that whoever reads this row knows by it, and that others may be telling it of right now."""
    if row.joined_at is not None and now - row.touched_at < FRESH_MS:
        yield edge_stamp(row.channel, row.user, row.joined_at)
    # Also if the user is back: who knows that must not be told that it went before.
    if row.telling_until > now:
        yield _out_stamp(row.channel, row.user, row.telling_until)


def edge_stamp(channel: Channel, user: str, joined_at: int) -> str:
    """What tells this coming of the user from any other; kept in `Connection.saw`."""
    return sha256(f"{channel.key}\n{user}\n{joined_at}".encode()).hexdigest()[:16]


def _out_stamp(channel: Channel, user: str, telling_until: int) -> str:
    return sha256(f"{channel.key}\n{user}\nout {telling_until}".encode()).hexdigest()[:16]


def _is_for_hooks(channel: Channel, ports: Ports) -> bool:
    """Whether the app's endpoints are told who comes and goes."""
    return not is_server_to_user(channel.name) and (
        later.wants(channel, "member_removed", ports) or later.wants(channel, "member_added", ports)
    )


def _settle(channel: Channel, user: str, left_at: int, keep: bool, result: Deliveries, ports: Ports) -> Deliveries:
    """A user that went at `left_at` (ms) has been told out: end that, or tell that it has come back meanwhile.

    With `keep` the app's endpoints hear of it after their grace.
    """
    back = ports.members.settle_out(channel, user, left_at, keep=keep)
    if back is not None:
        return _tell_back(back, result, ports)
    if keep:
        later.send([later.member_gone(channel, user, left_at)], ports)
    return result


def _tell_back(back: Presence, result: Deliveries, ports: Ports) -> Deliveries:
    if back.joined_at is None or back.member is None:
        return result
    if not ports.members.touch(back.channel, back.user, back.joined_at, ports.clock.now()):
        return result
    member = Member(back.user, back.member)
    frames = _frames(back.channel, member, "in", edge_stamp(back.channel, back.user, back.joined_at))
    # Who left and came again meanwhile may have found it in, and then been told that it is out.
    frames = frames._replace(even_to=result.delivered)
    others = _others(back.channel, back.user, None, ports)
    told = deliver(_audience(back.channel, back.user), others, frames, ports, TELL_SECONDS)
    return Deliveries(gone=[*result.gone, *told.gone])


def _audience(channel: Channel, user: str) -> Channel:
    """Whom it concerns: the channel itself, or a signed-in user's watchers."""
    return watchers_of(channel.app_id, user) if is_server_to_user(channel.name) else channel


def _others(channel: Channel, user: str, rows: Sequence[Presence] | None, ports: Ports) -> list[Reader]:
    if is_server_to_user(channel.name):
        return readers_of(_audience(channel, user), ports)
    if rows is None:
        rows = rows_of(channel, ports)
    # A user's other connections know that it is in.
    return [reader for row in rows if row.user != user for reader in row.connections]


def _frames(channel: Channel, member: Member, edge: str, stamp: str | None) -> Frames:
    if is_server_to_user(channel.name):
        user_id = json.loads(member.text)["user_id"]
        return Frames({pusher.NAME: pusher.watchlist([("online" if edge == "in" else "offline", [user_id])])})
    tell = pusher.member_added if edge == "in" else pusher.member_removed
    return Frames({pusher.NAME: tell(channel.name, member)}, stamp)
