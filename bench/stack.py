"""How long it takes to bring the local AWS up, all being installed."""

from __future__ import annotations

import os
import tempfile
import time

from bench.figures import Figure, Table
from bench.local_aws import ops
from bench.needs import need
from bench.ports import free_port


def run() -> Table:
    """`ops local up --detach` as a whole process, the second of two: the first fills the caches."""
    need("terraform")
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "OPS_LOCAL_DIR": f"{folder}/local"}
        for _ in range(2):
            started = time.perf_counter()
            ops(environ, "local", "up", "--detach", "--port", str(free_port()))
            seconds = time.perf_counter() - started
            ops(environ, "local", "down")
    table = Table("make up", "")
    table.figures.append(Figure("time", seconds, "s", limit=75))
    return table
