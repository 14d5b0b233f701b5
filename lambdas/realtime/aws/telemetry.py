"""Structured logs and CloudWatch metrics (embedded metric format) on standard output, one JSON object a line.

Metrics: Connects, Disconnects, Messages, Requests, Deliveries, DeliveriesFailed, DeliveriesDelayed, DeliveriesShed,
Shares, Coalesced, Gone, Swept, WebhooksSent, WebhooksFailed by Environment and Function; Errors by Environment and
Code. Format: CloudWatch User Guide, "Embedded metric format specification".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, TextIO

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}


class Source(NamedTuple):
    """Whose telemetry it is."""

    environment: str
    function: str
    namespace: str
    level: str


class Telemetry:
    """The Telemetry port. `begin` an invocation, `end` it: what was counted in between goes out as one line."""

    def __init__(self, source: Source, out: TextIO, clock: Callable[[], float]) -> None:
        self._source = source
        self._out = out
        self._clock = clock
        self._context: dict[str, object] = {}
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()

    def begin(self, **context: object) -> None:
        """Start an invocation; `context` goes into each of its lines."""
        self._context = context
        self._counts.clear()
        self._errors.clear()

    def count(self, metric: str, value: int = 1) -> None:
        self._counts[metric] += value

    def error(self, code: str) -> None:
        self._errors[code] += 1

    def log(self, level: str, message: str, **fields: object) -> None:
        if _LEVELS[level] >= _LEVELS[self._source.level]:
            self._write({"level": level, "message": message, **self._context, **fields})

    def end(self, **fields: object) -> None:
        """Write the invocation's metrics."""
        if self._counts:
            self._emit({"Function": self._source.function}, self._counts, fields)
        for code, value in self._errors.items():
            self._emit({"Code": code}, {"Errors": value}, {})

    def _emit(self, dimension: Mapping[str, str], metrics: Mapping[str, int], fields: Mapping[str, object]) -> None:
        dimensions = {"Environment": self._source.environment, **dimension}
        directive = {
            "Namespace": self._source.namespace,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
        }
        header = {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [directive]}
        self._write({"_aws": header, **dimensions, **metrics, **self._context, **fields})

    def _write(self, line: Mapping[str, object]) -> None:
        self._out.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
        self._out.flush()
