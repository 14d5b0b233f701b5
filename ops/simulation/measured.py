"""What the bench has measured: the newest figures of this checkout, or those of the machine named here."""

from __future__ import annotations

import json
from pathlib import Path

from ops.paths import BUILD

# CPU µs on one core of a 2-core Linux machine with CPython 3.11, 2026-11-23: of one delivery through ManagementOutbox
# over TLS (`make bench-deliver`); of one reader in a share whose posts cost nothing, from DynamoDB's answer on; and of
# opening a connection, with a TLS session that is resumed.
DELIVERY_US = 60.0
ROW_US = 9.0
CONNECT_US = 500.0

_FILE = BUILD / "bench" / "deliver.json"
_FIGURE = "CPU of a delivery"


def delivery_us(file: Path = _FILE) -> float:
    """The engine's CPU per delivery as the bench last measured it here; where it has not, DELIVERY_US."""
    try:
        figures = json.loads(file.read_text())["figures"]
        return next(float(figure["ours"]) for figure in figures if figure["what"] == _FIGURE)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return DELIVERY_US
