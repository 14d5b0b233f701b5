"""Deliveries a second and CPU per delivery: one process on one core, signed, over TLS, to nginx on another core."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bench.candidates.task import FRAME, WIDTH, Result, Task
from bench.figures import Bar, Bars, Chart, Figure, Table
from bench.needs import need_all
from bench.racing import Runs, as_json, in_turn, middle
from bench.racing import run as run_candidate
from bench.sinks.nginx import nginx

_READERS, _WARM = 10_000, 1_000
# It takes a thousand readers ten seconds on a slow machine; each costs it the same.
_READERS_OF_LOOP = 1_000
_MICROSECONDS = 60
_OF_THREADS, _OF_WRK = 20, 0.25
OURS, LOOP, THREADS, WRK = "ours", "boto3 loop", f"boto3 + {WIDTH} threads", "wrk"
_CANDIDATES = {
    OURS: "ours",
    LOOP: "boto3_loop",
    THREADS: "boto3_threads",
    "aiobotocore": "aiobotocore_posts",
    "pycurl multi": "pycurl_multi",
    "asyncio + uvloop": "uvloop_protocol",
    WRK: "wrk",
}


def run() -> Table:
    """Medians; the candidates take turns."""
    need_all("nginx", "wrk")
    with nginx() as sink:
        runs = in_turn({name: partial(_run, name, sink.url, str(sink.ca)) for name in _CANDIDATES})
    rates = {name: middle(results, lambda result: result.rate) for name, results in runs.items()}
    costs = {name: middle(results, lambda result: result.each) for name, results in runs.items()}
    table = Table(f"Delivery of a {len(FRAME)}-byte event to {_READERS:,} readers over TLS, one core", "it")
    table.figures.append(Figure("CPU of a delivery", costs[OURS], "µs", limit=_MICROSECONDS))
    least = {THREADS: _OF_THREADS, WRK: _OF_WRK}
    others = [name for name in _CANDIDATES if name != OURS]
    table.figures += [
        Figure(f"deliveries beside {name}", rates[OURS], "/s", rates[name], least=least.get(name)) for name in others
    ]
    table.figures += [Figure(f"CPU beside {name}", costs[OURS], "µs", costs[name]) for name in others]
    table.notes.append(_note(runs))
    table.runs = as_json(runs)
    table.charts = _charts(rates, costs)
    return table


def _run(name: str, url: str, ca: str) -> Result:
    readers = _READERS_OF_LOOP if name == LOOP else _READERS
    return run_candidate(_CANDIDATES[name], Task(url, ca, readers, min(_WARM, readers)))


def _note(runs: Runs) -> str:
    return (
        f"Medians of {len(runs[OURS])} runs, connections open. boto3 loop: {_READERS_OF_LOOP:,} readers. "
        f"wrk: {runs[WRK][0].seconds:.0f} s of posts, signed by nobody."
    )


def _charts(rates: Mapping[str, float], costs: Mapping[str, float]) -> list[Chart]:
    order = sorted(rates, key=lambda name: rates[name])
    lines = {
        f"{_OF_THREADS} × boto3 + threads": _OF_THREADS * rates[THREADS],
        f"{_OF_WRK} of wrk": _OF_WRK * rates[WRK],
    }
    return [
        Bars("Deliveries a second (more is better)", "/s", _bars(order, rates), lines, log=True),
        Bars(
            "CPU of one delivery (less is better)",
            "µs",
            _bars(order, costs),
            {"limit of ours": _MICROSECONDS},
            log=True,
        ),
    ]


def _bars(order: list[str], values: Mapping[str, float]) -> list[Bar]:
    return [Bar(name, values[name], name == OURS) for name in order]
