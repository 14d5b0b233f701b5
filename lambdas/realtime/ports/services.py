"""What is not a table: the way to the clients, keys, queue, clock, telemetry. Every method may raise ServiceError."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from realtime.domain.apps import App
from realtime.domain.connections import Identity


class Task(NamedTuple):
    """Work for later, carried by a queue: at least once, in any order. `delay` in seconds, at most 900.

    `kind` is one of the names in `realtime.usecases.later`; `fields` are JSON values.
    """

    kind: str
    app_id: str
    fields: Mapping[str, Any]
    delay: int = 0


class Tasks(Protocol):
    """The way into the queue."""

    def send(self, tasks: Sequence[Task]) -> None:
        """Queue these; none is fine."""


class Invoker(Protocol):
    """Starts the function that speaks to clients after its caller has returned. Each start may happen twice."""

    def welcome(self, connection_id: str) -> None:
        """Have the client welcomed, or refused, once its handshake is over."""

    def start(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Have these done, each in an invocation of its own. `jobs` are JSON objects with a `kind`."""


class Clock(Protocol):
    """Time, for what has to wait."""

    def now(self) -> int:
        """Ms since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


Fate = Literal["delivered", "gone", "throttled", "failed"]


class Posted(NamedTuple):
    """What became of what was posted to one connection. Not delivered, `reason` says why: "HTTP 413", "timed out".

    `sent`: a request left us, whatever was answered to it, if anything was. Failed and not sent, it is as if nobody
    had tried: the gateway was out of reach, or the time was over before.
    """

    connection_id: str
    fate: Fate
    reason: str | None = None
    sent: bool = True


class Deliveries(NamedTuple):
    """What became of one frame: connection ids by outcome, and how many were throttled or failed for which reason."""

    delivered: Sequence[str] = ()
    gone: Sequence[str] = ()
    throttled: Sequence[str] = ()
    failed: Sequence[str] = ()
    reasons: Mapping[str, int] = {}


class Outbox(Protocol):
    """The only way to a client."""

    def stream(self, frames: Iterable[tuple[str, str] | float], timeout: float | None = None) -> Iterator[Posted]:
        """Send (connection id, frame) pairs as they come, many at once; yield what becomes of each as it does.

        No connection twice. A number among them: take no more for so many seconds. A bad recipient never raises nor
        holds up the others. `timeout` in seconds ends all tries for what has not been delivered by then.
        """

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        """Send one text frame to each."""

    def post_each(self, frames: Sequence[tuple[str, str]], timeout: float | None = None) -> Deliveries:
        """Send each connection its own frames: (connection id, frame) pairs; those of one connection arrive in order.

        `timeout` as in `stream`.
        """

    def close(self, connection_ids: Sequence[str]) -> None:
        """Close these connections; those that are gone are fine. A failure is logged by nobody: the sweep comes by."""

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        """Which of these the gateway does not know (any more). When in doubt, a connection is not gone."""


class Tokens(Protocol):
    """Checks the tokens that open a connection."""

    def verify(self, token: str) -> Identity:
        """Raises Unauthorized when it is malformed, expired, not yet valid or not signed by an active key."""


class Apps(Protocol):
    """The apps and their keys, at most a minute old."""

    def by_key(self, key: str) -> App | None:
        """The app that a key belongs to, active or not; enabled or not."""

    def by_id(self, app_id: str) -> App | None:
        """The app of an id."""

    def all(self) -> Sequence[App]:
        """Every app."""


class WebhookRequest(NamedTuple):
    """One POST to an endpoint of an app. `headers` are complete but for those of HTTP itself."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class WebhookAnswer(NamedTuple):
    """What an endpoint answered. Without an answer `status` is None and `reason` says why; it quotes no URL."""

    status: int | None
    reason: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the endpoint has the events."""
        return self.status is not None and 200 <= self.status < 300


class WebhookSender(Protocol):
    """The only way to the apps' endpoints."""

    def post_all(self, requests: Sequence[WebhookRequest]) -> list[WebhookAnswer]:
        """Send all at once, once; return what became of each, in the same order. Takes 4 s at most, never raises."""


class Redelivery(Protocol):
    """When messages of the queue that were received and not done come again."""

    def defer(self, waits: Mapping[str, int]) -> None:
        """Have each come again after so many seconds (at most 43,200), by its receipt; none is fine."""


class Telemetry(Protocol):
    """Logs and metrics of one invocation. Never hand it a token, a secret or a payload."""

    def count(self, metric: str, value: int = 1) -> None:
        """Add to one of the metrics in `realtime.aws.telemetry`."""

    def error(self, code: str) -> None:
        """Count an error that a client was told of, by its code."""

    def log(self, level: str, message: str, **fields: object) -> None:
        """Write one structured line: `message` is a fixed phrase, what varies goes into the fields."""
