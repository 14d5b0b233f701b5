"""`ops outputs`: what a client or a script needs to know of a deployment."""

from __future__ import annotations

import click

from ops.commands.options import json_option, write
from ops.environments import Selection, open_deployment
from ops.output import flatten, json_text


@click.command()
@json_option
@click.pass_obj
def outputs(selection: Selection, as_json: bool) -> None:
    """Print URLs, names and ids of what is deployed. The keys are the same everywhere; none is a secret."""
    values = dict(open_deployment(selection).outputs)
    if as_json:
        write(json_text(values) + "\n")
        return
    rows = list(flatten(values))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        write(f"{name:<{width}}  {value}\n")
