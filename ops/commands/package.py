"""`ops package`: the Lambdas' zips."""

from __future__ import annotations

import re

import click

from ops.commands.options import json_option, note, write
from ops.errors import EXIT_FOUND
from ops.output import Column, json_text, write_table
from ops.packaging import ARCHITECTURES, Built, Target, build_all, function_names, interpreter, stale
from ops.paths import ROOT

_COLUMNS = [
    Column("FUNCTION", lambda row: row["name"]),
    Column("SIZE", lambda row: f"{row['size'] / 1024:.0f} KB"),
    Column("SHA-256", lambda row: row["sha256"][:12]),
    Column("", lambda row: "built" if row["changed"] else "unchanged"),
]


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in function_names() if name.startswith(incomplete)]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=_complete)
@click.option("--check", is_flag=True, help="Build nothing; exit with 3 if a zip is missing or older than its source.")
@click.option(
    "--architecture", type=click.Choice(ARCHITECTURES), default="arm64", show_default=True, help="Where they will run."
)
@click.option("--runtime", default="python3.13", show_default=True, help="The Lambda runtime that will run them.")
@json_option
def package(names: tuple[str, ...], check: bool, architecture: str, runtime: str, as_json: bool) -> int:
    """Build the zips of these Lambdas, by default of all, into .build/lambdas. Same source, same hash."""
    unknown = [name for name in names if name not in function_names()]
    if unknown:
        raise click.BadParameter(f"no Lambda {', '.join(unknown)}; there are: {', '.join(function_names())}.")
    if re.fullmatch(r"python3\.\d+", runtime) is None:
        raise click.BadParameter(f"{runtime!r} is not a runtime such as python3.13.", param_hint="--runtime")
    target = Target(architecture, runtime)
    if check:
        return _check(names, target, as_json)
    rows = [_row(built) for built in build_all(names, target)]
    if interpreter(target.python_version) is None:
        note(f"Source alone, which every cold start compiles: no {runtime} is on PATH to compile it beforehand.")
    if as_json:
        write(json_text(rows) + "\n")
    else:
        write_table(rows, _COLUMNS, write)
    return 0


def _check(names: tuple[str, ...], target: Target, as_json: bool) -> int:
    found = stale(names, target)
    if as_json:
        write(json_text({"stale": found}) + "\n")
    elif found:
        note(f"Stale: {', '.join(found)}. Build them with: ops package")
    return EXIT_FOUND if found else 0


def _row(built: Built) -> dict[str, object]:
    return {
        "name": built.name,
        "path": str(built.path.relative_to(ROOT)),
        "size": built.size,
        "sha256": built.sha256,
        "changed": built.changed,
    }
