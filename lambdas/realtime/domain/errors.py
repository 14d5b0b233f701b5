"""Errors that a client may hear of.

Exception
└── RealtimeError
    ├── ClientError          the client's fault: it gets an `error` frame with the code
    ├── PusherError          the same for a Pusher client: it gets a `pusher:error` frame
    ├── SubscriptionRefused  a Pusher client may not subscribe: it gets a `pusher:subscription_error` frame
    ├── Unauthorized         no connection: the handshake is answered with 401
    └── ServiceError         a service we depend on failed for good: the client hears `internal_error`, we log the cause
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """The closed list of codes in an `error` frame; `lambdas/README.md` says what each means."""

    INVALID_JSON = "invalid_json"
    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_ACTION = "unknown_action"
    INVALID_CHANNEL = "invalid_channel"
    INVALID_EVENT = "invalid_event"
    DATA_TOO_LARGE = "data_too_large"
    FORBIDDEN = "forbidden"
    NOT_SUBSCRIBED = "not_subscribed"
    TOO_MANY_CHANNELS = "too_many_channels"
    CONNECTION_UNKNOWN = "connection_unknown"
    INTERNAL_ERROR = "internal_error"


class RealtimeError(Exception):
    """Any failure that the backend expects and names."""


class ClientError(RealtimeError):
    """The client sent what we refuse. `message` says what was wrong and what is allowed; it never repeats a payload."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PusherError(RealtimeError):
    """A Pusher client sent what we refuse. `code` is one of Pusher's, or None where Pusher has none.

    `message` never repeats a payload, a secret or a signature.
    """

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SubscriptionRefused(RealtimeError):
    """A Pusher client may not have the channel. `kind` and `status` are `type` and `status` of the frame it gets.

    `message` never repeats a payload, a secret or a signature.
    """

    def __init__(self, kind: str, message: str, status: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


class Unauthorized(RealtimeError):
    """The token does not open a connection. The text is a short reason for our log, never the token."""


class ServiceError(RealtimeError):
    """An AWS service refused, failed or did not answer in time, retries included."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation}: {reason}")
        self.operation = operation
        self.reason = reason
