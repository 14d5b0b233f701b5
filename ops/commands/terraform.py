"""`ops terraform`: Terraform where its registry is out of reach."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from ops import paths
from ops.terraform import cli_configuration, require_terraform

RAW = {"ignore_unknown_options": True, "help_option_names": []}


@click.command(context_settings=RAW)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def terraform(arguments: tuple[str, ...]) -> int:
    """Run Terraform in terraform/, with the AWS provider from this machine's mirror if it has one.

    The same as `terraform -chdir=terraform …` where Terraform finds its providers by itself.
    """
    return pass_through(arguments, paths.TERRAFORM, os.environ)


def pass_through(arguments: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> int:
    """Run Terraform as if typed in `folder`; return its exit code."""
    require_terraform(environ)
    with cli_configuration(environ) as configured, _interrupts_left_to_the_child():
        process = subprocess.Popen(["terraform", *arguments], cwd=folder, env=configured)  # noqa: S603, S607
        # Who ends us means Terraform, which takes SIGTERM as it takes Ctrl-C.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
        return code if code >= 0 else 128 - code


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    """Ctrl-C is for Terraform, to which the terminal sends it as well, and which ends when it has written its state.

    A handler, not SIG_IGN: the child would inherit that. Set before the child is there, so that none comes too early.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
