"""Peak memory of a process that delivers to 100,000 readers beside one that delivers to 1,000."""

from __future__ import annotations

from functools import partial

from bench.candidates.task import Task
from bench.figures import Figure, Table
from bench.needs import MissingError
from bench.racing import as_json, in_turn, middle
from bench.racing import run as run_candidate
from bench.sinks.nginx import nginx

_MANY, _FEW = 100_000, 1_000
_LIMIT = 1.5


def run() -> Table:
    """Medians; the source makes each reader when it is asked for the next."""
    with nginx() as sink:
        tasks = {f"{count:,} readers": Task(sink.url, str(sink.ca), count, 1) for count in (_FEW, _MANY)}
        runs = in_turn({name: partial(run_candidate, "ours", task) for name, task in tasks.items()})
    few, many = (middle(results, lambda result: result.peak) for results in runs.values())
    if not few:
        raise MissingError("the peak memory of a process is read from /proc: run it on Linux")
    table = Table("Peak memory of a delivery", f"{_FEW:,} readers")
    table.figures.append(Figure(f"peak memory, {_MANY:,} readers", many, "MB", few, limit=_LIMIT))
    table.runs = as_json(runs)
    return table
