"""A copy of what `ops package` reads, elsewhere on the disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.packaging import Target
from ops.paths import BUILD, LAMBDAS, ROOT

_RUN = "from ops.cli import main; main()"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


def copy(folder: Path, mtime: int) -> Path:
    """Copy ops/ and lambdas/; every file is from `mtime`."""
    for source in (ROOT / "ops", LAMBDAS):
        shutil.copytree(source, folder / source.name, ignore=_LEFT_OUT)
    if (BUILD / "wheels").is_dir():
        # So that nothing is downloaded twice.
        shutil.copytree(BUILD / "wheels", folder / ".build" / "wheels")
    for path in folder.rglob("*"):
        os.utime(path, (mtime, mtime))
    return folder


def package(folder: Path, umask: int = 0o022) -> list[dict[str, Any]]:
    """Run the copy's `ops package --json`, with another locale and hash seed than ours."""
    environ = {**os.environ, "PYTHONHASHSEED": str(umask), "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "package", "--json", f"--runtime={Target.here().runtime}"],
        cwd=folder,
        env=environ,
        umask=umask,
        capture_output=True,
        text=True,
        check=True,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
