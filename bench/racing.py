"""Candidates, each a process of its own, taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from bench.candidates.task import Result, Task
from bench.needs import environ, python
from ops.paths import ROOT

# Fewer are for trying a part out.
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
_PATIENCE_SECONDS = 300

Runs = Mapping[str, Sequence[Result]]


def run(candidate: str, task: Task) -> Result:
    """Let one do its task. Raises RuntimeError where it did not deliver to everyone."""
    result = Result(**ask(f"bench.candidates.{candidate}", json.dumps(task._asdict())))
    if result.errors:
        raise RuntimeError(f"{candidate}: {result.errors} of {result.readers} did not get it")
    return result


def ask(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module in the bench's environment; return the JSON object that it prints. Raises RuntimeError."""
    command = python(module, *arguments)
    done = subprocess.run(
        command, cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def in_turn(candidates: Mapping[str, Callable[[], Result]]) -> Runs:
    """Each once, then each again: what else the machine does hits them alike."""
    runs: dict[str, list[Result]] = {name: [] for name in candidates}
    for number in range(1, ROUNDS + 1):
        for name, candidate in candidates.items():
            sys.stderr.write(f"  round {number}: {name}\n")
            runs[name].append(candidate())
    return runs


def middle(results: Sequence[Result], what: Callable[[Result], float]) -> float:
    """The median of something over the runs."""
    return median(map(what, results))


def as_json(runs: Runs) -> dict[str, list[dict[str, float]]]:
    """All runs, to be kept."""
    return {name: [result._asdict() for result in results] for name, results in runs.items()}
