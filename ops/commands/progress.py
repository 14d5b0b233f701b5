"""Show how long work goes: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

_EVERY = 20


class Steps:
    """Steps on standard error, each with its time since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()
        self._open = False

    def __enter__(self) -> Steps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_line()

    def step(self, text: str) -> None:
        """A step begins."""
        self._end_line()
        self._say(text)

    def progress(self, done: int, total: int, what: str) -> None:
        """A part of the step is done."""
        if self._live:
            click.echo(f"\r\x1b[K{self._elapsed()}  {done}/{total} {what[:90]}", err=True, nl=False)
            self._open = True
        elif done % _EVERY == 0 or done == total:
            self._say(f"{done}/{total} resources")

    def _say(self, text: str) -> None:
        click.echo(f"{self._elapsed()}  {text}", err=True)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:5.1f}s"

    def _end_line(self) -> None:
        if self._open:
            click.echo(err=True)
            self._open = False
