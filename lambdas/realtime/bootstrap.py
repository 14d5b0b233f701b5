"""A Lambda's entry point: reads the environment at the first event, runs the handler, logs and counts."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from .aws.service import Account
from .aws.sigv4 import Credentials
from .aws.telemetry import Source, Telemetry
from .domain.errors import ServiceError
from .ports import Ports
from .settings import NAMESPACE, Anything, AwsSettings, Environ, Observability, SettingsError

if TYPE_CHECKING:
    from .usecases.actions import Call
    from .usecases.receive import Action

SERVICES = ("dynamodb", "secretsmanager", "sqs", "lambda", "apigatewaymanagementapi")

# No function's timeout (functions.tf) is longer: what begins with credentials ends with them.
_LONGEST_RUN_SECONDS = 310

Event = Mapping[str, Any]
LambdaHandler = Callable[[Event, Any], Mapping[str, Any]]
A = TypeVar("A")


class Crashed(Exception):
    """A bug. The text names the exception's class; message and payload stay out of the log."""


class Started(NamedTuple, Generic[A]):
    """A function that has read its environment: `app` is what its builder made.

    `ends_at` is when its credentials end (seconds since 1970).
    """

    app: A
    account: Account
    telemetry: Telemetry
    ends_at: float = float("inf")


class Invocation(NamedTuple):
    """One invocation: its event, the time in ms, and how many ms are left."""

    event: Event
    now: int
    remaining_ms: Callable[[], int]

    @property
    def connection_id(self) -> str:
        """The connection that a WebSocket event is about."""
        connection_id: str = self.event["requestContext"]["connectionId"]
        return connection_id

    @property
    def received_at(self) -> int:
        """When API Gateway took in what the event is about (ms)."""
        received_at: int = self.event["requestContext"]["requestTimeEpoch"]
        return received_at


Build = Callable[[Environ, Account, Telemetry], A]
Handle = Callable[[Invocation, A], Mapping[str, Any]]


def lambda_handler(build: Build[A], handle: Handle[A], environ: Mapping[str, str] = os.environ) -> LambdaHandler:
    """Make a Lambda's entry point. It starts at the first event and keeps what it built for the following ones.

    What `build` imports is imported at once: provisioned concurrency and SnapStart keep ready what was done by then.
    Nothing that was made then is kept, so a snapshot holds neither environment, nor credentials, nor sockets.
    """
    _rehearse(build)
    # All is imported by now, and a handler's package (handlers/__init__.py) has put the collector off until then.
    gc.enable()
    started: Started[A] | None = None

    def handler(event: Event, context: Any) -> Mapping[str, Any]:
        nonlocal started
        if started is None or time.time() > started.ends_at - _LONGEST_RUN_SECONDS:
            ended, started = started, _start_or_tell(build, environ)
            if ended is not None:
                ended.account.hang_up()
        remaining: Callable[[], int] = context.get_remaining_time_in_millis
        invocation = Invocation(event, time.time_ns() // 1_000_000, remaining)
        return _run(started, handle, invocation, context.aws_request_id)

    return handler


def start(build: Build[A], environ: Mapping[str, str]) -> Started[A]:
    """Read the environment and build. Raises SettingsError with all that is wrong, ServiceError without credentials."""
    reader = Environ(environ)
    aws = AwsSettings.read(reader, SERVICES)
    seen = Observability.read(reader)
    credentials, ends_at = _held(aws)
    account = Account(
        region=aws.region,
        credentials=credentials,
        endpoint=aws.endpoints.get,
        wall_clock=time.time,
    )
    source = Source(seen.environment, seen.function, seen.namespace, seen.level)
    telemetry = Telemetry(source, sys.stdout, time.time)
    app = build(reader, account, telemetry)
    reader.check()
    return Started(app, account, telemetry, ends_at)


def _rehearse(build: Build[A]) -> None:
    account = Account(region="-", credentials=Credentials("-", "-"), endpoint=lambda _: None, wall_clock=time.time)
    build(Anything(), account, Telemetry(Source("-", "-", NAMESPACE, "ERROR"), sys.stdout, time.time))


def _held(aws: AwsSettings) -> tuple[Credentials, float]:
    """The credentials, and when they end. Those of the environment last as long as it does. Raises ServiceError."""
    if aws.container is None:
        return aws.credentials, float("inf")
    from .aws.container import lease

    return lease(*aws.container)


def _start_or_tell(build: Build[A], environ: Mapping[str, str]) -> Started[A]:
    try:
        return start(build, environ)
    except SettingsError as failure:
        _tell(environ, "settings", "wrong environment", problems=str(failure))
        raise
    except ServiceError as failure:
        _tell(environ, "internal_error", "service failed", operation=failure.operation, reason=failure.reason)
        raise


def _tell(environ: Mapping[str, str], code: str, message: str, **fields: object) -> None:
    """Log and count why there was no start. There is no telemetry yet: its settings may be what is wrong."""
    namespace = environ.get("METRICS_NAMESPACE") or NAMESPACE
    source = Source(environ.get("ENVIRONMENT", ""), environ.get("AWS_LAMBDA_FUNCTION_NAME", ""), namespace, "ERROR")
    telemetry = Telemetry(source, sys.stdout, time.time)
    telemetry.log("ERROR", message, **fields)
    telemetry.error(code)
    telemetry.end()


def message_handler(action: Action) -> LambdaHandler:
    """The entry point of a plain route: every message is received the same way, and acted on by `action`."""
    from .usecases.receive import receive

    return frame_handler(lambda body, call, ports: receive(body, action, call, ports))


def frame_handler(take: Callable[[str, Call, Ports], None]) -> LambdaHandler:
    """The entry point of a route, whose frames are `take`n."""
    from .usecases.actions import Call
    from .wiring import build_ports

    def build(reader: Environ, account: Account, telemetry: Telemetry) -> tuple[Ports, int]:
        max_data_bytes = reader.integer("MAX_DATA_BYTES", 10_240)
        return build_ports(reader, account, telemetry), max_data_bytes

    def handle(invocation: Invocation, app: tuple[Ports, int]) -> Mapping[str, Any]:
        wired, max_data_bytes = app
        call = Call(invocation.connection_id, invocation.now, invocation.received_at, max_data_bytes)
        take(invocation.event.get("body") or "", call, wired)
        return {"statusCode": 200}

    return lambda_handler(build, handle)


def _run(started: Started[A], handle: Handle[A], invocation: Invocation, request_id: str) -> Mapping[str, Any]:
    context = invocation.event.get("requestContext") or {}
    details = {"connectionId": context["connectionId"]} if "connectionId" in context else {}
    started.telemetry.begin(requestId=request_id, **details)
    started.account.calls.clear()
    try:
        return handle(invocation, started.app)
    except Exception as bug:
        from .domain.crashes import stack_of

        cause = {"operation": bug.operation, "reason": bug.reason} if isinstance(bug, ServiceError) else {}
        started.telemetry.log("ERROR", "crashed", error=type(bug).__name__, **cause, stack=stack_of(bug))
        started.telemetry.error("crash")
        raise Crashed(type(bug).__name__) from None
    finally:
        started.telemetry.end(calls=dict(started.account.calls))
