"""`ops publish`: an event to a channel."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from ops.commands.options import json_option, note, write
from ops.environments import LOCAL, Selection, open_deployment
from ops.errors import EXIT_FAILURE
from ops.output import json_text
from realtime.domain.errors import ClientError
from realtime.protocols import plain


@click.command()
@click.argument("channel")
@click.argument("event")
@click.argument("data", default="{}")
@click.option("--yes", is_flag=True, help="Do not ask, where --env is not local.")
@json_option
@click.pass_obj
def publish(selection: Selection, channel: str, event: str, data: str, yes: bool, as_json: bool) -> int:
    """Publish EVENT with DATA, as JSON, to every subscriber of CHANNEL. DATA - reads standard input.

    \b
    Example:
      ops publish team-123 activity-logged '{"distance": 2.5}'
    """
    from ops.publishing import publish_event

    broadcast = _parse(channel, event, data)
    deployment = open_deployment(selection)
    _check_size(broadcast, deployment.outputs["max_data_bytes"])
    if selection.name != LOCAL and not yes:
        click.confirm(f"Publish {event} to all subscribers of {channel} in {selection.name}?", abort=True, err=True)
    published = publish_event(deployment, broadcast)
    result = published.deliveries
    counts = {
        "delivered": len(result.delivered),
        "gone": len(result.gone),
        "failed": len(result.failed) + len(result.throttled),
        "shares": published.shares,
        "waiting": published.waiting,
    }
    write(json_text(counts) + "\n") if as_json else note(_summary(counts))
    return EXIT_FAILURE if counts["failed"] else 0


def _summary(counts: dict[str, int]) -> str:
    return "\n".join([_now(counts), *_later(counts["waiting"])])


def _now(counts: dict[str, int]) -> str:
    if counts["shares"]:
        return f"Shared out to {counts['shares']} functions: their logs say what became of it."
    return f"{counts['delivered']} delivered, {counts['gone']} gone, {counts['failed']} failed."


def _later(waiting: int) -> list[str]:
    readers = "1 reader" if waiting == 1 else f"{waiting} readers"
    return [f"It waits for others, for {readers}: the log of deliver says what became of it."] if waiting else []


def _parse(channel: str, event: str, data: str) -> plain.Broadcast:
    try:
        value: Any = json.loads(sys.stdin.read() if data == "-" else data)
    except (ValueError, RecursionError) as failure:
        raise click.BadParameter(f"it is not JSON: {failure}", param_hint="DATA") from None
    fields = {"action": "broadcast", "channel": channel, "event": event, "data": value}
    try:
        return plain.broadcast_of(plain.Message(fields, None), sys.maxsize)
    except ClientError as refusal:
        raise click.UsageError(refusal.message) from None


def _check_size(broadcast: plain.Broadcast, limit: int) -> None:
    size = len(broadcast.data.encode())
    if size > limit:
        raise click.BadParameter(f"it has {size} bytes; {limit} are allowed (max_data_bytes).", param_hint="DATA")
