"""A `terraform` that is a shell script of the test's, alone on PATH before the system's tools."""

from __future__ import annotations

import os
from pathlib import Path


def install(folder: Path, script: str) -> dict[str, str]:
    """Write the script; return the environment in which it is found."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "terraform").write_text(f"#!/bin/sh\n{script}")
    (tools / "terraform").chmod(0o755)
    home = folder / "home"
    home.mkdir()
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "OPS_PROVIDER_MIRROR": ""}
