"""The one place that wires adapters to the ports. Importing it does nothing.

Each builder imports its adapters and use cases itself: a cold start loads them, so a function is to load only what it
uses.
"""

from __future__ import annotations

import os
import time
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from .aws.json_service import JsonService, Patience
from .aws.service import Account
from .ports import Apps, Invoker, Limits, Ports, Sharing, Tables, Telemetry
from .settings import Environ

if TYPE_CHECKING:
    from .usecases.connect import Door


class TableNames(NamedTuple):
    """The names of the five tables."""

    connections: str
    subscriptions: str
    members: str
    channels: str
    state: str


class Names(NamedTuple):
    """Where a deployment's parts are found: its tables, the URL of its @connections, its secret, its queue's URL, its
    function that delivers.
    """

    tables: TableNames
    management_endpoint: str
    apps_secret: str
    tasks_queue_url: str
    deliver_function: str


def build_ports(reader: Environ, account: Account, telemetry: Telemetry) -> Ports:
    """All ports. Checks the reader: read what else there is before."""
    names = Names(
        tables=_table_names(reader),
        management_endpoint=reader.url("MANAGEMENT_ENDPOINT"),
        apps_secret=reader.text("APPS_SECRET_ID"),
        tasks_queue_url=reader.text("TASKS_QUEUE_URL"),
        deliver_function=reader.text("DELIVER_FUNCTION"),
    )
    limits = _limits(reader)
    reader.check()
    return ports(account, names, telemetry, limits)


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


def ports(account: Account, names: Names, telemetry: Telemetry, limits: Limits) -> Ports:
    """All ports of a deployment."""
    from .aws.clock import SystemClock
    from .aws.management import ManagementOutbox
    from .aws.queue import SqsTasks

    rate = limits.requests_per_second
    return Ports(
        tables=tables(account, names.tables),
        outbox=ManagementOutbox(account, names.management_endpoint, outbox_patience(), rate=rate),
        apps=_apps(account, names.apps_secret),
        tasks=SqsTasks(sqs(account), names.tasks_queue_url),
        clock=SystemClock(),
        telemetry=telemetry,
        sharing=cache(partial(_sharing, account, names)),
        limits=limits,
    )


def _sharing(account: Account, names: Names) -> Sharing:
    from .aws.tables.sharing import DynamoBuffers, DynamoQuota, DynamoShares

    database, state = dynamodb(account), names.tables.state
    return Sharing(
        invoker=_invoker(account, names.deliver_function),
        shares=DynamoShares(database, state),
        quota=DynamoQuota(database, state),
        buffers=DynamoBuffers(database, state),
        new_id=lambda: os.urandom(9).hex(),
    )


def _invoker(account: Account, function: str) -> Invoker:
    from .aws.invoker import LambdaInvoker

    return LambdaInvoker(account, function, patience(attempts=3, timeout=1.5))


def _limits(reader: Environ) -> Limits:
    default = Limits()
    return Limits(
        direct_readers=reader.integer("FANOUT_DIRECT_READERS", default.direct_readers),
        share_readers=reader.integer("FANOUT_SHARE_READERS", default.share_readers),
        max_shares=reader.integer("FANOUT_MAX_SHARES", default.max_shares),
        requests_per_second=reader.integer("FANOUT_REQUESTS_PER_SECOND", default.requests_per_second),
        max_age_seconds=reader.integer("FANOUT_MAX_AGE_SECONDS", default.max_age_seconds),
        coalesce_max_ms=reader.count("COALESCE_MAX_MS", default.coalesce_max_ms),
    )


def _table_names(reader: Environ) -> TableNames:
    return TableNames(*(reader.text(f"{name.upper()}_TABLE") for name in TableNames._fields))


def dynamodb(account: Account) -> JsonService:
    """DynamoDB, patiently: what is lost here would have to be found by the sweep.

    If it hangs, all attempts and the answer to the client end within the function's timeout (functions.tf).
    """
    return _json(account, "dynamodb", "DynamoDB_20120810", "1.0", attempts=4)


def sqs(account: Account) -> JsonService:
    """SQS."""
    return _json(account, "sqs", "AmazonSQS", "1.0", attempts=3)


def _json(account: Account, name: str, target_prefix: str, version: str, *, attempts: int) -> JsonService:
    return JsonService(account, name, target_prefix, version, patience(attempts=attempts, timeout=1.5))


def outbox_patience() -> Patience:
    """With which frames are posted."""
    return patience(attempts=3, timeout=3.0)


def patience(*, attempts: int, timeout: float) -> Patience:
    """Patience with pauses that double from 50 ms; `timeout` is in seconds."""
    return Patience(attempts, timeout, pause)


def build_apps(reader: Environ, account: Account) -> Apps:
    """The apps. Reads APPS_SECRET_ID; Secrets Manager is asked when an app is."""
    return _apps(account, reader.text("APPS_SECRET_ID"))


def build_door(reader: Environ, account: Account, telemetry: Telemetry) -> Door:
    """Who may connect. Checks the reader: read what else there is before."""
    from .aws.tables.connections import DynamoConnections
    from .aws.tables.state import DynamoState
    from .aws.tokens import JwtTokens
    from .usecases.connect import Door

    app_id, allow_anonymous = reader.text("APP_ID"), reader.flag("ALLOW_ANONYMOUS")
    connections, state = reader.text("CONNECTIONS_TABLE"), reader.text("STATE_TABLE")
    function, coalesce_max_ms = reader.text("DELIVER_FUNCTION"), reader.count("COALESCE_MAX_MS", 0)
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
        invoker=_invoker(account, function),
        telemetry=telemetry,
        coalesce_max_ms=coalesce_max_ms,
    )


def _apps(account: Account, secret: str) -> Apps:
    from .aws.apps import AppStore

    return AppStore(_json(account, "secretsmanager", "secretsmanager", "1.1", attempts=3), secret, time.monotonic)


def pause(attempt: int) -> None:
    """Wait before the next attempt: 50 ms doubled each time, with jitter: many callers must not come back at once."""
    share = int.from_bytes(os.urandom(2)) / 0xFFFF
    time.sleep(0.05 * 2 ** (attempt - 1) * (0.5 + share / 2))
