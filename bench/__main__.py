"""`python -m bench [PART]…`: run the parts one after the other; print a table each, keep the figures and a plot.

Exit code 3: a limit does not hold. 1: a part could not be measured.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    coalesce,
    connect,
    deliver,
    dollars,
    faults,
    handler_init,
    last,
    listing,
    local,
    memory,
    package,
    publish,
    simulate,
    stack,
)
from bench.figures import Table
from bench.needs import MissingError, environ, python
from ops.paths import BUILD, ROOT

PARTS: dict[str, Callable[[], Table]] = {
    "package": package.run,
    "init": handler_init.run,
    "deliver": deliver.run,
    "faults": faults.run,
    "memory": memory.run,
    "last": last.run,
    "up": stack.run,
    "list": listing.run,
    "connect": connect.run,
    "publish": publish.run,
    "coalesce": coalesce.run,
    "local": local.run,
    "dollars": dollars.run,
    "simulate": simulate.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.stderr.write(f"No part {', '.join(unknown)}; there are: {', '.join(PARTS)}\n")
        return 2
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    codes, left_out = [0], dict[str, str]()
    for name in names or PARTS:
        sys.stderr.write(f"measuring {name}\n")
        try:
            codes.append(_measure(name, folder))
        except MissingError as missing:
            codes.append(1)
            left_out[name] = str(missing)
    for name, what in left_out.items():
        sys.stderr.write(f"{name} was not measured: {what}\n")
    return max(codes)


def _measure(name: str, folder: Path) -> int:
    table = PARTS[name]()
    sys.stdout.write(table.text() + "\n")
    sys.stdout.flush()
    figures = folder / f"{name}.json"
    figures.write_text(json.dumps(table.as_json(), indent=2))
    subprocess.run(python("bench.plot", str(figures), str(folder / f"{name}.png")), cwd=ROOT, env=environ(), check=True)
    return 3 if table.missed else 0


if __name__ == "__main__":
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
