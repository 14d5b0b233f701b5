"""What the bench needs of the machine, and its own Python environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import venv
from pathlib import Path

from ops.paths import BUILD, ROOT

_LOCK = ROOT / "requirements-bench.lock"
_VENV = BUILD / "bench-venv"
_HOW = {
    "nginx": "apt-get install nginx-light",
    "node": "https://nodejs.org, 18 or newer",
    "terraform": "https://developer.hashicorp.com/terraform/install, 1.9 or newer",
    "wrk": "apt-get install wrk",
}


class MissingError(Exception):
    """A part cannot be measured here. The message says in one line what is missing and how to get it."""


def need(tool: str) -> str:
    """Where a program is. Raises MissingError."""
    # Debian keeps nginx where only root's PATH leads.
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingError(f"{tool} is missing ({_HOW[tool]})")
    return found


def need_all(*tools: str) -> None:
    """Raise MissingError with all of these that are missing."""
    missing = []
    for tool in tools:
        try:
            need(tool)
        except MissingError as failure:
            missing.append(str(failure))
    if missing:
        raise MissingError(", ".join(missing))


def bench_tool(name: str) -> Path:
    """A program of the environment that holds what is measured beside ours: made when its lock has changed."""
    made, lock = _VENV / ".installed", hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if not made.exists() or made.read_text() != lock:
        venv.create(_VENV, with_pip=True, clear=True)
        pip = [str(_VENV / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(_LOCK)], check=True)
        made.write_text(lock)
    return _VENV / "bin" / name


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules in the bench's environment, from the top of the repository."""
    return [str(bench_tool("python")), "-m", module, *arguments]


def environ() -> dict[str, str]:
    """What `python` is to be run with: the Lambdas' modules are found, and nothing is looked up outside."""
    found = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "lambdas"),
        "MPLCONFIGDIR": str(BUILD / "matplotlib"),
        # boto3 looks for credentials and settings in many places otherwise.
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # A proxy of the user's must not get to see what is meant for loopback.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        found.pop(name, None)
    return found
