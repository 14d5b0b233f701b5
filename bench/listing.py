"""`ops connections list --team 123` beside `aws dynamodb query` on the same index: whole processes, time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from bench.figures import Figure, Table
from bench.ports import free_port
from ops.connections import INDEX
from ops.environments import local_environ
from ops.paths import BUILD, ROOT

_ROUNDS = 7
_SIZES = (1, 100, 5_000)
_LOCK = ROOT / "requirements-bench.lock"
# Runs a command and prints its wall time in s and its peak memory in MB: one child, so the maximum is that child's.
_METER = """
import resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
unit = 1024 if sys.platform == "linux" else 1024 * 1024
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
print(time.perf_counter() - started, peak, done.returncode, done.stdout.count(b"\\n"))
"""


def run() -> Table:
    """Medians, the two taking turns."""
    aws = _aws_cli()
    table = Table("connections of one team, whole process", "AWS CLI v1")
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "OPS_LOCAL_DIR": f"{folder}/local"}
        _ops(environ, "local", "up", "--detach", "--port", str(free_port()))
        try:
            outputs = json.loads((Path(folder) / "local" / "outputs.json").read_text())
            peaks = [_compare(table, count, outputs, environ, aws) for count in _SIZES]
        finally:
            _ops(environ, "local", "down")
    table.figures.append(Figure("peak memory, 5,000 beside 100", peaks[2], "MB", peaks[1], limit=1.1))
    return table


def _compare(table: Table, count: int, outputs: dict[str, Any], environ: dict[str, str], aws: Path) -> float:
    name = outputs["table_names"]["connections"]
    local = local_environ(outputs["aws_endpoint_url"], outputs["region"], environ)
    _fill(outputs, name, count)
    ours = [sys.executable, "-m", "ops", "connections", "list", "--team", "123"]
    theirs = [str(aws), "dynamodb", "query", "--table-name", name, "--index-name", INDEX, "--output", "json"]
    theirs += ["--key-condition-expression", "teamId = :t", "--expression-attribute-values", '{":t":{"S":"123"}}']
    runs: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    for _ in range(_ROUNDS):
        runs["ours"].append(_measure(ours, environ, count))
        runs["theirs"].append(_measure(theirs, local, count))
    times = {who: median(seconds for seconds, _ in measured) * 1000 for who, measured in runs.items()}
    peaks = {who: median(peak for _, peak in measured) for who, measured in runs.items()}
    table.figures.append(Figure(f"{count:,} connections: time", times["ours"], "ms", times["theirs"], limit=0.7))
    table.figures.append(Figure(f"{count:,} connections: peak memory", peaks["ours"], "MB", peaks["theirs"]))
    return peaks["ours"]


def _measure(command: list[str], environ: dict[str, str], at_least: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _METER, *command], cwd=ROOT, env=environ, check=True, capture_output=True, text=True
    )
    seconds, peak, code, lines = done.stdout.split()
    if code != "0" or int(lines) < at_least:
        raise RuntimeError(f"{command[0]} ended with {code} and {lines} lines: {done.stderr}")
    return float(seconds), float(peak)


def _fill(outputs: dict[str, Any], table: str, count: int) -> None:
    """Make it `count` live connections of team 123."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=outputs["aws_endpoint_url"],
        region_name=outputs["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    now = int(time.time())
    for start in range(0, count, 25):
        rows: list[Any] = [
            {"PutRequest": {"Item": _row(number, now)}} for number in range(start, min(start + 25, count))
        ]
        client.batch_write_item(RequestItems={table: rows})


def _row(number: int, now: int) -> dict[str, Any]:
    texts = {
        "connectionId": f"Bench{number:010d}=",
        "userId": f"user-{number}",
        "teamId": "123",
        "protocol": "plain",
        "appId": "1",
        "sourceIp": "198.51.100.7",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }
    numbers = {"connectedAt": now * 1000 + number, "lastSeenAt": now * 1000, "expiresAt": now + 7800}
    return {
        **{name: {"S": value} for name, value in texts.items()},
        **{name: {"N": str(value)} for name, value in numbers.items()},
        "channels": {"SS": ["team-123", "presence-team-123"]},
    }


def _aws_cli() -> Path:
    """The AWS CLI in an environment of its own: it pins botocore."""
    folder = BUILD / "bench-venv"
    if not (folder / ".installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(_LOCK)], check=True)
        (folder / ".installed").touch()
    return folder / "bin" / "aws"


def _ops(environ: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ops", *arguments], cwd=ROOT, env=environ, check=True, capture_output=True)
