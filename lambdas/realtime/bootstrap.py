"""The one place that reads the environment and wires adapters to use cases. Importing it does neither.

Each builder imports its adapters itself, so that a function loads only what it uses.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from .aws.json_service import JsonService, Patience
from .aws.service import Account
from .aws.telemetry import Source, Telemetry
from .domain.errors import ServiceError
from .ports import Ports, Rows
from .ports import Telemetry as TelemetryPort
from .settings import NAMESPACE, AwsSettings, Environ, Observability, SettingsError
from .usecases.actions import Call
from .usecases.receive import Action, receive

if TYPE_CHECKING:
    from .usecases.connect import Door

SERVICES = ("dynamodb", "secretsmanager", "apigatewaymanagementapi")

Event = Mapping[str, Any]
LambdaHandler = Callable[[Event, Any], Mapping[str, Any]]
A = TypeVar("A")


class Crashed(Exception):
    """A bug. The text names the exception's class; message and payload stay out of the log."""


class Started(NamedTuple, Generic[A]):
    """A function that has read its environment: `app` is what its builder made."""

    app: A
    account: Account
    telemetry: Telemetry


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


Build = Callable[[Environ, Account, Telemetry], A]
Handle = Callable[[Invocation, A], Mapping[str, Any]]


def lambda_handler(build: Build[A], handle: Handle[A], environ: Mapping[str, str] = os.environ) -> LambdaHandler:
    """Make a Lambda's entry point. It starts at the first event and keeps what it built for the following ones."""
    started: Started[A] | None = None

    def handler(event: Event, context: Any) -> Mapping[str, Any]:
        nonlocal started
        if started is None:
            started = _start_or_tell(build, environ)
        remaining: Callable[[], int] = context.get_remaining_time_in_millis
        invocation = Invocation(event, time.time_ns() // 1_000_000, remaining)
        return _run(started, handle, invocation, context.aws_request_id)

    return handler


def start(build: Build[A], environ: Mapping[str, str]) -> Started[A]:
    """Read the environment and build. Raises SettingsError with all that is wrong."""
    reader = Environ(environ)
    aws = AwsSettings.read(reader, SERVICES)
    seen = Observability.read(reader)
    account = Account(
        region=aws.region,
        credentials=aws.credentials,
        endpoint=aws.endpoints.get,
        wall_clock=time.time,
    )
    source = Source(seen.environment, seen.function, seen.namespace, seen.level)
    telemetry = Telemetry(source, sys.stdout, time.time)
    app = build(reader, account, telemetry)
    reader.check()
    return Started(app, account, telemetry)


def _start_or_tell(build: Build[A], environ: Mapping[str, str]) -> Started[A]:
    try:
        return start(build, environ)
    except SettingsError as failure:
        # There is no telemetry yet: its settings may be what is wrong.
        source = Source(environ.get("ENVIRONMENT", ""), environ.get("AWS_LAMBDA_FUNCTION_NAME", ""), NAMESPACE, "ERROR")
        telemetry = Telemetry(source, sys.stdout, time.time)
        telemetry.log("ERROR", "wrong environment", problems=str(failure))
        telemetry.error("settings")
        telemetry.end()
        raise


def build_rows(reader: Environ, account: Account, telemetry: Telemetry) -> Rows:
    """The two tables."""
    return rows(account, reader.text("CONNECTIONS_TABLE"), reader.text("SUBSCRIPTIONS_TABLE"), telemetry)


def build_ports(reader: Environ, account: Account, telemetry: Telemetry) -> Ports:
    """The two tables and the way to the clients. Checks the reader: read what else there is before."""
    endpoint = reader.url("MANAGEMENT_ENDPOINT")
    tables = build_rows(reader, account, telemetry)
    reader.check()
    return ports(account, tables, endpoint)


def rows(account: Account, connections: str, subscriptions: str, telemetry: TelemetryPort) -> Rows:
    """The two tables, by their names."""
    from .aws.dynamodb import DynamoConnections, DynamoSubscriptions

    database = dynamodb(account)
    return Rows(DynamoConnections(database, connections), DynamoSubscriptions(database, subscriptions), telemetry)


def ports(account: Account, tables: Rows, endpoint: str) -> Ports:
    """The tables, and the way to the clients through the management endpoint of a stage."""
    from .aws.management import ManagementOutbox

    outbox = ManagementOutbox(account, endpoint, patience(attempts=3, timeout=3.0))
    return Ports(tables.connections, tables.subscriptions, tables.telemetry, outbox)


def message_handler(action: Action) -> LambdaHandler:
    """The entry point of a route: every message is received the same way, and acted on by `action`."""

    def build(reader: Environ, account: Account, telemetry: Telemetry) -> tuple[Ports, int]:
        max_data_bytes = reader.integer("MAX_DATA_BYTES", 10_240)
        return build_ports(reader, account, telemetry), max_data_bytes

    def handle(invocation: Invocation, app: tuple[Ports, int]) -> Mapping[str, Any]:
        wired, max_data_bytes = app
        call = Call(invocation.connection_id, invocation.now, max_data_bytes)
        receive(invocation.event.get("body") or "", action, call, wired)
        return {"statusCode": 200}

    return lambda_handler(build, handle)


def dynamodb(account: Account) -> JsonService:
    """DynamoDB, patiently: what is lost here would have to be found by the sweep.

    If it hangs, all attempts and the answer to the client end within the function's timeout (functions.tf).
    """
    return JsonService(account, "dynamodb", "DynamoDB_20120810", "1.0", patience(attempts=4, timeout=1.5))


def patience(*, attempts: int, timeout: float) -> Patience:
    """Patience with pauses that double from 50 ms; `timeout` is in seconds."""
    return Patience(attempts, timeout, pause)


def build_door(reader: Environ, account: Account) -> Door:
    """Who may connect. Checks the reader: read what else there is before."""
    from .aws.tokens import AppKeys, JwtTokens
    from .usecases.connect import Door

    app_id, secret_id = reader.text("APP_ID"), reader.text("APPS_SECRET_ID")
    allow_anonymous = reader.flag("ALLOW_ANONYMOUS")
    reader.check()
    secrets = JsonService(account, "secretsmanager", "secretsmanager", "1.1", patience(attempts=3, timeout=1.5))
    return Door(app_id, allow_anonymous, JwtTokens(AppKeys(secrets, secret_id, app_id, time.monotonic)))


def _run(started: Started[A], handle: Handle[A], invocation: Invocation, request_id: str) -> Mapping[str, Any]:
    context = invocation.event.get("requestContext") or {}
    details = {"connectionId": context["connectionId"]} if "connectionId" in context else {}
    started.telemetry.begin(requestId=request_id, **details)
    started.account.calls.clear()
    try:
        return handle(invocation, started.app)
    except Exception as bug:
        cause = {"operation": bug.operation, "reason": bug.reason} if isinstance(bug, ServiceError) else {}
        started.telemetry.log("ERROR", "crashed", error=type(bug).__name__, **cause, stack=_stack(bug))
        started.telemetry.error("crash")
        raise Crashed(type(bug).__name__) from None
    finally:
        started.telemetry.end(calls=dict(started.account.calls))


def _stack(bug: Exception) -> list[str]:
    """Where it happened, without the message: that may quote what a client sent."""
    frames, traceback = [], bug.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames


def pause(attempt: int) -> None:
    """Wait before the next attempt: 50 ms doubled each time, with jitter: many callers must not come back at once."""
    share = int.from_bytes(os.urandom(2)) / 0xFFFF
    time.sleep(0.05 * 2 ** (attempt - 1) * (0.5 + share / 2))
