"""Figures and how they are shown."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """Ours beside another's, both in `unit`; `limit` is the most that their ratio (or ours alone) may be."""

    what: str
    ours: float
    unit: str
    beside: float | None = None
    limit: float | None = None

    @property
    def compared(self) -> float:
        """The ratio to what it is beside, or the figure itself."""
        return self.ours / self.beside if self.beside else self.ours

    @property
    def met(self) -> bool:
        """Whether the limit holds."""
        return self.limit is None or self.compared <= self.limit


@dataclass(slots=True)
class Table:
    """One part's figures."""

    title: str
    beside: str
    figures: list[Figure] = field(default_factory=list)

    @property
    def missed(self) -> bool:
        """Whether a limit does not hold."""
        return not all(figure.met for figure in self.figures)

    def text(self) -> str:
        """The table for a terminal."""
        rows = [("", "ours", self.beside, "ratio", "limit", "")]
        rows += [self._row(figure) for figure in self.figures]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"\n{self.title}", *lines])

    def as_json(self) -> dict[str, Any]:
        """The figures, and the machine that they were measured on."""
        machine = {"system": platform.platform(), "python": platform.python_version(), "processors": _processors()}
        return {"title": self.title, "beside": self.beside, "machine": machine, "figures": [*map(asdict, self.figures)]}

    @staticmethod
    def _row(figure: Figure) -> tuple[str, str, str, str, str, str]:
        beside = "" if figure.beside is None else f"{figure.beside:,.1f} {figure.unit}"
        ratio = "" if figure.beside is None else f"{figure.compared:.2f}"
        limit = "" if figure.limit is None else f"{figure.limit:g}"
        verdict = "" if figure.limit is None else ("ok" if figure.met else "MISSED")
        return (figure.what, f"{figure.ours:,.1f} {figure.unit}", beside, ratio, limit, verdict)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the values that at least `percent` in a hundred of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _processors() -> int:
    import os

    return os.cpu_count() or 1
