"""The engine where 1 % of the readers are gone and 1 % do not answer for ten seconds, beside itself without them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from statistics import median

from bench.candidates.task import Task, ids
from bench.figures import Bar, Bars, Figure, Table
from bench.processors import SERVER, pin
from bench.racing import ROUNDS, ask
from bench.sinks.counting import CountingSink
from bench.sinks.plan import Plan, Step

_READERS, _WARM = 10_000, 1_000
_HANG_SECONDS = 10.0
# Of every hundred: evenly spread.
_GONE_AT, _HANGING_AT = 25, 75
_LEAST = 0.9
_FAULTS: Mapping[int, Step] = {_GONE_AT: Step(410), _HANGING_AT: Step(delay=_HANG_SECONDS, taken=False)}
WITH, WITHOUT = "1 % gone, 1 % hanging", "without them"


def run() -> Table:
    """Medians; the two take turns on one sink."""
    plans = {WITHOUT: plan_of({}), WITH: plan_of(_FAULTS)}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in plans}
    with CountingSink() as sink:
        pin(sink.pid, SERVER)
        for number in range(1, ROUNDS + 1):
            for name, plan in plans.items():
                sys.stderr.write(f"  round {number}: {name}\n")
                runs[name].append(_measure(sink, plan))
    return _table(runs)


def plan_of(faults: Mapping[int, Step]) -> Plan:
    """What these readers of every hundred meet; all others are answered at once."""
    named = enumerate(ids(_READERS))
    return Plan(by_id={name: (faults[number % 100],) for number, name in named if number % 100 in faults})


def _measure(sink: CountingSink, plan: Plan) -> dict[str, float]:
    """Deliver to all. Raises RuntimeError if a reader who could get the event did not, or got it twice."""
    assert sink.certificate
    sink.follow(plan)
    task = Task(sink.url, str(sink.certificate.certificate), _READERS, _WARM)
    answer = ask("bench.candidates.faulty", json.dumps(task._asdict()))
    live = _READERS - len(plan.by_id)
    counted = sink.report().readers
    heard = [counted[name].taken for name in ids(_READERS) if name not in plan.by_id]
    if answer.get("delivered") != live or heard != [1] * live:
        raise RuntimeError(f"{live} readers could get it once, {heard.count(1)} did: {answer}")
    return answer


def _table(runs: Mapping[str, list[dict[str, float]]]) -> Table:
    rates = {name: median(run["delivered"] / run["last"] for run in found) for name, found in runs.items()}
    last = {name: median(run["last"] for run in found) for name, found in runs.items()}
    whole = {name: median(run["whole"] for run in found) for name, found in runs.items()}
    table = Table(f"Delivery to {_READERS:,} readers of whom {WITH} for {_HANG_SECONDS:g} s", WITHOUT)
    table.figures.append(
        Figure("deliveries up to the last live reader's", rates[WITH], "/s", rates[WITHOUT], least=_LEAST)
    )
    table.figures.append(Figure("time to the last live reader", last[WITH], "s", last[WITHOUT]))
    table.figures.append(Figure("time to the whole result", whole[WITH], "s", whole[WITHOUT]))
    table.notes.append("The counting sink answers; it is slower than nginx. Who hangs is given up after 3 s.")
    table.runs = runs
    table.charts = [
        Bars(
            "Deliveries a second, up to the last live reader's (more is better)",
            "/s",
            [Bar(name, rates[name], ours=name == WITH) for name in (WITHOUT, WITH)],
            {f"{_LEAST} of {WITHOUT}": _LEAST * rates[WITHOUT]},
        ),
        Bars(
            "Time (less is better)",
            "s",
            [
                *(Bar(f"to the last live reader, {name}", last[name], name == WITH) for name in (WITHOUT, WITH)),
                *(Bar(f"to the whole result, {name}", whole[name], name == WITH) for name in (WITHOUT, WITH)),
            ],
        ),
    ]
    return table
