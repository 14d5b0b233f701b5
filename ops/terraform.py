"""The one place that runs Terraform, through python-terraform.

The package builds the command lines. It can neither stream a command's output nor give it an environment of its own, so
`cmd`, through which all its methods go, is replaced by one that does both.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import python_terraform

from ops.errors import OpsError
from ops.mirror import find_mirror
from ops.templates import render

Line = Callable[[str], None]
Flag = python_terraform.IsFlagged

MINIMUM_VERSION = (1, 9)
_GRACE_SECONDS = 15


class TerraformFailed(OpsError):
    """A Terraform command failed; the message carries its diagnostics."""


class Terraform(python_terraform.Terraform):  # type: ignore[misc]  # the package has no types
    """Terraform in one folder, with one environment.

    `on_line` gets each line of standard output as it comes. Methods that run a command raise TerraformFailed.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], on_line: Line | None = None) -> None:
        require_terraform(environ)
        super().__init__(working_dir=str(folder))
        self._environ = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0", **environ}
        self._on_line = on_line

    def cmd(self, cmd: str, *args: str, **options: Any) -> tuple[int, str, str]:
        """Run a command to its end; return exit code, standard output and standard error."""
        command = self.generate_cmd_string(cmd, *args, **options)
        with tempfile.TemporaryFile("w+") as errors, cli_configuration(self._environ) as environ:
            process = subprocess.Popen(  # noqa: S603 - built by python-terraform from our arguments
                command,
                cwd=self.working_dir,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # Ctrl-C in a terminal goes to us alone; we pass it on once. Twice makes Terraform drop its state.
                start_new_session=True,
            )
            try:
                output = self._read(process)
            finally:
                _end(process)
                if process.stdout is not None:
                    process.stdout.close()
            errors.seek(0)
            return process.returncode, output, errors.read()

    def run(self, cmd: str, *args: str, ok: tuple[int, ...] = (0,), **options: Any) -> tuple[int, str]:
        """Run a command; return exit code and output. Raises TerraformFailed unless the code is one of `ok`."""
        code, output, errors = self.cmd(cmd, *args, **options)
        if code not in ok:
            reason = "\n".join(_diagnostics(output)) or errors.strip() or output.strip()
            raise TerraformFailed(f"terraform {cmd} failed (exit code {code}):\n{reason}")
        return code, output

    def outputs(self) -> dict[str, Any]:
        """The outputs of the state: name → value. Raises TerraformFailed."""
        _, text = self.run("output", json=Flag)
        try:
            return {name: output["value"] for name, output in json.loads(text).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TerraformFailed(f"terraform output printed what is not its JSON: {text[:200]!r}") from None

    def _read(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if self._on_line is not None:
                self._on_line(line)
        process.wait()
        return "".join(lines)


def require_terraform(environ: Mapping[str, str]) -> None:
    """Raises OpsError if there is no terraform on PATH."""
    if shutil.which("terraform", path=environ.get("PATH")) is None:
        wanted = ".".join(map(str, MINIMUM_VERSION))
        raise OpsError(
            "There is no terraform on PATH.",
            f"Install Terraform {wanted} or newer: https://developer.hashicorp.com/terraform/install",
        )


@contextmanager
def cli_configuration(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment for Terraform, with a CLI configuration for the provider mirror where one is found.

    The user's own CLI configuration is left alone if there is one.
    """
    mirror = None if _has_configuration(environ) else find_mirror(environ)
    if mirror is None:
        yield dict(environ)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".terraformrc") as file:
        file.write(render("terraform.rc.j2", mirror=str(mirror)))
        file.flush()
        yield {**environ, "TF_CLI_CONFIG_FILE": file.name}


def _has_configuration(environ: Mapping[str, str]) -> bool:
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    home = Path(environ.get("HOME") or Path.home())
    return Path(named).is_file() if named else (home / ".terraformrc").is_file()


def _diagnostics(output: str) -> Iterator[str]:
    """The errors in a command's `-json` output."""
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        diagnostic = event.get("diagnostic") if isinstance(event, dict) else None
        if diagnostic and diagnostic.get("severity") == "error":
            where = f" ({diagnostic['address']})" if diagnostic.get("address") else ""
            detail = diagnostic.get("detail") or ""
            yield f"  {diagnostic['summary']}{where}" + (f"\n    {detail.strip()}" if detail.strip() else "")


def _end(process: subprocess.Popen[str]) -> None:
    """Make sure that a command and its providers are over: politely first, so that Terraform can write its state."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        # It may still have more to say than a pipe holds.
        process.communicate(timeout=_GRACE_SECONDS)
    except BaseException as failure:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(failure, subprocess.TimeoutExpired):
            raise
