"""`python -m bench [PART]…`: run the parts one after the other, print a table each, keep the figures as JSON."""

from __future__ import annotations

import json
import sys

from bench import connect, handler_init, listing, package, publish, stack
from bench.figures import Table
from ops.paths import BUILD

PARTS = {
    "package": package.run,
    "init": handler_init.run,
    "up": stack.run,
    "list": listing.run,
    "connect": connect.run,
    "publish": publish.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.stderr.write(f"No part {', '.join(unknown)}; there are: {', '.join(PARTS)}\n")
        return 2
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    missed = False
    for name in names or PARTS:
        sys.stderr.write(f"measuring {name}\n")
        table: Table = PARTS[name]()
        sys.stdout.write(table.text() + "\n")
        (folder / f"{name}.json").write_text(json.dumps(table.as_json(), indent=2))
        missed = missed or table.missed
    return 3 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
