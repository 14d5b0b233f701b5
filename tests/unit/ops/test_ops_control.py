"""The running local AWS as its state file tells of it, and its control paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.errors import NotRunning, OpsError
from ops.local.control import Running, gone, running
from tests.contract.http_double import HttpDouble

WAIT = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose command line is the daemon's, without being it."""
    arguments = [sys.executable, "-c", WAIT, "ops.local.daemon", f"--workdir={tmp_path}"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate()


def test_what_is_written_is_read(tmp_path):
    noted = Running(42, "http://127.0.0.1:4566", tmp_path)
    noted.write()
    assert Running.read(tmp_path) == noted


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "5", "null", "{}", '{"pid": 1}', '{"pid": "x", "endpoint_url": ""}']
)
def test_a_state_file_that_says_nothing_counts_as_none(tmp_path, text):
    if text is not None:
        (tmp_path / "daemon.json").write_text(text)
    assert Running.read(tmp_path) is None


def test_the_daemon_of_this_folder_is_alive(tmp_path, process):
    Running(process.pid, "http://127.0.0.1:1", tmp_path).write()
    assert running(tmp_path).pid == process.pid


def test_the_daemon_of_another_folder_is_not_ours(tmp_path, process):
    other = tmp_path / "other"
    other.mkdir()
    Running(process.pid, "http://127.0.0.1:1", other).write()
    with pytest.raises(NotRunning):
        running(other)


def test_another_process_with_the_noted_id_is_not_ours(tmp_path):
    Running(os.getpid(), "http://127.0.0.1:1", tmp_path).write()
    with pytest.raises(NotRunning):
        running(tmp_path)


def test_a_process_that_has_ended_is_not_running(tmp_path, process):
    Running(process.pid, "http://127.0.0.1:1", tmp_path).write()
    process.communicate()
    with pytest.raises(NotRunning):
        running(tmp_path)


def test_without_a_state_file_nothing_runs(tmp_path):
    with pytest.raises(NotRunning):
        running(tmp_path)


def test_a_child_that_has_ended_is_gone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert gone(child.pid)
    child.wait()


def test_a_process_that_lives_is_not_gone(process):
    assert not gone(process.pid)


def test_a_call_returns_what_was_answered(tmp_path):
    with HttpDouble(lambda received: (200, b'{"on": {}}')) as double:
        assert Running(1, double.url, tmp_path).call("GET", "faults") == {"on": {}}
    assert double.received[0].target == "/_local/faults"


def test_a_calls_body_is_json(tmp_path):
    with HttpDouble(lambda received: (200, b"{}")) as double:
        Running(1, double.url, tmp_path).call("POST", "faults/cut", {"match": "é"})
    assert json.loads(double.received[0].body) == {"match": "é"}


def test_the_reason_of_a_refusal_is_passed_on(tmp_path):
    with (
        HttpDouble(lambda received: (400, b'{"message": "rate cannot be 2"}')) as double,
        pytest.raises(OpsError, match="^rate cannot be 2$"),
    ):
        Running(1, double.url, tmp_path).call("POST", "faults", {})


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}"])
def test_a_refusal_without_a_reason_is_told_as_that(tmp_path, body):
    with (
        HttpDouble(lambda received: (500, body)) as double,
        pytest.raises(OpsError, match="without a reason"),
    ):
        Running(1, double.url, tmp_path).call("GET", "status")


def test_nobody_answering_means_that_it_does_not_run(tmp_path):
    with HttpDouble(lambda received: (200, b"{}")) as double:
        url = double.url
    with pytest.raises(NotRunning):
        Running(1, url, tmp_path).call("GET", "status")


def test_a_users_proxy_does_not_get_to_see_it(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with HttpDouble(lambda received: (200, b"{}")) as double:
        assert Running(1, double.url, tmp_path).call("GET", "status") == {}
