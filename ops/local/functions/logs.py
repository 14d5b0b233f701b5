"""Where a sandbox's output goes: a file per function, and moto's CloudWatch Logs.

The START, END and REPORT lines are those that Lambda adds; see "Monitoring" in its guide.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moto.logs.models import logs_backends

from ops.local.functions.deployed import ACCOUNT, Function

if TYPE_CHECKING:
    from moto.logs.models import LogGroup

KEPT_EVENTS = 10_000
"""Log events that a stream keeps in moto; it would keep all, in memory."""

_CHUNK = 65_536
_MOST_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a REPORT line: milliseconds, and MB of memory where known.

    `init_ms` is set on the first invocation of a sandbox; `status` is None when all went well.
    """

    duration_ms: float
    memory: int
    used: int | None
    init_ms: float | None
    status: str | None

    def line(self, request_id: str) -> str:
        """Return the line. Initialisation is billed, as AWS does since August 2025."""
        billed = math.ceil(self.duration_ms + (self.init_ms or 0.0))
        fields = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {self.duration_ms:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self.memory} MB",
        ]
        if self.used is not None:
            fields.append(f"Max Memory Used: {self.used} MB")
        if self.init_ms is not None:
            fields.append(f"Init Duration: {self.init_ms:.2f} ms")
        if self.status:
            fields.append(f"Status: {self.status}")
        return "\t".join(fields)


class SandboxLog:
    """The log of one sandbox: a stream of its own, a file shared with the function's others."""

    def __init__(self, function: Function, folder: Path) -> None:
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        self._function = function
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{function.name}.log").open("a", encoding="utf-8")

    def write(self, lines: list[str]) -> None:
        """Append `lines`, which have no line ends."""
        if not lines or self._file.closed:
            return
        # The runtime client separates the lines of one event (a traceback) by carriage returns.
        lines = [line.replace("\r", "\n") for line in lines]
        self._file.write("\n".join(lines) + "\n")
        self._file.flush()
        self._to_cloudwatch(lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _to_cloudwatch(self, lines: list[str]) -> None:
        group: LogGroup | None = logs_backends[ACCOUNT][self._function.region].groups.get(self._function.log_group)
        if group is None:
            return
        if self.stream not in group.streams:
            group.create_log_stream(self.stream)
        now = int(time.time() * 1000)
        group.put_log_events(self.stream, [{"timestamp": now, "message": line} for line in lines])
        events = group.streams[self.stream].events
        if len(events) > 2 * KEPT_EVENTS:
            del events[:-KEPT_EVENTS]


class OutputPipe:
    """A pipe for a sandbox's standard output and error, read as lines.

    Reading it is under our control: what was written before an answer was sent is read before
    the END line is written, so that the lines of an invocation stand between START and END.
    """

    def __init__(self, lines: Callable[[list[str]], None]) -> None:
        self._lines = lines
        self._partial = b""
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def started(self) -> None:
        """Close our copy of the writing end: the sandbox has its own."""
        os.close(self.writer)
        self.writer = -1

    def drain(self) -> None:
        """Read what is there, and take an unfinished line as a line."""
        for _ in range(_MOST_CHUNKS):
            if self._reader < 0 or not self._read():
                break
        if self._partial:
            partial, self._partial = self._partial, b""
            self._lines([partial.decode(errors="replace")])

    def close(self) -> None:
        """Drain it, and close both ends."""
        self.drain()
        self._end()
        if self.writer >= 0:
            self.started()

    def _read(self) -> bool:
        try:
            data = os.read(self._reader, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._end()
            return False
        *whole, self._partial = (self._partial + data).split(b"\n")
        self._lines([line.decode(errors="replace") for line in whole])
        return True

    def _end(self) -> None:
        if self._reader >= 0:
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = -1


def peak_memory(pid: int) -> int | None:
    """Return the most memory that a process had resident, in MB; None where nothing tells."""
    try:
        status = os.open(f"/proc/{pid}/status", os.O_RDONLY)
    except OSError:
        return None
    # Read after every invocation, hence without the layers of open().
    try:
        text = os.read(status, 4096)
    except ProcessLookupError:
        return None
    finally:
        os.close(status)
    _, found, rest = text.partition(b"VmHWM:")
    return int(rest.split(maxsplit=1)[0]) // 1024 if found else None
