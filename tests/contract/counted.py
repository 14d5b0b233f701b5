"""The real ports over moto and a small @connections server, which count AWS calls, and what clients do to them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from realtime.aws.service import Account
from realtime.aws.telemetry import Source, Telemetry
from realtime.domain.connections import Channel, Connection, Identity, Reader, Subscription, expires_at
from realtime.domain.members import Member
from realtime.domain.signatures import sign
from realtime.domain.sockets import socket_id
from realtime.ports import Entry, Limits, Ports
from realtime.protocols import pusher
from realtime.settings import Environ
from realtime.usecases.actions import Call, broadcast, heartbeat, subscribe
from realtime.usecases.coalescing import flush
from realtime.usecases.connect import Handshake, connect
from realtime.usecases.frames import receive_any
from realtime.usecases.publish import event_of_pusher, trigger
from realtime.usecases.receive import Action, receive
from realtime.usecases.share import deliver_share
from realtime.usecases.sharing import share_of
from realtime.usecases.sweep import sweep
from realtime.usecases.welcome import welcome
from realtime.wiring import build_door, build_ports
from tests.contract.http_double import HttpDouble
from tests.fakes import NOW, FakeClock

SECRET_READ = "secretsmanager:GetSecretValue"
INVOKE = "lambda:InvokeFunction"
TASK = "sqs:SendMessage"
GET, PUT, UPDATE, DELETE = (f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))
QUERY, SCAN = "dynamodb:Query", "dynamodb:Scan"
BATCH_WRITE, BATCH_GET = "dynamodb:BatchWriteItem", "dynamodb:BatchGetItem"
POST, ASK = "execute-api:ManageConnectionsPOST", "execute-api:ManageConnectionsGET"

KEY, SECRET = "k1", "s" * 64
# After it, whoever came NOW is no newcomer any more.
LATER_MS = 30_000


class Backend:
    """One app's connections. What has been `settle`d is old enough for nobody to wait for it."""

    def __init__(self, account: Account, environ: Mapping[str, str], functions: HttpDouble) -> None:
        """`functions` is the Lambda that they start."""
        self._functions = functions
        self.calls = account.calls
        self.clock = FakeClock()
        reader = Environ(environ)
        telemetry = Telemetry(Source("test", "f", "n", "ERROR"), io.StringIO(), lambda: 0.0)
        self._door = build_door(reader, account, telemetry)
        self.ports: Ports = build_ports(reader, account, telemetry)._replace(clock=self.clock)

    def settle(self) -> None:
        self.ports.apps.by_key(KEY)
        self.clock.advance(LATER_MS)

    # plain clients

    def connect(self, *connection_ids: str) -> None:
        for name in connection_ids:
            claims = {"sub": name, "team": "123", "exp": 4_000_000_000}
            token = jwt.encode(claims, SECRET, "HS256", headers={"kid": KEY})
            connect(Handshake(name, NOW, token), self._door)

    def say(self, action: Action, connection_id: str = "c1", /, *, after: int = 0, **fields: object) -> None:
        now = self.clock.now() + after
        receive(json.dumps(fields), action, Call(connection_id, now, now, 10_240), self.ports)

    def beat(self, *after: int) -> None:
        for each in after:
            self.say(heartbeat, after=each)

    def join(self, channel: str, *connection_ids: str) -> None:
        for name in connection_ids:
            self.say(subscribe, name, channel=channel)

    def in_channels(self, count: int) -> None:
        self.connect("c1")
        for n in range(count):
            self.join(f"channel-{n}", "c1")
        self.settle()

    def in_lobby(self, *others: str) -> None:
        self.connect("c1", *others)
        self.join("lobby", "c1", *others)
        self.settle()

    def with_gone_reader(self) -> None:
        self.in_lobby("c2", "c3")
        self.connect("gone")
        for channel in ("lobby", "other"):
            self.ports.connections.join("gone", Entry(channel), NOW)
            self.ports.subscriptions.add(self.subscription(channel, "gone"))

    def subscription(self, channel: str, connection_id: str, user: str | None = None) -> Subscription:
        return Subscription(Channel("1", channel), connection_id, "plain", user, NOW, expires_at(NOW))

    def broadcast(self) -> None:
        self.say(broadcast, channel="lobby", event="e", data={})

    def sweep(self, after: int) -> None:
        sweep(self.ports, NOW + after, 600_000, lambda: True)

    # Pusher clients

    def open(self, *connection_ids: str) -> None:
        for name in connection_ids:
            connect(Handshake(name, NOW, key=KEY, protocol="7"), self._door)

    def greet(self, *connection_ids: str) -> None:
        for name in connection_ids:
            welcome(name, self.ports)

    def pushers(self, *connection_ids: str) -> None:
        self.open(*connection_ids)
        self.greet(*connection_ids)
        self.settle()

    def hear(self, connection_id: str, event: str, data: Any, channel: str | None = None) -> None:
        now = self.clock.now()
        fields = {"event": event, "data": data, **({"channel": channel} if channel else {})}
        receive_any(json.dumps(fields), Call(connection_id, now, now, 10_240), self.ports)

    def enter(self, channel: str, *connection_ids: str) -> None:
        """Subscribe as pusher-js does."""
        for name in connection_ids:
            signed, data = f"{socket_id(name)}:{channel}", {"channel": channel, "auth": ""}
            if channel.startswith("presence-"):
                data["channel_data"] = json.dumps({"user_id": name})
                signed += f":{data['channel_data']}"
            if channel.startswith(("private-", "presence-")):
                data["auth"] = f"{KEY}:{sign(SECRET, signed)}"
            self.hear(name, "pusher:subscribe", data)

    def sign_in(self, connection_id: str, watchlist: list[str]) -> None:
        user_data = json.dumps({"id": connection_id, "watchlist": watchlist})
        auth = f"{KEY}:{sign(SECRET, f'{socket_id(connection_id)}::user::{user_data}')}"
        self.hear(connection_id, "pusher:signin", {"auth": auth, "user_data": user_data})

    def crowd(self, channel: str, count: int) -> None:
        """So many members that came NOW, each with one connection."""
        for n in range(count):
            name, identity = f"m{n:03}", Identity()
            row = Connection(name, identity, pusher.NAME, "1", NOW, NOW, expires_at(NOW), welcome="told")
            self.ports.connections.add(row)
            reader, member = Reader(name, pusher.NAME, NOW, name), Member(name, f'{{"user_id":"{name}"}}')
            self.ports.members.join(Channel("1", channel), name, member.text, reader, NOW)
            self.ports.connections.join(name, Entry(channel, name), NOW)
        self.ports.channels.occupy(Channel("1", channel))

    def trigger(self, channel: str) -> None:
        trigger(event_of_pusher(Channel("1", channel), "e", "{}"), self.ports)

    # large channels, and events that wait

    def limit(self, **limits: int) -> None:
        """Set what publishing may take (the names of `Limits`)."""
        self.ports = self.ports._replace(limits=Limits(**limits))

    def readers(self, channel: str, count: int, coalesce: int = 0) -> None:
        """So many plain readers that came long ago."""
        rows = [self.subscription(channel, f"r{n:04}")._replace(since=0, coalesce=coalesce) for n in range(count)]
        self.ports.subscriptions.add_all(rows)

    def deliver(self) -> None:
        """Do the first of what was started."""
        job = json.loads(self._functions.received.pop(0).body)
        if job["kind"] == "share":
            deliver_share(share_of(job), self.ports, lambda: 300_000)
        else:
            flush(job, self.ports)

    def next_share(self) -> str:
        """The id of the first of what was started."""
        return str(json.loads(self._functions.received[0].body)["id"])

    def take(self) -> None:
        """Another flush takes what waits in the lobby, and delivers it."""
        buffers, lobby = self.ports.sharing().buffers, Channel("1", "lobby")
        buffers.take(lobby, "another", self.clock.now())
        buffers.done(lobby, "another")


Step = Callable[[Backend], object]


def check(row: tuple[Step, Step, dict[str, int]], backend: Backend) -> None:
    """A row: what went before, what is counted, and the AWS calls that it makes."""
    before, counted, calls = row
    before(backend)
    backend.calls.clear()
    counted(backend)
    assert dict(backend.calls) == calls
