"""Talk to the running local AWS: its state file, and its control paths under /_local/."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ops.errors import NotRunning, OpsError

# A proxy of the user's must not get to see what is meant for loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Running:
    """The background process as `ops local up` noted it."""

    pid: int
    endpoint_url: str
    folder: Path

    @classmethod
    def read(cls, folder: Path) -> Running | None:
        """What the state file in `folder` says, or None if there is none."""
        try:
            noted = json.loads((folder / "daemon.json").read_text())
            return cls(int(noted["pid"]), str(noted["endpoint_url"]), folder)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self) -> None:
        """Note this process in its folder."""
        noted = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / "daemon.json").write_text(json.dumps(noted))

    def alive(self) -> bool:
        """Whether the process lives and is ours: a process id is given to another one after a while."""
        command = _command_line(self.pid)
        return "ops.local.daemon" in command and str(self.folder) in command

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call a control path. Raises OpsError with what was wrong, NotRunning if nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint_url}/_local/{path}", data, method=method)  # noqa: S310
        try:
            with _opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise OpsError(_message(refusal.read())) from None
        except OSError as failure:
            raise NotRunning from failure

    def set_fault(self, settings: Mapping[str, Any]) -> Any:
        """Switch a fault on; return all that are on."""
        return self.call("PUT", "faults", settings)

    def clear_fault(self, name: str | None) -> Any:
        """Switch one fault off, or all; return those that are still on."""
        return self.call("DELETE", f"faults?name={quote(name)}" if name else "faults")


def running(folder: Path) -> Running:
    """The process that serves the local AWS of `folder`. Raises NotRunning."""
    found = Running.read(folder)
    if found is None or not found.alive():
        raise NotRunning
    return found


def gone(pid: int) -> bool:
    """Whether there is no process of that id (any more)."""
    try:
        # A child of ours that has ended is there until it is waited for.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _command_line(pid: int) -> str:
    """The command line of a process, or nothing if there is none of that id."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a number


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "The local AWS refused, without a reason."
