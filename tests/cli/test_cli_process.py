"""`ops` as a process of its own: closed pipes, interrupts, exit codes."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.backend import NOW

OPS = Path(sys.executable).with_name("ops")
MANY = 100
PATIENCE = 120


@pytest.fixture(autouse=True)
def folder(local):
    os.environ["OPS_LOCAL_DIR"] = str(local)


@pytest.fixture
def crowd(backend):
    for number in range(MANY):
        backend.connect(f"id-{number:04}", at=NOW - MANY + number, userId="user" * 250)  # more than a pipe holds


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("options", ["", "--json"])
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(options):
    command = f"{shlex.quote(str(OPS))} connections list --team 123 {options} | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [("connections", "list"), ("outputs", "--json"), ("--help",)])
def test_a_pipe_that_is_closed_from_the_start_is_no_traceback(backend, arguments):
    backend.connect("x")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [OPS, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_data_goes_to_standard_output_and_nothing_to_standard_error(backend):
    done = subprocess.run([OPS, "outputs", "--json"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["aws_endpoint_url"] == backend.url


def test_a_failure_leaves_standard_output_empty():
    done = subprocess.run([OPS, "outputs"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_ctrl_c_is_told_in_a_word(tmp_path):
    """A Terraform that waits gives the test the moment to interrupt."""
    process = _started(
        tmp_path, "trap 'exit 1' INT\necho $$ > started\nwhile :; do sleep 0.05; done\n", "--env=dev", "outputs"
    )
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err.strip()) == (130, "", "Interrupted.")


def test_ctrl_c_leaves_terraform_the_time_to_write_its_state(tmp_path):
    script = "trap 'sleep 1; echo written > state; exit 1' INT\necho $$ > started\nwhile :; do sleep 0.05; done\n"
    process = _started(tmp_path, script, "terraform", "apply")
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert (tmp_path / "work" / "state").read_text() == "written\n"
    assert process.returncode == 1


def _started(tmp_path: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """`ops` in a process group of its own, in which a `terraform` of the test's has begun."""
    work, tools = tmp_path / "work", tmp_path / "tools"
    work.mkdir()
    tools.mkdir()
    os.mkfifo(work / "started")
    begun = os.open(work / "started", os.O_RDONLY | os.O_NONBLOCK)
    (tools / "terraform").write_text(f"#!/bin/sh\ncd {shlex.quote(str(work))}\n{script}")
    (tools / "terraform").chmod(0o755)
    process = subprocess.Popen(
        [OPS, *arguments],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    readable, _, _ = select.select([begun], [], [], PATIENCE)
    os.close(begun)
    assert readable, "terraform was not run"
    return process
