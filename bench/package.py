"""How long packaging takes and how large the zips are."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from bench.figures import Figure, Table
from ops.paths import PACKAGES, ROOT


def run() -> Table:
    """Package everything from nothing, the downloaded wheels apart."""
    subprocess.run([sys.executable, "-m", "ops", "package"], cwd=ROOT, check=True, capture_output=True)
    shutil.rmtree(PACKAGES)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "ops", "package"], cwd=ROOT, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    largest = max(path.stat().st_size for path in PACKAGES.glob("*.zip")) / 1024
    table = Table("ops package, all Lambdas", "")
    table.figures.append(Figure("time", seconds, "s", limit=5))
    table.figures.append(Figure("largest zip", largest, "KB", limit=300))
    return table
