"""What the use cases need from the world. `realtime.aws` holds the adapters, `tests/fakes.py` the fakes; one contract
suite runs over both. Every method may raise `ServiceError` once its own retries are spent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from .domain.connections import Connection, Identity, Subscription
from .domain.errors import ServiceError


class Removed(NamedTuple):
    """The channels of each connection that was removed, by connection id; `failure` if some could not be."""

    channels: Mapping[str, frozenset[str]]
    failure: ServiceError | None = None


class Connections(Protocol):
    """The rows of live connections."""

    def add(self, connection: Connection) -> None:
        """Write the row of a new connection."""

    def find(self, connection_id: str) -> Connection | None:
        """Read one row, consistently."""

    def join(self, connection_id: str, channel: str, now: int) -> bool:
        """Add `channel` to the row and note that the client was seen at `now` (ms). False if the row is not there.

        Raises ClientError(TOO_MANY_CHANNELS) when the row names as many others as it may.
        """

    def leave(self, connection_id: str, channel: str) -> bool:
        """Take `channel` off the row. False if the row is not there."""

    def seen(self, connection_id: str, now: int) -> None:
        """Note that the client was seen at `now` (ms), unless the row says so within the last minute or is gone."""

    def remove(self, connection_ids: Collection[str]) -> Removed:
        """Delete rows; return the channels of each that was there. A failure is in the result."""

    def existing(self, connection_ids: Collection[str]) -> set[str]:
        """Which of these have a row, read consistently."""

    def pages(self) -> Iterator[list[Connection]]:
        """Every row, page by page, expired ones included."""


class Subscriptions(Protocol):
    """Who reads which channel."""

    def add(self, subscription: Subscription) -> None:
        """Write the row; writing it again changes nothing."""

    def remove(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Delete the rows of these (channel, connection id); missing ones are fine."""

    def readers(self, channel: str, now: int) -> Iterator[list[Subscription]]:
        """The channel's rows that have not expired at `now` (ms), page by page, read consistently."""

    def pages(self) -> Iterator[list[Subscription]]:
        """Every row, page by page."""


class Deliveries(NamedTuple):
    """What became of one frame: connection ids by outcome."""

    delivered: Sequence[str] = ()
    gone: Sequence[str] = ()
    throttled: Sequence[str] = ()
    failed: Sequence[str] = ()


class Outbox(Protocol):
    """The only way to a client."""

    def post(self, connection_ids: Sequence[str], frame: str) -> Deliveries:
        """Send one text frame to each. A bad recipient is in the result and never raises nor holds up the others."""

    def gone(self, connection_ids: Sequence[str]) -> set[str]:
        """Which of these the gateway does not know (any more). When in doubt, a connection is not gone."""


class Tokens(Protocol):
    """Checks the tokens that open a connection."""

    def verify(self, token: str) -> Identity:
        """Raises Unauthorized when it is malformed, expired, not yet valid or not signed by an active key."""


class Telemetry(Protocol):
    """Logs and metrics of one invocation. Never hand it a token, a secret or a payload."""

    def count(self, metric: str, value: int = 1) -> None:
        """Add to one of the metrics in `realtime.aws.telemetry`."""

    def error(self, code: str) -> None:
        """Count an error that a client was told of, by its code."""

    def log(self, level: str, message: str, **fields: object) -> None:
        """Write one structured line: `message` is a fixed phrase, what varies goes into the fields."""


class Rows:
    """What is enough to forget a connection."""

    def __init__(self, connections: Connections, subscriptions: Subscriptions, telemetry: Telemetry) -> None:
        self.connections = connections
        self.subscriptions = subscriptions
        self.telemetry = telemetry


class Ports(Rows):
    """What a use case is given."""

    def __init__(
        self, connections: Connections, subscriptions: Subscriptions, telemetry: Telemetry, outbox: Outbox
    ) -> None:
        super().__init__(connections, subscriptions, telemetry)
        self.outbox = outbox
