"""`ops local` as a user types it, from nothing to nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from ops.local.control import Running, gone
from ops.paths import ROOT
from tests.integration.conftest import free_port

OPS = [sys.executable, "-m", "ops"]


class Shell:
    """Runs ops with a local AWS of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "OPS_LOCAL_DIR": str(folder), "HOME": str(folder.parent), "OPS_ENV": "local"}

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*OPS, *arguments], cwd=ROOT, env={**self.environ, **environ}, capture_output=True, text=True, check=False
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*OPS, *arguments], cwd=ROOT, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def assert_nothing_runs(self, port: int) -> None:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "something still listens"
        assert processes_naming(str(self.folder)) == []
        assert not (self.folder / "daemon.json").exists()


def processes_naming(text: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if text in line]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "local")
    yield shell
    shell.run("local", "down")


def read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return
    pytest.fail(f"{text!r} never came: {''.join(seen)}")


def finish(process: subprocess.Popen[str]) -> str:
    _, told = process.communicate(timeout=120)
    return told


@pytest.mark.timeout(600)
def test_up_plan_again_and_destroy(shell: Shell) -> None:
    port = str(free_port())
    up = shell.run("local", "up", "--detach", "--port", port)
    assert up.returncode == 0, up.stderr
    assert f"ws://127.0.0.1:{port}/production" in up.stderr

    again = shell.run("local", "up", "--detach", "--port", port)
    assert (again.returncode, "runs already" in again.stderr) == (0, True)

    plan = shell.run("local", "terraform", "plan", "-detailed-exitcode", "-input=false", "-no-color")
    assert plan.returncode == 0, f"the second plan is not empty:\n{plan.stdout}{plan.stderr}"

    status = shell.run("local", "status", "--json")
    assert json.loads(status.stdout)["deployed"] is True

    demo = shell.run("demo")
    assert demo.returncode == 0, demo.stderr
    assert "ben/123    heard all 20" in demo.stdout
    assert "pusher-js  heard all 20" in demo.stdout
    assert "as eve; members: " in demo.stdout
    assert "ID" in demo.stdout

    without_node = shell.run("demo", PATH="")
    assert without_node.returncode == 0, without_node.stderr
    assert "pusher-js  is left out: Node is not on PATH" in without_node.stdout
    assert without_node.stdout.count("ben/123    heard all 20") == 2

    destroy = shell.run("local", "terraform", "destroy", "-auto-approve", "-input=false", "-no-color")
    assert destroy.returncode == 0, destroy.stderr
    assert "Destroy complete" in destroy.stdout

    anew = shell.run("local", "terraform", "apply", "-auto-approve", "-input=false", "-no-color")
    assert anew.returncode == 0, anew.stderr
    assert signing_secret(int(port)) not in anew.stdout + anew.stderr

    assert shell.run("local", "down").returncode == 0
    shell.assert_nothing_runs(int(port))
    assert "was not running" in shell.run("local", "down").stderr


def signing_secret(port: int) -> str:
    """What tokens are signed with, as it is stored."""
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    with closing(secrets):
        stored = json.loads(secrets.get_secret_value(SecretId="milequest-local/apps")["SecretString"])
    secret: str = stored["apps"][0]["keys"][0]["secret"]
    return secret


def test_a_taken_port_is_named_and_nothing_is_left(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = shell.run("local", "up", "--detach", "--port", str(port))
    assert up.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken." in up.stderr
    assert "Traceback" not in up.stderr
    shell.assert_nothing_runs(port)


def test_a_missing_provider_is_told_and_nothing_is_left(shell: Shell, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "mirror").mkdir()
    up = shell.run(
        "local",
        "up",
        "--detach",
        "--port",
        str(port),
        OPS_PROVIDER_MIRROR=str(tmp_path / "mirror"),
        TF_CLI_CONFIG_FILE="",
    )
    assert up.returncode == 1
    assert "terraform init failed" in up.stderr
    assert "hashicorp/aws" in up.stderr
    assert "Traceback" not in up.stderr
    shell.assert_nothing_runs(port)


def test_a_failed_apply_names_what_is_wrong_and_nothing_is_left(shell: Shell, tmp_path: Path) -> None:
    port = free_port()
    real = shutil.which("terraform")
    fake = tmp_path / "bin" / "terraform"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" = apply ] && set -- "$@" -var=log_level=LOUD\nexec {real} "$@"\n')
    fake.chmod(0o755)
    path = f"{fake.parent}:{os.environ['PATH']}"
    up = shell.run("local", "up", "--detach", "--port", str(port), PATH=path)
    assert up.returncode == 1
    assert "log_level must be" in up.stderr
    assert "Traceback" not in up.stderr
    shell.assert_nothing_runs(port)


def test_the_users_own_terraform_settings_do_not_reach_the_local_aws(shell: Shell) -> None:
    port = str(free_port())
    leading_elsewhere = {"TF_WORKSPACE": "prod", "TF_VAR_log_level": "LOUD", "TF_CLI_ARGS_apply": "-var-file=none"}
    up = shell.run("local", "up", "--detach", "--port", port, **leading_elsewhere)
    assert up.returncode == 0, up.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_on_the_way_up_leaves_nothing(shell: Shell, number: signal.Signals) -> None:
    port = free_port()
    process = shell.start("local", "up", "--detach", "--port", str(port))
    read_until(process, " 20/")
    process.send_signal(number)
    told = finish(process)
    assert process.returncode == 128 + number
    assert "Traceback" not in told
    shell.assert_nothing_runs(port)


def test_two_at_once_do_not_disturb_each_other(shell: Shell) -> None:
    port = free_port()
    first = shell.start("local", "up", "--detach", "--port", str(port))
    read_until(first, "terraform init")
    second = shell.run("local", "up", "--detach", "--port", str(free_port()))
    assert second.returncode == 1
    assert "is at work" in second.stderr
    told = finish(first)
    assert first.returncode == 0, told


@pytest.mark.parametrize("moment", ["Starting", "terraform init", "terraform apply", " 20/"])
def test_ctrl_c_on_the_way_up_leaves_nothing(shell: Shell, moment: str) -> None:
    port = free_port()
    process = shell.start("local", "up", "--detach", "--port", str(port))
    read_until(process, moment)
    process.send_signal(signal.SIGINT)
    told = finish(process)
    assert process.returncode == 130
    assert "Traceback" not in told
    shell.assert_nothing_runs(port)


def test_an_up_that_is_killed_takes_the_daemon_with_it(shell: Shell) -> None:
    port = free_port()
    process = shell.start("local", "up", "--detach", "--port", str(port))
    read_until(process, "terraform init")
    daemon = Running.read(shell.folder)
    assert daemon is not None
    process.kill()
    finish(process)
    wait_for_end(daemon.pid)


def wait_for_end(pid: int) -> None:
    """Wait for a process that is not our child; pytest's timeout bounds it."""
    while not gone(pid):
        signal.sigtimedwait([], 0.05)


def test_without_terraform_it_says_how_to_get_it(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    up = shell.run("local", "up", PATH=str(tmp_path / "bin"))
    assert up.returncode == 1
    assert "no terraform on PATH" in up.stderr
    assert "developer.hashicorp.com" in up.stderr


@pytest.mark.parametrize(
    "command", [["connections", "list"], ["local", "status"], ["outputs"], ["local", "fault", "list"]]
)
def test_without_a_stack_each_command_says_how_to_start_one(shell: Shell, command: list[str]) -> None:
    done = shell.run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "ops local up" in done.stderr
