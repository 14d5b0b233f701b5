"""Resolve the dependencies anew: `python -m ops.packaging.lock`.

The locks hold versions and hashes for every platform and Python from 3.11 on, and no address of any index.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ops.paths import LAMBDAS, ROOT

_OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--upgrade")
_SILENCE = ("--no-header", "--no-emit-index-url", "--no-emit-find-links", "--quiet")

_LOCKS: dict[Path, tuple[str, ...]] = {
    ROOT / "requirements.lock": ("pyproject.toml", "lambdas/pyproject.toml", "--group=pyproject.toml:dev"),
    ROOT / "requirements-bench.lock": ("--group=pyproject.toml:bench",),
    ROOT / "requirements-policy.lock": ("--group=pyproject.toml:policy",),
    LAMBDAS / "requirements.lock": ("lambdas/pyproject.toml",),
}


def main() -> int:
    """Write all locks; return the first exit code that is not 0."""
    for lock, sources in _LOCKS.items():
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            *sources,
            *_OPTIONS,
            *_SILENCE,
            f"--output-file={lock}",
        ]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
