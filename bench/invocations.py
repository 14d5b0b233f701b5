"""What a function's invocations took, by the log that the local AWS keeps as CloudWatch does."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

_REPORT = re.compile(r"REPORT RequestId: (\S+)\t.*Billed Duration: (\d+) ms\tMemory Size: (\d+) MB")
_PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Invocation:
    """`calls` to AWS by "service:Operation"; `seconds` are billed."""

    calls: Counter[str]
    seconds: float
    memory_mb: int

    @property
    def gb_seconds(self) -> float:
        """What Lambda bills."""
        return self.seconds * self.memory_mb / 1024


def last(logs: Any, group: str, count: int) -> list[Invocation]:
    """The last so many that told their calls, oldest first. `logs` is a boto3 client. Raises RuntimeError."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while len(found := _read(logs, group)) < count:
        if time.monotonic() > ends_at:
            raise RuntimeError(f"{group} has {len(found)} invocations, not {count}")
        time.sleep(0.1)
    return found[-count:]


def _read(logs: Any, group: str) -> list[Invocation]:
    calls: dict[str, Counter[str]] = {}
    reports = []
    for event in logs.filter_log_events(logGroupName=group)["events"]:
        text = event["message"]
        if text.startswith("{"):
            line = json.loads(text)
            if "calls" in line:
                calls[line["requestId"]] = Counter(line["calls"])
        elif report := _REPORT.match(text):
            reports.append(report)
    return [
        Invocation(calls[report[1]], int(report[2]) / 1000, int(report[3])) for report in reports if report[1] in calls
    ]
