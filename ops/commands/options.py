"""Options and argument types that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ops.environments import LOCAL, Selection
from realtime.domain.connections import MAX_NAME_LENGTH

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST_SECONDS = 365 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def json_option(command: F) -> F:
    """`--json`: for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def secrets_option(command: F) -> F:
    """`--secrets`: secrets are shown on request only."""
    return click.option("--secrets", "reveal", is_flag=True, help="Show secrets too.")(command)


def yes_option(command: F) -> F:
    """`--yes`: for scripts; see `confirm`."""
    return click.option("--yes", is_flag=True, help="Do not ask, where --env is not local.")(command)


def confirm(selection: Selection, question: str, yes: bool) -> None:
    """Ask before what others would feel: everywhere but in the local environment, unless `yes`. No aborts."""
    if selection.name != LOCAL and not yes:
        click.confirm(question, abort=True, err=True)


class Duration(click.ParamType[float]):
    """A time span such as 30s, 15m, 2h, 1d; a number alone is seconds. Converts to seconds, at most a year."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", value)
        seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else -1.0
        if not 0 <= seconds <= _LONGEST_SECONDS:
            self.fail(f"{value!r} is not a duration such as 30s, 15m, 2h or 1d, of at most 365d.", param, ctx)
        return seconds


class Name(click.ParamType[str]):
    """A name of 1 to `longest` characters, by default what a token may carry."""

    name = "text"

    def __init__(self, longest: int = MAX_NAME_LENGTH) -> None:
        self._longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Raises BadParameter for an empty or a longer one, or one that cannot be printed."""
        if not 1 <= len(value) <= self._longest:
            self.fail(f"it has {len(value)} characters, not 1 to {self._longest}.", param, ctx)
        if not value.isprintable():
            self.fail("it has characters that cannot be printed.", param, ctx)
        return str(value)


def write(text: str) -> None:
    """Data, on standard output."""
    click.echo(text, nl=False)


def note(text: str) -> None:
    """What is for people, on standard error."""
    click.echo(text, err=True)
