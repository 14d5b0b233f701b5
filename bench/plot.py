"""`python -m bench.plot FIGURES.json PLOT.png`: draw one part's charts. Runs in the bench's own environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

_OURS, _OTHERS, _BOUND = "#1f6f54", "#9aa3ad", "#b3261e"
_MORE = ("#1f6f54", "#3b6ea5", "#c77700", "#7b4fa3", "#9aa3ad")
_WIDTH_INCHES = 10.0
_BAR_INCHES, _FRAME_INCHES = 0.34, 1.5
_CURVES_INCHES = 5.0
_NAME_LETTERS = 52
# Of the frame's width.
_LABEL_WIDTH = 0.12


_LINES = ("--", ":", "-.")
_STYLE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}


def main(figures: Path, plot: Path) -> None:
    """Draw."""
    data = json.loads(figures.read_text())
    with rc_context(_STYLE):
        _draw(data).savefig(plot, dpi=130)


def _draw(data: Mapping[str, Any]) -> Any:
    charts, machine = data["charts"], data["machine"]
    heights = [_height(chart) for chart in charts]
    figure = Figure(figsize=(_WIDTH_INCHES, sum(heights) + 0.9), layout="constrained")
    frames = figure.subplots(len(charts), 1, height_ratios=heights, squeeze=False)
    figure.suptitle(data["title"], fontsize=13, fontweight="bold")
    for (axes,), chart in zip(frames, charts, strict=True):
        if chart["kind"] == "Curves":
            _draw_curves(axes, chart)
        else:
            _draw_bars(axes, chart, data["beside"])
    about = f"{machine['processor']}, {machine['processors']} cores; {machine['system']}; Python {machine['python']}"
    figure.supxlabel(about, fontsize=7, color="#555555")
    return figure


def _height(chart: Mapping[str, Any]) -> float:
    if chart["kind"] == "Curves":
        return _CURVES_INCHES
    return _FRAME_INCHES + _BAR_INCHES * len(chart["bars"]) + 0.2 * len(chart["lines"])


def _draw_bars(axes: Any, chart: Mapping[str, Any], beside: str) -> None:
    bars, unit = chart["bars"], chart["unit"]
    places, values = _places(bars), [bar["value"] for bar in bars]
    axes.barh(places, values, height=0.8, color=[_OURS if bar["ours"] else _OTHERS for bar in bars])
    axes.set_yticks(places, [fill(bar["name"] or f"beside: {beside}", _NAME_LETTERS) for bar in bars])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(unit + (" (logarithmic)" if chart["log"] else ""))
    bounds = [bar["bound"] for bar in bars if bar["bound"] is not None]
    _scale(axes, [*values, *bounds, *chart["lines"].values()], chart["log"])
    handles = _draw_limits(axes, chart, places)
    for place, bar in zip(places, bars, strict=True):
        _write_value(axes, place, bar, chart)
    axes.set_title(chart["title"], loc="left", fontsize=11, pad=24 if handles else 6)
    if handles:
        above = {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 3}
        axes.legend(handles=handles, **above, borderaxespad=0.2, frameon=False, fontsize=8.5)


def _write_value(axes: Any, place: float, bar: Mapping[str, Any], chart: Mapping[str, Any]) -> None:
    """Behind the bar, or behind a limit that stands where it would be written."""
    across = (axes.transData - axes.transAxes).transform
    limits = sorted([*chart["lines"].values(), *([bar["bound"]] if bar["bound"] else [])])
    behind = bar["value"]
    for limit in limits:
        if 0 <= across((limit, 0))[0] - across((behind, 0))[0] < _LABEL_WIDTH:
            behind = limit
    # On white: lines of the grid run through it.
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    text = f"{_number(bar['value'])} {chart['unit']}"
    aside = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (behind, place), **aside, fontsize=8.5, bbox=paper, zorder=1.5)


def _draw_limits(axes: Any, chart: Mapping[str, Any], places: Sequence[float]) -> list[Any]:
    """Lines across all bars and marks on single ones; return what the legend is to explain."""
    handles = []
    for (name, value), style in zip(chart["lines"].items(), _LINES, strict=False):
        label = f"{name}: {_number(value)} {chart['unit']}"
        handles.append(axes.axvline(value, color=_BOUND, linewidth=1.4, linestyle=style, label=label))
    marked = [(place, bar["bound"]) for place, bar in zip(places, chart["bars"], strict=True) if bar["bound"]]
    for place, bound in marked:
        axes.plot([bound, bound], [place - 0.48, place + 0.48], color=_BOUND, linewidth=2)
    if marked:
        handles += axes.plot([], [], color=_BOUND, linewidth=2, label="limit of ours")
    return handles


def _places(bars: Sequence[Mapping[str, Any]]) -> list[float]:
    """One below the other; a bar without a name belongs to the one above it, and stands nearer to that."""
    places: list[float] = []
    for bar in bars:
        step = 0.85 if not bar["name"] else 1.15
        places.append(places[-1] + step if places else 0.0)
    return places


def _scale(axes: Any, values: Sequence[float], log: bool) -> None:
    """Room on the right for what is written behind the longest bar."""
    positive = [value for value in values if value > 0] or [1.0]
    if log:
        axes.set_xscale("log")
        lowest, highest = min(positive) / 2, max(positive)
        axes.set_xlim(lowest, highest * (highest / lowest) ** 0.16)
    else:
        axes.set_xlim(0, max(positive) * 1.16)
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_curves(axes: Any, chart: Mapping[str, Any]) -> None:
    for (name, points), colour in zip(chart["curves"].items(), _MORE * 4, strict=False):
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=name)
    for (name, value), style in zip(chart["lines"].items(), _LINES, strict=False):
        axes.axhline(value, color=_BOUND, linewidth=1.4, linestyle=style, label=f"{name}: {_number(value)}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    axes.set_xlabel(chart["x"])
    axes.set_ylabel(chart["y"])
    axes.set_title(chart["title"], loc="left", fontsize=11)
    axes.grid(which="major", color="#dddddd", linewidth=0.6)
    axes.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _tick(value: float, place: object) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
