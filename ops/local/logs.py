"""Read the local AWS's log files: one for each Lambda, the gateway's access log, the daemon's own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_POLL_SECONDS = 0.2


def tail(folder: Path, lines: int, names: Sequence[str] = ()) -> Iterator[str]:
    """The last lines of each log, each headed by its log's name."""
    for path in _files(folder, names):
        with path.open(errors="replace") as file:
            last = deque(file, maxlen=lines)
        yield from (_headed(path, line) for line in last)


def follow(
    folder: Path, names: Sequence[str] = (), pause: Callable[[float], None] = time.sleep, from_start: bool = False
) -> Iterator[str]:
    """New lines as they come, without end."""
    positions = {} if from_start else {path: path.stat().st_size for path in _files(folder, names)}
    while True:
        for path in _files(folder, names):
            start = positions.get(path, 0)
            if path.stat().st_size < start:
                start = 0  # somebody emptied it
            with path.open("rb") as file:
                file.seek(start)
                whole, end, _ = file.read().rpartition(b"\n")
            positions[path] = start + len(whole) + len(end)
            if end:
                yield from (_headed(path, line + "\n") for line in whole.decode(errors="replace").split("\n"))
        pause(_POLL_SECONDS)


def _files(folder: Path, names: Sequence[str]) -> list[Path]:
    found = sorted(folder.glob("*.log"))
    return [path for path in found if not names or any(f"-{path.stem}".endswith(f"-{name}") for name in names)]


def _headed(path: Path, line: str) -> str:
    return f"{path.stem}  {line}"
