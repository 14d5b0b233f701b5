"""Read the local AWS's log files: one for each Lambda, the gateway's access log, the daemon's own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ops.errors import OpsError

_POLL_SECONDS = 0.2


class Logs:
    """The logs below a folder, or those of the named ones; it remembers how far each has been read."""

    def __init__(self, folder: Path, names: Sequence[str] = ()) -> None:
        """Raises OpsError for a name that no log has."""
        self._folder = folder
        self._names = names
        self._positions: dict[Path, int] = {}
        for name in names:
            if not _files(folder, [name]):
                there = ", ".join(path.stem for path in _files(folder, ())) or "none yet"
                raise OpsError(f"There is no log of {name!r}.", f"There are: {there}")

    def tail(self, lines: int) -> Iterator[str]:
        """The last lines of each log, each headed by its log's name."""
        for path in _files(self._folder, self._names):
            yield from deque(self._read(path), maxlen=lines)

    def follow(self, pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
        """What has come since, and then new lines as they come, without end."""
        while True:
            for path in _files(self._folder, self._names):
                yield from self._read(path)
            pause(_POLL_SECONDS)

    def skip(self) -> None:
        """Take what is there for read."""
        for _ in self.tail(0):
            pass

    def _read(self, path: Path) -> Iterator[str]:
        """The whole lines that were not read yet."""
        start = self._positions.get(path, 0)
        if path.stat().st_size < start:
            start = 0  # somebody emptied it
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                start += len(line)
                self._positions[path] = start
                yield f"{path.stem}  {line.decode(errors='replace')}"


def _files(folder: Path, names: Sequence[str]) -> list[Path]:
    found = sorted(folder.glob("*.log"))
    return [path for path in found if not names or any(f"-{path.stem}".endswith(f"-{name}") for name in names)]
