"""On a schedule: remove what ended without a `$disconnect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Invocation, lambda_handler
from realtime.ports import Ports
from realtime.settings import Environ
from realtime.usecases.sweep import sweep
from realtime.wiring import build_ports

# What is left for the page under way when the run has to stop.
_RESERVE_MS = 15_000

_App = tuple[Ports, int]


def _build(reader: Environ, account: Account, telemetry: Telemetry) -> _App:
    silent_after_ms = reader.integer("SILENT_AFTER_SECONDS") * 1000
    return build_ports(reader, account, telemetry), silent_after_ms


def _handle(invocation: Invocation, app: _App) -> Mapping[str, Any]:
    ports, silent_after_ms = app
    swept = sweep(ports, invocation.now, silent_after_ms, lambda: invocation.remaining_ms() > _RESERVE_MS)
    ports.telemetry.count("Swept", sum(swept[:-1]))
    ports.telemetry.log("INFO", "swept", **swept._asdict())
    return swept._asdict()


handler = lambda_handler(_build, _handle)
