"""`ops token`: a token that opens a connection."""

from __future__ import annotations

import click

from ops.commands.options import Duration, Name, write
from ops.environments import Selection, open_deployment
from realtime.domain.channels import is_pattern


@click.command()
@click.option("--user", required=True, type=Name(), help="Who connects (claim sub).")
@click.option("--team", required=True, type=Name(), help="The team whose channels it opens (claim team).")
@click.option(
    "--channel", "channels", multiple=True, help="A further channel that it opens; * is a wildcard. Repeatable."
)
@click.option(
    "--expires-in", type=Duration(), default="1h", show_default=True, help="How long it is valid: 30s, 15m, 2h."
)
@click.pass_obj
def token(selection: Selection, user: str, team: str, channels: tuple[str, ...], expires_in: float) -> None:
    """Mint a token and print it alone, for scripts: ws.connect(url + "?token=" + token)."""
    from ops.tokens import Grant, mint

    for pattern in channels:
        if not is_pattern(pattern):
            raise click.BadParameter(f"{pattern!r} is no channel name, * included.", param_hint="--channel")
    if expires_in < 1:
        raise click.BadParameter("a token is valid for a second at least.", param_hint="--expires-in")
    grant = Grant(user, team, int(expires_in), channels)
    write(mint(open_deployment(selection), grant) + "\n")
