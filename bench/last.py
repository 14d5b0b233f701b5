"""From the publish to the last of 1,000 readers, where each answer takes 15 ms, as API Gateway's usually do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bench.candidates.task import WIDTH, Result, Task
from bench.figures import Bar, Bars, Figure, Table
from bench.processors import SERVER, pin
from bench.racing import Runs, as_json, in_turn, middle
from bench.racing import run as run_candidate
from bench.sinks.counting import CountingSink
from bench.sinks.plan import Plan, Step

_READERS = 1_000
_ANSWER_SECONDS = 0.015
_OF_LOOP, _OF_THREADS = 0.02, 0.2
OURS, LOOP, THREADS = "ours", "boto3 loop", f"boto3 + {WIDTH} threads"


def run() -> Table:
    """Medians, the candidates taking turns. Warm: connections are open. Cold: a process's first publish, none is."""
    with CountingSink() as sink:
        pin(sink.pid, SERVER)
        assert sink.certificate
        task = Task(sink.url, str(sink.certificate.certificate), _READERS, _READERS)
        # The loop has one connection, open after one post: so it has no cold publish.
        one = task._replace(warm=1)
        runs = in_turn(
            {
                OURS: partial(_run, "ours", task, sink),
                THREADS: partial(_run, "boto3_threads", task, sink),
                LOOP: partial(_run, "boto3_loop", one, sink),
            }
        )
    return _table(runs)


def _run(candidate: str, task: Task, sink: CountingSink) -> Result:
    sink.follow(Plan(otherwise=(Step(delay=_ANSWER_SECONDS),)))
    result = run_candidate(candidate, task)
    counted = sink.report()
    if len(counted.readers) != _READERS or counted.taken != _READERS + task.warm:
        raise RuntimeError(f"{candidate}: {counted.taken} frames reached {len(counted.readers)} readers")
    return result


def _table(runs: Runs) -> Table:
    table = Table(f"Publish to last of {_READERS:,} readers, each answer after {_ANSWER_SECONDS * 1000:g} ms", "it")
    warm = {name: _ms(results, lambda result: result.seconds) for name, results in runs.items()}
    cold = {name: _ms(runs[name], lambda result: result.cold) for name in (OURS, THREADS)}
    for name, limit in ((LOOP, _OF_LOOP), (THREADS, _OF_THREADS)):
        table.figures.append(Figure(f"warm, beside {name}", warm[OURS], "ms", warm[name], limit=limit))
    table.figures.append(Figure(f"cold, beside {THREADS}", cold[OURS], "ms", cold[THREADS]))
    table.notes.append(
        f"Medians of {len(runs[OURS])} runs. Warm: connections are open, the limits are for this. "
        "Cold: the first publish of a process, to which the loop with its one connection has nothing to compare."
    )
    table.runs = as_json(runs)
    bars = [
        Bar(f"{name}, {state}", times[name], name == OURS)
        for name in (LOOP, THREADS, OURS)
        for state, times in (("cold", cold), ("warm", warm))
        if name in times
    ]
    lines = {
        f"{_OF_LOOP:g} of the loop, warm": _OF_LOOP * warm[LOOP],
        f"{_OF_THREADS:g} of the threads, warm": _OF_THREADS * warm[THREADS],
    }
    table.charts = [Bars("Time from the publish to the last reader (less is better)", "ms", bars, lines, log=True)]
    return table


def _ms(results: Sequence[Result], what: Callable[[Result], float]) -> float:
    return middle(results, what) * 1000
