"""Bring the local AWS up and down: the background process, the zips, and the real Terraform against it.

Whatever fails on the way up, Ctrl-C included, takes all of it down again: the background process ends with us until it
is told, through a pipe, that the stack stands.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ops import paths
from ops.environments import LOCAL
from ops.errors import OpsError
from ops.local.control import Running, gone, running
from ops.local.workspace import Workspace
from ops.packaging import Target, build_all
from ops.terraform import require_terraform

DEFAULT_PORT = 4566
_PORT_TAKEN = 3
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to run it; times in seconds, None for API Gateway's own."""

    port: int = DEFAULT_PORT
    idle_timeout: float | None = None
    max_duration: float | None = None

    def arguments(self) -> Iterator[str]:
        """The daemon's command line."""
        yield f"--port={self.port}"
        if self.idle_timeout is not None:
            yield f"--idle-timeout={self.idle_timeout}"
        if self.max_duration is not None:
            yield f"--max-duration={self.max_duration}"


class Report(Protocol):
    """Hears how it goes."""

    def step(self, text: str) -> None:
        """A step begins."""

    def progress(self, done: int, total: int, what: str) -> None:
        """A part of the step is done."""


def up(options: Options, report: Report, folder: Path = paths.LOCAL) -> dict[str, Any]:
    """Start the local AWS and deploy onto it; return the outputs. Raises OpsError, and then nothing is left running."""
    require_terraform(os.environ)
    with _alone(folder):
        found = Running.read(folder)
        if found is not None and found.alive():
            raise OpsError(f"The local AWS runs already at {found.endpoint_url}.", "End it first with: ops local down")
        with _daemon(options, folder, report) as (process, commit):
            outputs = _deploy(process, report)
            os.write(commit, b"1")
    return outputs


def running_at(folder: Path = paths.LOCAL) -> str | None:
    """Where the local AWS of `folder` runs and is deployed, or None."""
    found = Running.read(folder)
    return found.endpoint_url if found is not None and found.alive() and _outputs_file(folder).is_file() else None


def redeploy(report: Report, folder: Path = paths.LOCAL) -> dict[str, Any]:
    """Package and apply again onto the local AWS that runs. Raises OpsError."""
    with _alone(folder):
        return _deploy(running(folder), report)


def workspace(folder: Path = paths.LOCAL) -> Workspace:
    """Terraform against the local AWS that runs. Raises NotRunning."""
    return Workspace(folder / "terraform", running(folder).endpoint_url)


def down(folder: Path = paths.LOCAL) -> bool:
    """End the local AWS and forget its state; the logs stay. False if it did not run."""
    found = Running.read(folder)
    alive = found is not None and found.alive()
    if found is not None and alive:
        os.kill(found.pid, signal.SIGTERM)
        _await_end(found.pid)
    _clean(folder)
    return alive


def status(folder: Path = paths.LOCAL) -> dict[str, Any]:
    """What runs where, and the daemon's own account of it. Raises NotRunning."""
    found = running(folder)
    told: dict[str, Any] = found.call("GET", "status")
    return {"endpoint_url": found.endpoint_url, "pid": found.pid, "deployed": _outputs_file(folder).is_file(), **told}


def _deploy(process: Running, report: Report) -> dict[str, Any]:
    report.step("Packaging the Lambdas")
    # For the Python that runs them here, and apart from what is deployed to AWS, which runs another.
    packages = process.folder / "lambdas"
    changed = [built.name for built in build_all(target=Target.here(), folder=packages) if built.changed]
    if changed:
        report.step(f"Built {len(changed)} of them anew")
    space = Workspace(process.folder / "terraform", process.endpoint_url, packages)
    space.refresh()
    report.step("terraform init")
    space.init()
    report.step("terraform apply")
    space.apply(report.progress)
    outputs = localised(space.outputs(), process.endpoint_url)
    partial = _outputs_file(process.folder).with_suffix(".partial")
    partial.write_text(json.dumps(outputs, indent=2))
    partial.replace(_outputs_file(process.folder))
    return outputs


def localised(outputs: dict[str, Any], endpoint_url: str) -> dict[str, Any]:
    """The outputs with the local AWS in the place of Amazon's hosts; paths stay, and what is not there stays away.

    Clients that come by the edge, and what only HTTP APIs serve, find both at the endpoint itself.
    """
    local = urlsplit(endpoint_url)
    host = local.netloc
    edge: dict[str, Any] = {}
    if "http_url" in outputs:
        edge["http_url"] = endpoint_url
    if "pusher" in outputs:
        edge["pusher"] = {**outputs["pusher"], "host": local.hostname, "port": local.port, "tls": False}
    websocket = urlsplit(outputs["websocket_url"])._replace(scheme="ws", netloc=host)
    management = urlsplit(outputs["management_endpoint"])._replace(scheme="http", netloc=host)
    return {
        **outputs,
        **edge,
        "environment": LOCAL,
        "websocket_url": websocket.geturl(),
        "management_endpoint": management.geturl(),
        "aws_endpoint_url": endpoint_url,
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other commands out of the folder while we change what is in it. Raises OpsError if one is at work."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OpsError(
                f"Another `ops local up` or `apply` is at work in {folder}.", "Wait for it, or end it with Ctrl-C."
            ) from None
        yield


@contextmanager
def _daemon(options: Options, folder: Path, report: Report) -> Iterator[tuple[Running, int]]:
    """Start the background process; end it unless the block comes to its end."""
    report.step(f"Starting the local AWS on 127.0.0.1:{options.port}")
    commit_read, commit_write = os.pipe()
    with (folder / "daemon.out").open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "ops.local.daemon", f"--workdir={folder}", f"--commit-fd={commit_read}"]
            + list(options.arguments()),
            cwd=paths.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=[commit_read],
            start_new_session=True,
        )
    os.close(commit_read)
    ready = False
    try:
        endpoint_url = _await_ready(process, options.port, folder)
        ready = True
        # Only now is what an earlier one left behind ours to remove: the port might have been that one's.
        _clean(folder)
        found = Running(process.pid, endpoint_url, folder)
        found.write()
        yield found, commit_write
        # From here on it is nobody's child: Popen would warn that it still runs when it is collected.
        process.returncode = 0
    except BaseException:
        process.terminate()
        _await_exit(process)
        if ready:
            _clean(folder)
        raise
    finally:
        os.close(commit_write)
        if process.stdout is not None:
            process.stdout.close()


def _await_ready(process: subprocess.Popen[bytes], port: int, folder: Path) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    if line.startswith("ready "):
        return line.split()[1]
    if process.wait() == _PORT_TAKEN:
        raise OpsError(
            f"Port {port} on 127.0.0.1 is taken.",
            "End what listens there (an earlier local AWS?), or choose another: ops local up --port 4577",
        )
    reason = (folder / "daemon.out").read_text().strip() or "it said nothing"
    raise OpsError(f"The local AWS did not start:\n{reason}")


def _await_exit(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_end(pid: int) -> None:
    """Wait for a process that is not our child."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while not gone(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.05)


def _clean(folder: Path) -> None:
    for name in ("daemon.json", "outputs.json"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "terraform", ignore_errors=True)


def _outputs_file(folder: Path) -> Path:
    return folder / "outputs.json"
