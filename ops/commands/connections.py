"""`ops connections`: who is live."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from ops.commands.options import Name, json_option, note, write
from ops.connections import Filter, Inspector, Names
from ops.dynamodb import DynamoDB
from ops.environments import Deployment, Selection, open_deployment
from ops.output import Column, duration, json_text, printable, write_json_rows, write_table
from realtime.domain.channels import MAX_CHANNEL_LENGTH
from realtime.wiring import dynamodb


@click.group()
def connections() -> None:
    """Inspect live connections."""


@connections.command("list")
@click.option("--team", type=Name(), help="Only connections of this team.")
@click.option("--user", type=Name(), help="Only connections of this user.")
@click.option("--channel", type=Name(MAX_CHANNEL_LENGTH), help="Only connections that are subscribed to this channel.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@json_option
@click.pass_obj
def list_(
    selection: Selection, team: str | None, user: str | None, channel: str | None, limit: int | None, as_json: bool
) -> None:
    """List live connections in the order in which they connected.

    \b
    Examples:
      ops connections list --team 123
      ops --env prod connections list --channel team-123 --json
    """
    deployment = open_deployment(selection)
    now = time.time()
    rows = _inspector(deployment, now).find(Filter(team, user, channel, limit))
    if as_json:
        write_json_rows(rows, write)
    elif write_table(rows, _columns(now), write) == 0:
        note("No live connections.")


@connections.command()
@click.argument("connection_id", type=Name())
@json_option
@click.pass_obj
def show(selection: Selection, connection_id: str, as_json: bool) -> None:
    """Show all that is known of one connection."""
    deployment = open_deployment(selection)
    now = time.time()
    row = _inspector(deployment, now).get(connection_id)
    if as_json:
        write(json_text(row) + "\n")
        return
    for label, value in _details(row, now):
        write(f"{label:<14}{printable(value)}\n")


def _inspector(deployment: Deployment, now: float) -> Inspector:
    client = DynamoDB(dynamodb(deployment.account()))
    names = Names(
        connections=deployment.table("connections"),
        subscriptions=deployment.table("subscriptions"),
        members=deployment.table("members"),
        app_id=deployment.outputs["app_id"],
    )
    return Inspector(client, names, int(now))


def _columns(now: float) -> list[Column]:
    def text(name: str) -> Any:
        return lambda row: row[name] or "-"

    return [
        Column("ID", text("connectionId")),
        Column("USER", text("userId")),
        Column("TEAM", text("teamId")),
        Column("CHANNELS", lambda row: ",".join(row["channels"]) or "-"),
        Column("CONNECTED", lambda row: duration(now - row["connectedAt"] / 1000)),
        Column("LAST SEEN", lambda row: duration(now - row["lastSeenAt"] / 1000)),
        Column("PROTOCOL", text("protocol")),
        Column("ADDRESS", text("sourceIp")),
    ]


def _details(row: Mapping[str, Any], now: float) -> list[tuple[str, str]]:
    def moment(name: str) -> str:
        at = row[name] / 1000
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC ({duration(now - at)} ago)"

    return [
        ("Connection", row["connectionId"]),
        ("User", row["userId"] or "-"),
        ("Team", row["teamId"] or "-"),
        ("Channels", ", ".join(row["channels"]) or "-"),
        ("Connected", moment("connectedAt")),
        ("Last seen", moment("lastSeenAt")),
        ("Protocol", row["protocol"]),
        ("App", f"{row['appId']} (key {row['key'] or '-'})"),
        ("Address", row["sourceIp"] or "-"),
        ("User agent", row["userAgent"] or "-"),
    ]
