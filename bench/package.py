"""How long packaging takes and how large the zips are."""

from __future__ import annotations

import os
import shutil
import time

from bench.figures import Figure, Table
from bench.local_aws import ops
from ops.paths import PACKAGES


def run() -> Table:
    """Package everything from nothing, the downloaded wheels apart."""
    ops(os.environ, "package")
    shutil.rmtree(PACKAGES)
    started = time.perf_counter()
    ops(os.environ, "package")
    seconds = time.perf_counter() - started
    largest = max(path.stat().st_size for path in PACKAGES.glob("*.zip")) / 1024
    table = Table("ops package, all Lambdas", "")
    table.figures.append(Figure("time", seconds, "s", limit=5))
    table.figures.append(Figure("largest zip", largest, "KB", limit=300))
    return table
