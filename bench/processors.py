"""Which core a process runs on: who delivers on one, who answers on another."""

from __future__ import annotations

import os
import sys

CLIENT, SERVER = 0, 1


def pin(pid: int, place: int) -> None:
    """Keep a process (0: this one) to one of the cores that it may use. Does nothing where there is no choice."""
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(pid))
        if len(cores) > 1:
            os.sched_setaffinity(pid, {cores[place]})
