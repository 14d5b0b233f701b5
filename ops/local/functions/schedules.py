"""Schedules: rate(...) of EventBridge Scheduler and of EventBridge rules, fired by the clock.

The first time is one period after a schedule is first seen, or seen changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ops.local.functions import deployed
from ops.local.functions.clock import Clock
from ops.local.functions.deployed import Schedule
from ops.local.functions.invocation import FunctionNotFound

logger = logging.getLogger(__name__)


class Timetable:
    """When each schedule is due next."""

    def __init__(self) -> None:
        self._next: dict[Schedule, float] = {}

    def due(self, schedules: list[Schedule], now: float) -> list[Schedule]:
        """Return those of `schedules` that are due, and take them as fired.

        A schedule whose times were missed, by a machine asleep, fires once.
        """
        self._next = {schedule: self._next.get(schedule, now + schedule.period) for schedule in schedules}
        due = [schedule for schedule, moment in self._next.items() if moment <= now]
        for schedule in due:
            missed = (now - self._next[schedule]) // schedule.period
            self._next[schedule] += (missed + 1) * schedule.period
        return due


async def run(invoke_event: Callable[[str, bytes], str], clock: Clock, seconds: float) -> None:
    """Look at the schedules every `seconds` and fire what is due, until cancelled."""
    timetable = Timetable()
    while True:
        try:
            for schedule in timetable.due(deployed.schedules(), clock.now()):
                _fire(schedule, invoke_event)
        except Exception:
            # A schedule that moto holds and this cannot read must not end all the others.
            logger.exception("schedules could not be read")
        await clock.sleep(seconds)


def _fire(schedule: Schedule, invoke_event: Callable[[str, bytes], str]) -> None:
    try:
        invoke_event(schedule.target, schedule.payload)
    except FunctionNotFound:
        logger.warning("schedule without its function: %s -> %s", schedule.key, schedule.target)
