"""The `ops` command: its options, its commands by name, and the place where an error becomes an exit code."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType
from typing import Any

import click

from ops.environments import LOCAL, NAMES, Selection
from ops.errors import EXIT_FAILURE, EXIT_INTERRUPTED, OpsError
from ops.failures import explain

# Named one by one, imported when used: a shell prompt should not wait for boto3 to learn a command's name.
_COMMANDS = {
    "apps": "apps",
    "completion": "completion",
    "connections": "connections",
    "demo": "demo",
    "keys": "keys",
    "local": "local",
    "outputs": "outputs",
    "package": "package",
    "publish": "publish",
    "simulate": "simulate",
    "terraform": "terraform",
    "token": "token",
}


class _Commands(click.Group):
    """Loads a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"ops.commands.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--env",
    "name",
    type=click.Choice(NAMES),
    envvar="OPS_ENV",
    default=LOCAL,
    show_default=True,
    show_envvar=True,
    help="The environment to act on.",
)
@click.option("--region", help="AWS region to check against what was deployed; not for local.")
@click.option("--profile", help="Profile of the AWS configuration to sign with; not for local.")
@click.version_option(package_name="milequest-ops")
@click.pass_context
def ops(ctx: click.Context, name: str, region: str | None, profile: str | None) -> None:
    """Operate Mile Quest Realtime: package, inspect, publish, and run the whole of it on this machine.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found something.
    """
    if name == LOCAL and (region or profile):
        raise click.UsageError("The local AWS has neither regions nor profiles to choose from: name another --env.")
    ctx.obj = Selection(name, region, profile)


def main() -> None:
    """Run `ops` and exit."""
    ended_by: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        ended_by.append(number)
        raise KeyboardInterrupt

    # A cancelled CI job and a closed terminal are to leave as little behind as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    code = run(sys.argv[1:])
    sys.exit(128 + ended_by[0] if ended_by else code)


def run(arguments: list[str]) -> int:
    """Run `ops` with these arguments; return its exit code. Never raises: what goes wrong is told on standard error."""
    try:
        result: Any = ops.main(arguments, prog_name="ops", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except SystemExit as leaving:
        # So click ends when the reader of our output (`head`, `less`) has seen enough, and after a shell's completion.
        return leaving.code if isinstance(leaving.code, int) else EXIT_FAILURE
    except Exception as failure:
        explained = explain(failure)
        if explained is None:
            raise
        return _report(explained)
    return result if isinstance(result, int) else 0


def _report(failure: OpsError) -> int:
    click.echo(f"Error: {failure.message}", err=True)
    if failure.hint:
        click.echo(failure.hint, err=True)
    return failure.exit_code
