"""What every candidate is asked and what it answers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.processors import CLIENT, pin

REGION = "us-east-1"
STAGE = "/production"
WIDTH = 64
# 200 bytes: an event as a reader of the plain protocol gets it.
FRAME = '{"event":"location","channel":"team-123","data":{"user":"user-1","pad":"' + "x" * 125 + '"}}'

# Delivers the frame to these connections; says how many did not get it.
Post = Callable[[Iterable[str]], int]


class Task(NamedTuple):
    """Deliver to `warm` readers, then to `readers` of them. `ca` is the certificate that the sink is trusted by."""

    url: str
    ca: str
    readers: int
    warm: int


class Result(NamedTuple):
    """`seconds` of the clock and `cpu` seconds of the process for the delivery to `readers`; `cold` is the warm-up's.

    `peak` is the most memory that the process took, in MB; 0 where the system does not tell.
    """

    readers: int
    seconds: float
    cpu: float
    errors: int
    cold: float = 0.0
    peak: float = 0.0

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return (self.readers - self.errors) / self.seconds

    @property
    def each(self) -> float:
        """CPU µs a delivery."""
        return self.cpu / self.readers * 1e6


def task() -> Task:
    """The task on the command line."""
    return Task(**json.loads(sys.argv[1]))


def ids(count: int, prefix: str = "Bench") -> Iterator[str]:
    """Connection ids, made as they are asked for: as long as API Gateway's, ending in = as they do."""
    return (f"{prefix}{number:010d}=" for number in range(count))


def measure(prepare: Callable[[Task], Post]) -> None:
    """Do the task of the command line; print the result."""
    asked = task()
    pin(0, CLIENT)
    post = prepare(asked)
    began = time.perf_counter()
    post(ids(asked.warm))
    started, cpu = time.perf_counter(), time.process_time()
    errors = post(ids(asked.readers))
    result = Result(
        readers=asked.readers,
        seconds=time.perf_counter() - started,
        cpu=time.process_time() - cpu,
        errors=errors,
        cold=started - began,
        peak=peak_memory(),
    )
    tell(result)


def tell(result: Result) -> None:
    """Print a result."""
    print(json.dumps(result._asdict()))


def peak_memory() -> float:
    """MB. Not getrusage's: that begins with what the parent had at the fork."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
