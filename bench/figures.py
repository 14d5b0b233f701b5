"""Figures and how they are shown."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """Ours beside another's, both in `unit`.

    `limit` is the most that their ratio (or ours alone) may be, `least` the least that it must be.
    """

    what: str
    ours: float
    unit: str
    beside: float | None = None
    limit: float | None = None
    least: float | None = None

    @property
    def compared(self) -> float:
        """The ratio to what it is beside, or the figure itself."""
        return self.ours / self.beside if self.beside else self.ours

    @property
    def met(self) -> bool:
        """Whether the limits hold."""
        return (self.limit is None or self.compared <= self.limit) and (
            self.least is None or self.compared >= self.least
        )

    @property
    def bound(self) -> float | None:
        """What ours must not go beyond, in `unit`."""
        bound = self.limit if self.least is None else self.least
        return bound * self.beside if bound is not None and self.beside else bound


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart; `bound` is marked on it."""

    name: str
    value: float
    ours: bool = False
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars beside one another. `lines` go across all of them: what they say → where."""

    title: str
    unit: str
    bars: Sequence[Bar]
    lines: Mapping[str, float] = field(default_factory=dict)
    log: bool = False


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves in one frame, both axes logarithmic: name → points (x, y). `lines` go across: what they say → y."""

    title: str
    x: str
    y: str
    curves: Mapping[str, Sequence[tuple[float, float]]]
    lines: Mapping[str, float] = field(default_factory=dict)


Chart = Bars | Curves


@dataclass(slots=True)
class Table:
    """One part's figures.

    `notes` are printed below. `runs` is kept in the JSON only: what was measured, run by run. Without `charts` of the
    part's own, its figures are drawn as bars.
    """

    title: str
    beside: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: Mapping[str, Any] = field(default_factory=dict)
    charts: Sequence[Chart] = ()

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
        return "\n".join([f"\n{self.title}", *lines, *self.notes])

    def as_json(self) -> dict[str, Any]:
        """The figures, the charts, and the machine that they were measured on."""
        return {
            "title": self.title,
            "beside": self.beside,
            "machine": {
                "system": platform.platform(),
                "python": platform.python_version(),
                "processor": _processor(),
                "processors": os.cpu_count() or 1,
            },
            "figures": [*map(asdict, self.figures)],
            "notes": self.notes,
            "runs": self.runs,
            "charts": [
                {"kind": type(chart).__name__, **asdict(chart)} for chart in self.charts or bars_of(self.figures)
            ],
        }

    @staticmethod
    def _row(figure: Figure) -> tuple[str, str, str, str, str, str]:
        beside = "" if figure.beside is None else f"{_rounded(figure.beside)} {figure.unit}"
        ratio = "" if figure.beside is None else _rounded(figure.compared)
        limits = [("≤", figure.limit), ("≥", figure.least)]
        limit = ", ".join(f"{sign} {value:g}" for sign, value in limits if value is not None)
        verdict = "" if not limit else ("ok" if figure.met else "MISSED")
        return (figure.what, f"{_rounded(figure.ours)} {figure.unit}", beside, ratio, limit, verdict)


def bars_of(figures: Sequence[Figure]) -> list[Bars]:
    """A chart for each unit: ours, below it what it is beside. The limits are marks on ours."""
    charts = []
    for unit in dict.fromkeys(figure.unit for figure in figures):
        bars = []
        for figure in figures:
            if figure.unit == unit:
                bars.append(Bar(figure.what, figure.ours, True, figure.bound))
                if figure.beside is not None:
                    bars.append(Bar("", figure.beside))
        values = [bar.value for bar in bars if bar.value > 0]
        log = bool(values) and max(values) > 50 * min(values)
        charts.append(Bars("", unit, bars, log=log))
    return charts


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the values that at least `percent` in a hundred of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _rounded(value: float) -> str:
    """With one decimal from 10 on, with three digits below."""
    return f"{value:,.1f}" if abs(value) >= 10 or value == 0 else f"{value:.3g}"


def _processor() -> str:
    """The processor's model where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    found = next((line for line in lines if line.startswith("model name")), "")
    return found.partition(":")[2].strip() or platform.processor()
