"""`ops simulate` with its defaults: when the last reader has it, and what that costs, for channels of four sizes."""

from __future__ import annotations

import sys
from dataclasses import asdict

from bench.figures import Curves, Figure, Table
from ops.simulation import measured
from ops.simulation.assumptions import READERS, Assumptions
from ops.simulation.outcome import Outcome
from ops.simulation.run import simulate


def run() -> Table:
    """Beside what the rate alone would take that is set for publishing."""
    assumptions = Assumptions(delivery_us=measured.delivery_us())
    rate = assumptions.requests_per_second
    table = Table("publish to large channels, simulated", f"at {rate:,}/s")
    outcomes = [_simulated(readers, assumptions) for readers in READERS]
    for found in outcomes:
        alone = found.readers / rate
        table.figures.append(Figure(f"last of {found.readers:,} readers", found.last_seconds, "s", alone))
    for found in outcomes:
        cost = found.dollars_per_thousand * 1e6
        table.figures.append(Figure(f"1,000 deliveries to {found.readers:,} readers", cost, "µ$"))
    for found in outcomes:
        table.figures.append(Figure(f"AWS calls for {found.readers:,} readers", found.aws_calls, "calls"))
    table.notes.append(f"Of a delivery {assumptions.delivery_us:.0f} µs of CPU. All assumptions: ops simulate --help.")
    table.notes += [_note(found) for found in outcomes]
    table.runs = {"assumptions": asdict(assumptions), "outcomes": [asdict(found) for found in outcomes]}
    table.charts = [_chart(outcomes, assumptions)]
    return table


def _simulated(readers: int, assumptions: Assumptions) -> Outcome:
    sys.stderr.write(f"  {readers:,} readers\n")
    return simulate(readers, assumptions)


def _note(found: Outcome) -> str:
    return (
        f"{found.readers:,}: {found.shares} shares, {found.invocations} invocations, {found.throttled} × 429, "
        f"{found.delayed:,} delayed, {found.shed:,} shed, {found.failed:,} failed, {found.gb_seconds:,.0f} GB-s."
    )


def _chart(outcomes: list[Outcome], assumptions: Assumptions) -> Curves:
    rate, quota = assumptions.requests_per_second, assumptions.gateway_rate
    curves = {
        "the last reader": [(float(found.readers), found.last_seconds) for found in outcomes],
        "half of them": [(float(found.readers), found.half_seconds) for found in outcomes],
        f"{rate:,}/s alone, as set": [(float(readers), readers / rate) for readers in READERS],
        f"{quota:,}/s, the account's quota": [(float(readers), readers / quota) for readers in READERS],
    }
    return Curves("From a publish to its readers, simulated", "readers", "seconds", curves)
