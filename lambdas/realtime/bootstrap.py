"""The one place that reads the environment and wires adapters to use cases. Importing it does neither.

Each builder imports its adapters and use cases itself: source is compiled at every cold start, so a function is to
load only what it uses.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from .aws.json_service import JsonService, Patience
from .aws.service import Account
from .aws.telemetry import Source, Telemetry
from .domain.errors import ServiceError
from .ports import Apps, Ports, Tables
from .ports import Telemetry as TelemetryPort
from .settings import NAMESPACE, AwsSettings, Environ, Observability, SettingsError

if TYPE_CHECKING:
    from .usecases.actions import Call
    from .usecases.connect import Door
    from .usecases.receive import Action

SERVICES = ("dynamodb", "secretsmanager", "sqs", "lambda", "apigatewaymanagementapi")

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

    @property
    def received_at(self) -> int:
        """When API Gateway took in what the event is about (ms)."""
        received_at: int = self.event["requestContext"]["requestTimeEpoch"]
        return received_at


Build = Callable[[Environ, Account, Telemetry], A]
Handle = Callable[[Invocation, A], Mapping[str, Any]]


def lambda_handler(build: Build[A], handle: Handle[A], environ: Mapping[str, str] = os.environ) -> LambdaHandler:
    """Make a Lambda's entry point. It starts at the first event and keeps what it built for the following ones."""
    # All is imported by now, and a handler's package (handlers/__init__.py) has put the collector off until then.
    gc.enable()
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


class TableNames(NamedTuple):
    """The names of the five tables."""

    connections: str
    subscriptions: str
    members: str
    channels: str
    state: str


class Names(NamedTuple):
    """Where a deployment's parts are found: its tables, the URL of its @connections, its secret, its queue's URL."""

    tables: TableNames
    management_endpoint: str
    apps_secret: str
    tasks_queue_url: str


def build_ports(reader: Environ, account: Account, telemetry: TelemetryPort) -> Ports:
    """All ports. Checks the reader: read what else there is before."""
    names = Names(
        tables=_table_names(reader),
        management_endpoint=reader.url("MANAGEMENT_ENDPOINT"),
        apps_secret=reader.text("APPS_SECRET_ID"),
        tasks_queue_url=reader.text("TASKS_QUEUE_URL"),
    )
    reader.check()
    return ports(account, names, telemetry)


def tables(account: Account, names: TableNames) -> Tables:
    """The five tables, by their names."""
    from .aws.tables.channels import DynamoChannels
    from .aws.tables.connections import DynamoConnections
    from .aws.tables.members import DynamoMembers
    from .aws.tables.state import DynamoState
    from .aws.tables.subscriptions import DynamoSubscriptions

    database = dynamodb(account)
    return Tables(
        connections=DynamoConnections(database, names.connections),
        subscriptions=DynamoSubscriptions(database, names.subscriptions),
        members=DynamoMembers(database, names.members, account.wall_clock),
        channels=DynamoChannels(database, names.channels),
        state=DynamoState(database, names.state),
    )


def ports(account: Account, names: Names, telemetry: TelemetryPort) -> Ports:
    """All ports of a deployment."""
    from .aws.clock import SystemClock
    from .aws.management import ManagementOutbox
    from .aws.queue import SqsTasks

    return Ports(
        tables=tables(account, names.tables),
        outbox=ManagementOutbox(account, names.management_endpoint, patience(attempts=3, timeout=3.0)),
        apps=_apps(account, names.apps_secret),
        tasks=SqsTasks(sqs(account), names.tasks_queue_url),
        clock=SystemClock(),
        telemetry=telemetry,
    )


def _table_names(reader: Environ) -> TableNames:
    return TableNames(*(reader.text(f"{name.upper()}_TABLE") for name in TableNames._fields))


def message_handler(action: Action) -> LambdaHandler:
    """The entry point of a plain route: every message is received the same way, and acted on by `action`."""
    from .usecases.receive import receive

    return frame_handler(lambda body, call, ports: receive(body, action, call, ports))


def frame_handler(take: Callable[[str, Call, Ports], None]) -> LambdaHandler:
    """The entry point of a route, whose frames are `take`n."""
    from .usecases.actions import Call

    def build(reader: Environ, account: Account, telemetry: Telemetry) -> tuple[Ports, int]:
        max_data_bytes = reader.integer("MAX_DATA_BYTES", 10_240)
        return build_ports(reader, account, telemetry), max_data_bytes

    def handle(invocation: Invocation, app: tuple[Ports, int]) -> Mapping[str, Any]:
        wired, max_data_bytes = app
        call = Call(invocation.connection_id, invocation.now, invocation.received_at, max_data_bytes)
        take(invocation.event.get("body") or "", call, wired)
        return {"statusCode": 200}

    return lambda_handler(build, handle)


def dynamodb(account: Account) -> JsonService:
    """DynamoDB, patiently: what is lost here would have to be found by the sweep.

    If it hangs, all attempts and the answer to the client end within the function's timeout (functions.tf).
    """
    return JsonService(account, "dynamodb", "DynamoDB_20120810", "1.0", patience(attempts=4, timeout=1.5))


def sqs(account: Account) -> JsonService:
    """SQS."""
    return JsonService(account, "sqs", "AmazonSQS", "1.0", patience(attempts=3, timeout=1.5))


def patience(*, attempts: int, timeout: float) -> Patience:
    """Patience with pauses that double from 50 ms; `timeout` is in seconds."""
    return Patience(attempts, timeout, pause)


def build_apps(reader: Environ, account: Account) -> Apps:
    """The apps. Reads APPS_SECRET_ID; Secrets Manager is asked when an app is."""
    return _apps(account, reader.text("APPS_SECRET_ID"))


def build_door(reader: Environ, account: Account, telemetry: TelemetryPort) -> Door:
    """Who may connect. Checks the reader: read what else there is before."""
    from .aws.invoker import LambdaInvoker
    from .aws.tables.connections import DynamoConnections
    from .aws.tables.state import DynamoState
    from .aws.tokens import JwtTokens
    from .usecases.connect import Door

    app_id, allow_anonymous = reader.text("APP_ID"), reader.flag("ALLOW_ANONYMOUS")
    connections, state = reader.text("CONNECTIONS_TABLE"), reader.text("STATE_TABLE")
    function = reader.text("DELIVER_FUNCTION")
    apps = build_apps(reader, account)
    reader.check()
    database = dynamodb(account)
    return Door(
        app_id=app_id,
        allow_anonymous=allow_anonymous,
        tokens=JwtTokens(apps, app_id),
        apps=apps,
        connections=DynamoConnections(database, connections),
        state=DynamoState(database, state),
        invoker=LambdaInvoker(account, function, patience(attempts=3, timeout=1.5)),
        telemetry=telemetry,
    )


def _apps(account: Account, secret: str) -> Apps:
    from .aws.apps import AppStore

    secrets = JsonService(account, "secretsmanager", "secretsmanager", "1.1", patience(attempts=3, timeout=1.5))
    return AppStore(secrets, secret, time.monotonic)


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


def pause(attempt: int) -> None:
    """Wait before the next attempt: 50 ms doubled each time, with jitter: many callers must not come back at once."""
    share = int.from_bytes(os.urandom(2)) / 0xFFFF
    time.sleep(0.05 * 2 ** (attempt - 1) * (0.5 + share / 2))
