"""What must be true of a delivery, given what the sink did and what it counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bench.sinks.plan import Plan, Reader, Report, Step
from realtime.ports import Posted
from tests.engine.harness import ATTEMPTS
from tests.engine.mixes import DROPS

BUDGET_AT_LEAST = 10
BUDGET_PART = 0.1


def performed(steps: Sequence[Step], reader: Reader) -> list[Step]:
    """What the sink did with the requests of one connection id, in turn."""
    return [steps[min(number, len(steps) - 1)] for number in range(reader.asked)]


def fate(last: Step) -> tuple[str, str | None]:
    """What a request that this became of comes to, and why. "*" is any reason."""
    if last.how == "hang":
        return "failed", "timed out"
    if last.how in ("cut", *DROPS):
        return "failed", "*"
    if last.status == 200:
        return "delivered", None
    if last.status in (400, 410):
        return "gone", "*"
    return "throttled" if last.status == 429 else "failed", f"HTTP {last.status}"


def may_be_followed(step: Step) -> bool:
    """Whether another request may come after that. It may have been a kept connection that dropped."""
    return step.how in DROPS or (step.how in ("whole", "trickle") and (step.status == 429 or step.status >= 500))


def most_times(steps: Sequence[Step]) -> int:
    """How often a frame may reach a client: twice where its fate was unknown, else once."""
    return 2 if any(step.takes and fate(step)[0] != "delivered" for step in steps) else 1


def check(plan: Plan, names: Sequence[str], posted: Sequence[Posted], report: Report) -> None:
    """Hold the result of one frame for each of these connections against the sink's report."""
    assert Counter(one.connection_id for one in posted) == Counter(names), "every recipient is in the result once"
    assert set(report.readers) == set(names), "every recipient was asked for, and nobody else"
    for one in posted:
        check_one(plan.steps(one.connection_id), one, report.readers[one.connection_id])
    check_budget(plan, posted, report)


def check_one(steps: Sequence[Step], one: Posted, reader: Reader) -> None:
    done = performed(steps, reader)
    expected, reason = fate(done[-1])
    about = f"{one} after {[tuple(step) for step in done]}"
    assert one.fate == expected, about
    assert one.reason == reason or (reason == "*" and one.reason), about
    assert reader.taken <= most_times(done), about
    assert (one.fate != "delivered" or reader.taken >= 1) and one.sent, about
    assert all(may_be_followed(step) for step in done[:-1]), about
    assert len(done) - dropped(done) <= ATTEMPTS, about
    assert not any(first.how in DROPS and second.how in DROPS for first, second in pairwise(done[:-1])), about


def dropped(done: Sequence[Step]) -> int:
    """The requests that were repeated because a kept-alive connection was gone."""
    return sum(step.how in DROPS for step in done[:-1])


def budget(frames: int) -> int:
    """How many of the requests for so many frames may be repeats."""
    return max(BUDGET_AT_LEAST, math.ceil(BUDGET_PART * frames))


def check_budget(plan: Plan, posted: Sequence[Posted], report: Report) -> None:
    """Retries stay within the budget, and nobody is given up early while there is some left."""
    done = {name: performed(plan.steps(name), reader) for name, reader in report.readers.items()}
    retries = sum(len(steps) - 1 - dropped(steps) for steps in done.values())
    assert retries <= budget(len(posted))
    if retries < BUDGET_AT_LEAST:
        early = {name: steps for name, steps in done.items() if _given_up(steps)}
        assert early == {}


def _given_up(done: Sequence[Step]) -> bool:
    again = may_be_followed(done[-1]) and done[-1].how not in DROPS
    return again and len(done) - dropped(done) < ATTEMPTS


def frames_in_order(frames: Sequence[str], sent: Sequence[str]) -> bool:
    """Whether these are the first of those that were sent, each as often as it likes but none after a later one."""
    once = [frame for number, frame in enumerate(frames) if number == 0 or frames[number - 1] != frame]
    return once == list(sent[: len(once)])


def by_fate(posted: Sequence[Posted]) -> Mapping[str, list[str]]:
    """Connection ids by what became of them, in the order in which it did."""
    found: dict[str, list[str]] = {}
    for one in posted:
        found.setdefault(one.fate, []).append(one.connection_id)
    return found
