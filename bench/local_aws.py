"""A local AWS for one part: the real Terraform, the real zips, on a port of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.needs import need
from bench.ports import free_port
from ops.environments import Deployment
from ops.local.control import Running, running
from ops.paths import ROOT

# Of a folder whose local AWS is up and is to be used, instead of one of the part's own: to try a part out.
_HELD = "BENCH_LOCAL_DIR"
_PATIENCE_SECONDS = 30.0


class LocalAws:
    """What is deployed, and the process that serves it."""

    def __init__(self, deployment: Deployment, daemon: Running) -> None:
        self.deployment = deployment
        self._daemon = daemon

    @property
    def pusher(self) -> Mapping[str, Any]:
        """How Pusher's clients and server SDKs get there: host, port, app_id, key."""
        pusher: Mapping[str, Any] = self.deployment.outputs["pusher"]
        return pusher

    def secret(self) -> str:
        """The secret of the key in `pusher`."""
        client = self.deployment.client("secretsmanager")
        held = json.loads(client.get_secret_value(SecretId=self.deployment.outputs["apps_secret_name"])["SecretString"])
        keys = [key for app in held["apps"] for key in app["keys"]]
        secret: str = next(key["secret"] for key in keys if key["key"] == self.pusher["key"])
        return secret

    @property
    def environ(self) -> dict[str, str]:
        """What a command of ours is to be run with that is to find it."""
        return {**os.environ, "OPS_LOCAL_DIR": str(self._daemon.folder)}

    def settle(self) -> None:
        """Wait until no connection is left and no function runs: what went before is not to be measured again."""
        _until(self._is_quiet)

    def rest(self) -> None:
        """Wait until no function runs; clients may be connected."""
        _until(lambda: not any(function["busy"] for function in self._functions().values()))

    def answer_posts_after(self, seconds: float) -> None:
        """Have @connections take so long for each post; 0 is at once."""
        if seconds:
            self._daemon.set_fault({"name": "slow-post", "seconds": seconds})
        else:
            self._daemon.clear_fault("slow-post")

    def cool(self) -> None:
        """Leave no function a sandbox: whatever is invoked next starts cold."""
        _until(self._is_cold)

    def cold_starts(self) -> dict[str, int]:
        """How often each function started cold so far, by its name in full."""
        return {name: function["cold_starts"] for name, function in self._functions().items()}

    def log(self, name: str) -> list[dict[str, Any]]:
        """What a function wrote, oldest first: its lines that are JSON objects. Nothing, before it has run."""
        path = self._daemon.folder / "logs" / f"{self.deployment.outputs['function_names'][name]}.log"
        if not path.exists():
            return []
        found = [line[line.index("{") :] for line in path.read_text().splitlines() if "{" in line]
        return [json.loads(line) for line in found if line.endswith("}")]

    def _is_quiet(self) -> bool:
        status = self._daemon.call("GET", "status")
        return not status["connections"]["live"] and not any(
            function["busy"] for function in status["functions"].values()
        )

    def _is_cold(self) -> bool:
        self._daemon.call("POST", "functions/cool")
        return not any(function["workers"] for function in self._functions().values())

    def _functions(self) -> dict[str, dict[str, int]]:
        functions: dict[str, dict[str, int]] = self._daemon.call("GET", "status")["functions"]
        return functions


@contextmanager
def local_aws() -> Iterator[LocalAws]:
    """Bring one up for as long as it is needed. Raises MissingError."""
    held = os.environ.get(_HELD)
    if held:
        yield _open(Path(held))
        return
    need("terraform")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "local"
        environ = {**os.environ, "OPS_LOCAL_DIR": str(folder)}
        ops(environ, "local", "up", "--detach", "--port", str(free_port()))
        try:
            yield _open(folder)
        finally:
            ops(environ, "local", "down")


def _open(folder: Path) -> LocalAws:
    return LocalAws(Deployment("local", json.loads((folder / "outputs.json").read_text())), running(folder))


def _until(done: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not done():
        if time.monotonic() > ends_at:
            raise RuntimeError("the local AWS does not come to rest")
        time.sleep(0.01)
    # The processes that were ended give the processor back.
    time.sleep(0.05)


def ops(environ: Mapping[str, str], *arguments: str) -> None:
    """Run one of our commands. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-m", "ops", *arguments], cwd=ROOT, env=environ, check=True, capture_output=True)
