"""`ops simulate`: large publishes, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ops.commands.options import json_option, note, write
from ops.output import Column, json_text, write_table
from ops.simulation import measured
from ops.simulation.assumptions import BY_TIME, RANDOM, READERS, Assumptions

if TYPE_CHECKING:
    from ops.simulation.outcome import Outcome

F = TypeVar("F", bound=Callable[..., Any])

# Ids of more do not fit a laptop's memory.
_READERS_MOST = 5_000_000
_LEAST = {
    **dict.fromkeys(("direct_readers", "other_rate", "retries", "seed", "warm"), 0),
    **dict.fromkeys(("memory_mb", "publisher_memory_mb"), 128),
    # A run hands over 15 s before its end: with less time it would do nothing else.
    "timeout_seconds": 30,
}
_COLUMNS = (
    Column("READERS", lambda row: f"{row['readers']:,}"),
    Column("SHARES", lambda row: str(row["shares"])),
    Column("LARGEST", lambda row: f"{row['largest_share']:,}"),
    Column("ANSWERED", lambda row: f"{row['answered_ms']:,.0f} ms"),
    Column("HALF", lambda row: f"{row['half_seconds']:,.2f} s"),
    Column("LAST", lambda row: f"{row['last_seconds']:,.2f} s"),
    Column("DELIVERED", lambda row: f"{row['deliveries']:,}"),
    Column("429", lambda row: f"{row['throttled']:,}"),
    Column("DELAYED", lambda row: f"{row['delayed']:,}"),
    Column("SHED", lambda row: f"{row['shed']:,}"),
    Column("FAILED", lambda row: f"{row['failed']:,}"),
    Column("LOST", lambda row: f"{row['lost']:,}"),
    Column("RUNS", lambda row: f"{row['invocations']:,}"),
    Column("AWS CALLS", lambda row: f"{row['aws_calls']:,}"),
    Column("GB-S", lambda row: f"{row['gb_seconds']:,.1f}"),
    Column("DOLLARS", lambda row: f"{row['dollars']:,.4f}"),
    Column("PER 1,000", lambda row: f"{row['dollars_per_thousand']:.5f}"),
)
_ASSUMED = (
    Column("OPTION", lambda row: str(row["option"])),
    Column("VALUE", lambda row: str(row["value"])),
    Column("WHAT IT IS", lambda row: str(row["help"])),
)


def _assumptions(command: F) -> F:
    """An option for each field of Assumptions."""
    for field in reversed(fields(Assumptions)):
        command = click.option(
            _option(field),
            field.name,
            type=_type(field),
            default=None if field.name == "delivery_us" else field.default,
            show_default=f"the bench's last, else {field.default:g}" if field.name == "delivery_us" else True,
            help=field.metadata["help"],
        )(command)
    return command


def _option(field: Field[Any]) -> str:
    return f"--{field.name.replace('_', '-')}"


def _type(field: Field[Any]) -> click.ParamType[Any]:
    if isinstance(field.default, str):
        return click.Choice([RANDOM, BY_TIME])
    if isinstance(field.default, int):
        return click.IntRange(min=_LEAST.get(field.name, 1))
    return click.FloatRange(min=_LEAST.get(field.name, 0.001))


@click.command()
@click.option(
    "--readers",
    multiple=True,
    type=click.IntRange(1, _READERS_MOST),
    default=READERS,
    show_default=True,
    help="Readers of the channel; again for another channel.",
)
@_assumptions
@json_option
def simulate(readers: Sequence[int], as_json: bool, **given: Any) -> None:
    """Simulate publishing to large channels: when the last reader has it, what is throttled, what it costs.

    The code that shares readers out and paces their delivery is the deployed one; the AWS around it is made of the
    numbers below, and nothing is sent anywhere. LARGEST is the largest share, ANSWERED the publish's own answer, HALF
    and LAST when half and all of the deliveries were made. DELAYED, SHED and FAILED are readers; RUNS are invocations,
    LOST those that Lambda gave up.

    \b
    Example:
      ops simulate --readers 100000 --requests-per-second 9000 --timeout-seconds 60
    """
    from ops.simulation.run import simulate as run

    assumptions = Assumptions(**{**given, "delivery_us": given["delivery_us"] or measured.delivery_us()})
    rows = []
    for count in readers:
        note(f"Simulating {count:,} readers")
        rows.append(_row(run(count, assumptions)))
    if as_json:
        write(json_text({"assumptions": asdict(assumptions), "simulations": rows}) + "\n")
        return
    write_table(rows, _COLUMNS, write)
    write("\n")
    write_table(_assumed(assumptions), _ASSUMED, write)


def _row(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "dollars_per_thousand": outcome.dollars_per_thousand}


def _assumed(assumptions: Assumptions) -> list[dict[str, str]]:
    return [
        {
            "option": _option(field),
            "value": f"{_shown(getattr(assumptions, field.name))}{_unit(field)}",
            "help": field.metadata["help"],
        }
        for field in fields(Assumptions)
    ]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"


def _unit(field: Field[Any]) -> str:
    unit: str = field.metadata["unit"]
    return unit if unit.startswith("/") else f" {unit}".rstrip()
