"""`ops apps`: the apps, their settings and their webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from ops import apps as edits
from ops.apps_secret import Document, open_secret
from ops.commands.keys import COLUMNS, SECRET_COLUMN
from ops.commands.options import Name, confirm, json_option, note, secrets_option, write, yes_option
from ops.environments import LOCAL, Selection, open_deployment
from ops.output import Column, json_text, printable, write_json_rows, write_table
from realtime.domain.apps import WEBHOOK_KINDS, Webhook
from realtime.domain.urls import check_webhook_url

_LIST = [
    Column("ID", lambda row: row["id"]),
    Column("NAME", lambda row: row["name"] or "-"),
    Column("ENABLED", lambda row: _text(row["enabled"])),
    Column("ACTIVE KEYS", lambda row: str(sum(key["state"] == "active" for key in row["keys"]))),
    Column("WEBHOOKS", lambda row: str(len(row["settings"]["webhooks"]))),
]


def _complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [f"{name}=" for name in edits.SETTINGS if name.startswith(incomplete)]


@click.group()
def apps() -> None:
    """Manage the apps: whom clients and servers speak to, each with its keys, settings and channels."""


@apps.command("list")
@json_option
@click.pass_obj
def list_(selection: Selection, as_json: bool) -> None:
    """List the apps. Secrets are not shown."""
    found = open_secret(open_deployment(selection)).read().apps
    rows = [edits.app_row(app) for app in found]
    if as_json:
        write_json_rows(rows, write)
    elif write_table(rows, _LIST, write) == 0:
        note("No apps. Create one with: ops apps create NAME")


@apps.command()
@click.argument("app_id", metavar="[ID]", type=Name(), required=False)
@secrets_option
@json_option
@click.pass_obj
def show(selection: Selection, app_id: str | None, reveal: bool, as_json: bool) -> None:
    """Show one app with its keys and settings; the default app if ID is left out."""
    deployment = open_deployment(selection)
    found = open_secret(deployment).read().apps
    row = edits.app_row(edits.app_of(found, app_id or deployment.outputs["app_id"]), reveal=reveal)
    if as_json:
        write(json_text(row) + "\n")
    else:
        _show(row, reveal)


@apps.command()
@click.argument("name", type=Name())
@secrets_option
@json_option
@click.pass_obj
def create(selection: Selection, name: str, reveal: bool, as_json: bool) -> None:
    """Create an app with a key of its own. Its id is the lowest number that is free."""

    def edit(document: Document) -> str:
        return edits.create_app(document, name)

    changed = open_secret(open_deployment(selection)).change(edit)
    row = edits.app_row(edits.app_of(changed.apps, changed.result), reveal=reveal)
    if as_json:
        write(json_text(row) + "\n")
    else:
        _show(row, reveal)
    note(f"App {changed.result} created. {edits.PICKED_UP}")


@apps.command("set")
@click.argument("app_id", metavar="ID", type=Name())
@click.argument("pairs", metavar="SETTING=VALUE...", nargs=-1, required=True, shell_complete=_complete_setting)
@json_option
@click.pass_obj
def set_(selection: Selection, app_id: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Change settings of an app: true or false, a number or none, a list with commas.

    \b
    Examples:
      ops apps set 1 client_events=false max_connections=500
      ops apps set 1 origins=https://app.example.com,*.example.org
      ops apps set 1 origins= max_connections=none
    """
    values = dict(map(_pair, pairs))
    if len(values) < len(pairs):
        raise click.UsageError("Each setting is given once.")
    _change(selection, app_id, lambda document: edits.change_settings(document, app_id, values), as_json)


@apps.command()
@click.argument("app_id", metavar="ID", type=Name())
@json_option
@click.pass_obj
def enable(selection: Selection, app_id: str, as_json: bool) -> None:
    """Let an app be used again."""
    _change(selection, app_id, lambda document: edits.enable_app(document, app_id, True), as_json)


@apps.command()
@click.argument("app_id", metavar="ID", type=Name())
@yes_option
@json_option
@click.pass_obj
def disable(selection: Selection, app_id: str, yes: bool, as_json: bool) -> None:
    """Let nobody connect to an app or publish in it. Its keys and settings stay."""
    confirm(selection, f"Disable app {app_id} in {selection.name}? Its clients and servers will be refused.", yes)
    _change(selection, app_id, lambda document: edits.enable_app(document, app_id, False), as_json)


@apps.group()
def webhooks() -> None:
    """Manage where an app's events are posted to. See them with: ops apps show ID."""


@webhooks.command()
@click.argument("app_id", metavar="ID", type=Name())
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, type=click.Choice(WEBHOOK_KINDS), help="Only this kind of event. Repeatable."
)
@click.option(
    "--prefix", "prefixes", multiple=True, type=Name(), help="Only channels whose name begins so. Repeatable."
)
@json_option
@click.pass_obj
def add(
    selection: Selection, app_id: str, url: str, events: tuple[str, ...], prefixes: tuple[str, ...], as_json: bool
) -> None:
    """Post an app's events to URL: https, at a public address. One with the same URL is replaced.

    \b
    Example:
      ops apps webhooks add 1 https://example.com/hook --event member_added --prefix presence-
    """
    try:
        check_webhook_url(url, insecure=selection.name == LOCAL)
    except ValueError as failure:
        raise click.BadParameter(f"{failure}.", param_hint="URL") from None
    webhook = Webhook(url, frozenset(events), prefixes)
    _change(selection, app_id, lambda document: edits.add_webhook(document, app_id, webhook), as_json)


@webhooks.command()
@click.argument("app_id", metavar="ID", type=Name())
@click.argument("url")
@json_option
@click.pass_obj
def remove(selection: Selection, app_id: str, url: str, as_json: bool) -> None:
    """Post an app's events to URL no more."""
    _change(selection, app_id, lambda document: edits.remove_webhook(document, app_id, url), as_json)


def _change(selection: Selection, app_id: str, edit: Callable[[Document], None], as_json: bool) -> None:
    changed = open_secret(open_deployment(selection)).change(edit)
    if as_json:
        write(json_text(edits.app_row(edits.app_of(changed.apps, app_id))) + "\n")
    note(f"App {app_id} changed. {edits.PICKED_UP}")


def _pair(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise click.BadParameter(f"{text!r} is not SETTING=VALUE.", param_hint="SETTING=VALUE")
    if name == "webhooks":
        raise click.UsageError("Webhooks are changed one by one: ops apps webhooks add, ops apps webhooks remove.")
    try:
        return name, edits.setting_of(name, value)
    except ValueError as failure:
        raise click.BadParameter(f"{failure}.", param_hint="SETTING=VALUE") from None


def _show(row: Mapping[str, Any], reveal: bool) -> None:
    lines = [("App", row["id"]), ("Name", row["name"] or "-"), ("Enabled", row["enabled"]), *row["settings"].items()]
    webhooks = lines.pop()[1]
    for label, value in lines:
        write(f"{label:<28}{printable(_text(value))}\n")
    for webhook in webhooks:
        events, prefixes = ", ".join(webhook["events"]), ", ".join(webhook["prefixes"])
        text = f"{webhook['url']} ({events or 'all events'}; {prefixes or 'all channels'})"
        write(f"{'webhook':<28}{printable(text)}\n")
    write("\n")
    columns = [column for column in COLUMNS if column.heading != "APP"]
    write_table(row["keys"], [*columns, SECRET_COLUMN] if reveal else columns, write)


def _text(value: Any) -> str:
    """A value as `ops apps set` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) or "-" if isinstance(value, list) else str(value or "-")
