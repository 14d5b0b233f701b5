"""`ops demo`: see it work."""

from __future__ import annotations

import asyncio

import click

from ops.commands.connections import list_
from ops.commands.options import note, write
from ops.environments import LOCAL, Selection, open_deployment
from ops.errors import OpsError


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Connect clients of two teams and Pusher's libraries, publish, and show who heard what and how fast."""
    from ops.demo import Told, play

    selection: Selection = ctx.obj
    if selection.name != LOCAL:
        raise OpsError(f"The demo writes to what is deployed, so it is for local only, not {selection.name}.")
    deployment = open_deployment(selection)

    def say(told: Told) -> None:
        write(f"  {told.who:<10} {told.what}\n")

    def show_connections() -> None:
        write("\n$ ops connections list --team 123\n")
        ctx.invoke(list_, team="123")

    asyncio.run(play(deployment, say, show_connections))
    note(
        "\nNow type:  . .venv/bin/activate\n"
        "           ops publish team-123 activity-logged '{\"distance\": 2.5}'\n"
        "           ops local logs -f\n"
        "           make down"
    )
