"""`ops keys`: the keys of the apps, several for each so that one can take over from another."""

from __future__ import annotations

from collections.abc import Callable

import click

from ops import apps as edits
from ops.apps_secret import Document, open_secret
from ops.commands.options import Name, confirm, json_option, note, secrets_option, write, yes_option
from ops.environments import Selection, open_deployment
from ops.output import Column, json_text, write_json_rows, write_table

COLUMNS = [
    Column("KEY", lambda row: row["key"]),
    Column("APP", lambda row: row["app"]),
    Column("STATE", lambda row: row["state"]),
    Column("CREATED", lambda row: row["createdAt"] or "-"),
]
SECRET_COLUMN = Column("SECRET", lambda row: row["secret"])


@click.group()
def keys() -> None:
    """Manage the keys of the apps. Clients carry a key, servers also its secret."""


@keys.command("list")
@click.option("--app", "app_id", type=Name(), help="Only keys of the app of this id.")
@secrets_option
@json_option
@click.pass_obj
def list_(selection: Selection, app_id: str | None, reveal: bool, as_json: bool) -> None:
    """List the keys of all apps in the order in which they were added."""
    found = open_secret(open_deployment(selection)).read().apps
    rows = edits.key_rows(found, app_id, reveal=reveal)
    if as_json:
        write_json_rows(rows, write)
    elif write_table(rows, [*COLUMNS, SECRET_COLUMN] if reveal else COLUMNS, write) == 0:
        note("No keys. Create one with: ops keys create")


@keys.command()
@click.option("--app", "app_id", type=Name(), help="Id of the app; by default the app of the plain protocol.")
@secrets_option
@json_option
@click.pass_obj
def create(selection: Selection, app_id: str | None, reveal: bool, as_json: bool) -> None:
    """Create a key. The others stay valid: move clients and servers to it, then disable the old one."""
    deployment = open_deployment(selection)
    owner = app_id or deployment.outputs["app_id"]
    changed = open_secret(deployment).change(lambda document: edits.create_key(document, owner))
    row = edits.row_of_key(changed.apps, changed.result, reveal=reveal)
    if as_json:
        write(json_text(row) + "\n")
    else:
        write_table([row], [*COLUMNS, SECRET_COLUMN] if reveal else COLUMNS, write)
    note(f"Key {changed.result} of app {owner} created. {edits.PICKED_UP}")


@keys.command()
@click.argument("key", type=Name())
@json_option
@click.pass_obj
def enable(selection: Selection, key: str, as_json: bool) -> None:
    """Let a disabled key be used again."""
    _switch(selection, key, lambda document: edits.enable_key(document, key), as_json)


@keys.command()
@click.argument("key", type=Name())
@click.option("--force", is_flag=True, help="Even if it is the last active key of its app.")
@yes_option
@json_option
@click.pass_obj
def disable(selection: Selection, key: str, force: bool, yes: bool, as_json: bool) -> None:
    """Let a key be used no more. It can be enabled again."""
    confirm(selection, f"Disable key {key} in {selection.name}? What uses it will be refused.", yes)
    _switch(selection, key, lambda document: edits.disable_key(document, key, force=force), as_json)


@keys.command()
@click.argument("key", type=Name())
@click.option("--force", is_flag=True, help="Even if it is active.")
@yes_option
@json_option
@click.pass_obj
def delete(selection: Selection, key: str, force: bool, yes: bool, as_json: bool) -> None:
    """Forget a disabled key and its secret for good."""
    confirm(selection, f"Delete key {key} in {selection.name}? It cannot be had back.", yes)
    open_secret(open_deployment(selection)).change(lambda document: edits.delete_key(document, key, force=force))
    if as_json:
        write(json_text({"key": key, "deleted": True}) + "\n")
    note(f"Key {key} deleted. {edits.PICKED_UP}")


def _switch(selection: Selection, key: str, edit: Callable[[Document], None], as_json: bool) -> None:
    changed = open_secret(open_deployment(selection)).change(edit)
    row = edits.row_of_key(changed.apps, key)
    if as_json:
        write(json_text(row) + "\n")
    note(f"Key {key} is {row['state']}. {edits.PICKED_UP}")
