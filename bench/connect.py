"""From `new Pusher` to `connected` in pusher-js against the local AWS, warm and cold, and what it takes of AWS."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import websocket

from bench.figures import Figure, Table, percentile
from bench.local_aws import LocalAws, local_aws
from bench.needs import MissingError, need
from ops.paths import ROOT
from realtime.aws.telemetry import Source, Telemetry
from realtime.settings import Environ
from realtime.usecases.welcome import welcome
from realtime.wiring import build_ports

_WARM = 200
# Each cold one begins with ending what is warm.
_COLD = 200
_WARM_LIMIT_MS, _COLD_LIMIT_MS = 150, 500
_CLIENTS = ROOT / "tests" / "clients"
_INVOLVED = ("websocket-connect", "deliver")


class Browser:
    """The Node process with pusher-js."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def connect(self) -> float:
        """Connect, disconnect; return the milliseconds to `connected`."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("pusher-js did not connect")
        return float(line)


def run() -> Table:
    """One client after the other, each alone: the next begins when nothing of the last one runs any more."""
    need("node")
    with local_aws() as aws, _browser(aws) as browser:
        for _ in range(3):
            _connect(aws, browser)
        warm = [_connect(aws, browser) for _ in range(_WARM)]
        calls_warm = _calls_of_connect(aws)
        cold = _cold(aws, browser)
        calls_cold = _calls_of_connect(aws)
        welcomes = _calls_of_welcome(aws)
    table = Table(f"pusher-js: open to connected, {len(warm)} warm, {len(cold)} cold", "")
    for name, times, limit in (("warm", warm, _WARM_LIMIT_MS), ("cold", cold, _COLD_LIMIT_MS)):
        table.figures.append(Figure(f"{name}: p50", percentile(times, 50), "ms"))
        table.figures.append(Figure(f"{name}: p99", percentile(times, 99), "ms", limit=limit))
    for name, calls in (("warm", calls_warm + welcomes[1]), ("cold", calls_cold + welcomes[0])):
        table.figures.append(Figure(f"{name}: AWS calls ({_listed(calls)})", calls.total(), "calls"))
    return table


def _connect(aws: LocalAws, browser: Browser) -> float:
    elapsed = browser.connect()
    aws.settle()
    return elapsed


def _cold(aws: LocalAws, browser: Browser) -> list[float]:
    times: list[float] = []
    while len(times) < _COLD:
        aws.cool()
        before = aws.cold_starts()
        times.append(_connect(aws, browser))
        after = aws.cold_starts()
        for name in _INVOLVED:
            function = aws.deployment.outputs["function_names"][name]
            if after[function] != before[function] + 1:
                raise RuntimeError(f"{name} was not cold")
    return times


def _calls_of_connect(aws: LocalAws) -> Counter[str]:
    """What the last `$connect` asked of AWS, by its own log."""
    lines = [line for line in aws.log("websocket-connect") if "Connects" in line]
    return Counter(lines[-1]["calls"])


def _calls_of_welcome(aws: LocalAws) -> list[Counter[str]]:
    """What `deliver` asks of AWS, cold and warm: the same code, run here for a client that is not welcomed yet."""
    pusher, deployment = aws.pusher, aws.deployment
    table = deployment.client("dynamodb")
    found = []
    account = deployment.account()
    ports = build_ports(Environ(_environ(deployment.outputs)), account, _silent())
    for _ in range(2):
        url = f"ws://{pusher['host']}:{pusher['port']}/app/{pusher['key']}?protocol=7"
        client = websocket.create_connection(url, timeout=10, http_no_proxy=[pusher["host"]])
        client.recv()
        name = {"TableName": deployment.table("connections")}
        (row,) = _welcomed_rows(table, name)
        key = {"connectionId": row["connectionId"]}
        table.update_item(**name, Key=key, UpdateExpression="REMOVE welcome")
        account.calls.clear()
        welcome(row["connectionId"]["S"], ports)
        found.append(Counter(account.calls))
        client.recv()
        client.close()
        aws.settle()
    return found


def _welcomed_rows(table: Any, name: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows, once the one client's says that it was welcomed: that is the last that its own `deliver` does."""
    while True:
        rows: list[dict[str, Any]] = table.scan(**name, ConsistentRead=True)["Items"]
        if rows and all(row.get("welcome") == {"S": "told"} for row in rows):
            return rows
        time.sleep(0.01)


def _environ(outputs: Mapping[str, Any]) -> dict[str, str]:
    tables = {f"{name.upper()}_TABLE": table for name, table in outputs["table_names"].items()}
    return {
        **tables,
        "MANAGEMENT_ENDPOINT": outputs["management_endpoint"],
        "APPS_SECRET_ID": outputs["apps_secret_name"],
        "TASKS_QUEUE_URL": outputs["tasks_queue_url"],
        "DELIVER_FUNCTION": outputs["function_names"]["deliver"],
    }


def _silent() -> Telemetry:
    return Telemetry(Source("local", "bench", "bench", "ERROR"), io.StringIO(), time.time)


def _listed(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {name.partition(':')[2]}" for name, count in sorted(calls.items()))


@contextmanager
def _browser(aws: LocalAws) -> Iterator[Browser]:
    node, library = need("node"), _CLIENTS / "node_modules" / "pusher-js"
    if not library.is_dir():
        raise MissingError("pusher-js is missing: `make bench-connect` installs it")
    pusher = aws.pusher
    options = {
        "cluster": "x",
        "wsHost": pusher["host"],
        "wsPort": pusher["port"],
        "forceTLS": False,
        "enabledTransports": ["ws", "wss"],
    }
    command = [node, str(ROOT / "bench" / "connect.js"), str(library), pusher["key"], json.dumps(options)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Browser(process)
        finally:
            assert process.stdin
            process.stdin.close()
