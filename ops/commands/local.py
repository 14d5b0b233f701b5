"""`ops local`: the whole of it on this machine."""

from __future__ import annotations

import time
from typing import Any

import click

from ops import paths
from ops.commands.options import Duration, json_option, note, write
from ops.commands.progress import Steps
from ops.commands.terraform import RAW, pass_through
from ops.local import stack
from ops.local.control import running
from ops.local.faults import NAMES, TIMED
from ops.local.logs import Logs
from ops.output import Column, duration, json_text, printable, write_table
from ops.templates import render


@click.group()
def local() -> None:
    """Run the whole of it on this machine: the real Terraform and the real zips on a local AWS."""


@local.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=stack.DEFAULT_PORT, show_default=True, help="Of 127.0.0.1."
)
@click.option("--detach", is_flag=True, help="Return when it is up, and leave it running.")
@click.option("--idle-timeout", type=Duration(), help="Close clients that are silent for so long (API Gateway: 10m).")
@click.option("--max-duration", type=Duration(), help="Close clients after so long (API Gateway: 2h).")
def up(port: int, detach: bool, idle_timeout: float | None, max_duration: float | None) -> None:
    """Start the local AWS and deploy onto it. Without --detach it shows the logs, and Ctrl-C ends it."""
    started = time.monotonic()
    already = stack.running_at()
    if already is not None:
        note(f"The local AWS runs already at {already}. ops local apply deploys changes, ops local down ends it.")
        return
    with Steps() as steps:
        outputs = stack.up(stack.Options(port, idle_timeout, max_duration), steps)
    note(render("up.txt.j2", outputs=outputs, seconds=round(time.monotonic() - started)))
    if detach:
        return
    logs = Logs(paths.LOCAL / "logs")
    logs.skip()
    try:
        for line in logs.follow():
            _show(line)
    except KeyboardInterrupt:
        note("Ending the local AWS.")
    finally:
        stack.down()


@local.command()
def apply() -> None:
    """Package and apply again, after a change to lambdas/ or terraform/."""
    with Steps() as steps:
        stack.redeploy(steps)
    note("Applied.")


@local.command(context_settings=RAW)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def terraform(arguments: tuple[str, ...]) -> int:
    """Run Terraform against the local AWS, such as: ops local terraform plan."""
    space = stack.workspace()
    return pass_through(arguments, space.folder, space.environ)


@local.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether it runs, and what is connected and deployed."""
    told = stack.status()
    if as_json:
        write(json_text(told) + "\n")
        return
    write(f"up at {told['endpoint_url']} for {duration(told['uptime'])}, process {told['pid']}\n")
    write(f"{told['connections']['live']} connections\n")
    if told["faults"]:
        write(f"faults: {', '.join(told['faults'])}\n")
    functions = [{"name": name, **state} for name, state in sorted(told["functions"].items())]
    write_table(functions, _FUNCTIONS, write)


@local.command()
def down() -> None:
    """End it. The tables and all else that was deployed are gone with it; the logs stay."""
    note("The local AWS is down." if stack.down() else "The local AWS was not running.")


@local.command()
@click.option("-f", "--follow", "following", is_flag=True, help="Go on as new lines come.")
@click.option("--lines", type=click.IntRange(min=0), default=50, show_default=True, help="So many of the last ones.")
@click.argument("names", nargs=-1, metavar="[FUNCTION]...")
def logs(following: bool, lines: int, names: tuple[str, ...]) -> None:
    """Show the logs of the Lambdas, the gateway's access log and the daemon's own; by default of all."""
    found = Logs(paths.LOCAL / "logs", names)
    for line in found.tail(lines):
        _show(line)
    if following:
        running(paths.LOCAL)
        try:
            for line in found.follow():
                _show(line)
        except KeyboardInterrupt:
            return


@local.group()
def fault() -> None:
    """Make things go wrong on purpose: lost disconnects, gone connections, failing tables, cut lines."""


@fault.command("list")
@json_option
def list_faults(as_json: bool) -> None:
    """List the faults there are, and which are on."""
    told = running(paths.LOCAL).call("GET", "faults")
    if as_json:
        write(json_text(told) + "\n")
        return
    rows = [
        {"name": name, "on": json_text(told["on"][name]) if name in told["on"] else "", "does": does}
        for name, does in told["names"].items()
    ]
    write_table(rows, _FAULTS, write)


@fault.command("on")
@click.argument("name", type=click.Choice(sorted(NAMES)))
@click.option(
    "--rate", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True, help="How often it strikes."
)
@click.option("--times", type=click.IntRange(min=1), help="Strike so often, then stop.")
@click.option("--delay", type=Duration(), default="0s", help="For the faults that delay: by how much.")
@click.option("--match", help="Only where the subject (connection id, operation and table, function) contains this.")
def fault_on(name: str, rate: float, times: int | None, delay: float, match: str | None) -> None:
    """Switch a fault on."""
    if name in TIMED and delay == 0:
        raise click.UsageError(f"{name} needs --delay, such as --delay 3s.")
    settings = {"name": name, "rate": rate, "times": times, "seconds": delay, "match": match}
    running(paths.LOCAL).set_fault(settings)
    note(f"{name} is on.")


@fault.command("off")
@click.argument("name", type=click.Choice(sorted(NAMES)), required=False)
def fault_off(name: str | None) -> None:
    """Switch one fault off, or all of them."""
    running(paths.LOCAL).clear_fault(name)
    note(f"{name} is off." if name else "All faults are off.")


@fault.command()
@click.option("--match", default="", help="Only connections whose id contains this.")
def cut(match: str) -> None:
    """Cut the clients' TCP connections without a word, as a lost network does."""
    told = running(paths.LOCAL).call("POST", "faults/cut", {"match": match})
    note(f"{told['cut']} connections cut.")


def _show(line: str) -> None:
    # A crashing handler may log what a client sent.
    write(printable(line.rstrip("\n")) + "\n")


def _cell(name: str) -> Any:
    return lambda row: str(row.get(name, "-"))


_FUNCTIONS = [
    Column("FUNCTION", _cell("name")),
    Column("WORKERS", _cell("workers")),
    Column("INVOCATIONS", _cell("invocations")),
    Column("ERRORS", _cell("errors")),
    Column("COLD STARTS", _cell("cold_starts")),
]
_FAULTS = [Column("FAULT", _cell("name")), Column("ON", _cell("on")), Column("WHAT IT DOES", _cell("does"))]
