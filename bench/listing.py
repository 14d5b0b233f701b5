"""`ops connections list --team 123` beside `aws dynamodb query` on the same index: whole processes, time and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from bench.figures import Figure, Table
from bench.local_aws import LocalAws, local_aws
from bench.needs import bench_tool
from ops.connections import INDEX
from ops.environments import local_environ
from ops.paths import ROOT

_ROUNDS = 7
_SIZES = (1, 100, 5_000)
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
    aws_cli = bench_tool("aws")
    table = Table("connections of one team, whole process", "AWS CLI v1")
    with local_aws() as aws:
        peaks = [_compare(table, count, aws, aws_cli) for count in _SIZES]
    table.figures.append(Figure("peak memory, 5,000 beside 100", peaks[2], "MB", peaks[1], limit=1.1))
    return table


def _compare(table: Table, count: int, aws: LocalAws, aws_cli: Path) -> float:
    outputs, environ = aws.deployment.outputs, aws.environ
    name = outputs["table_names"]["connections"]
    local = local_environ(outputs["aws_endpoint_url"], outputs["region"], environ)
    _fill(outputs, name, count)
    ours = [sys.executable, "-m", "ops", "connections", "list", "--team", "123"]
    theirs = [str(aws_cli), "dynamodb", "query", "--table-name", name, "--index-name", INDEX, "--output", "json"]
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


def _fill(outputs: Mapping[str, Any], table: str, count: int) -> None:
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
