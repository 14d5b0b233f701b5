"""How data is shown: tables and JSON, page by page, with nothing in them that a terminal would act on."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

Write = Callable[[str], None]

# Widths are settled by the first rows; a later, wider value pushes its line's rest to the right.
_SAMPLE_ROWS = 100
_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how to get the cell's text from a row."""

    heading: str
    cell: Callable[[Mapping[str, Any]], str]


def printable(text: str) -> str:
    """`text` without anything that moves a cursor, colours, reorders or hides: clients choose names, ids and agents."""
    text = text.expandtabs(2)
    if text.isascii() and text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _DANGEROUS else c for c in text)


def write_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], write: Write) -> int:
    """Write rows as they come; return how many. Nothing is written if there is none."""
    lines = ([printable(column.cell(row)) for column in columns] for row in rows)
    first = list(islice(lines, _SAMPLE_ROWS))
    if not first:
        return 0
    headings = [column.heading for column in columns]
    widths = [max(map(len, cells)) for cells in zip(headings, *first, strict=True)]
    count = 0
    for cells in chain([headings], first, lines):
        write("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n")
        count += 1
    return count - 1


def write_json_rows(rows: Iterable[Mapping[str, Any]], write: Write) -> int:
    """Write rows as one JSON array, an object a line, as they come; return how many."""
    iterator = iter(rows)
    # Before anything is written: if the first page fails, nothing of it stands on standard output.
    first = list(islice(iterator, 1))
    count = 0
    write("[")
    for count, row in enumerate(chain(first, iterator), start=1):
        write(("\n  " if count == 1 else ",\n  ") + json.dumps(row))
    write("\n]\n" if count else "]\n")
    return count


def json_text(value: Any) -> str:
    """One value as indented JSON."""
    return json.dumps(value, indent=2)


def duration(seconds: float) -> str:
    """A time span as people read it: 42s, 5m, 1h 40m."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = whole // 60
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h {minutes % 60}m"


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings as dotted names and texts."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", "-" if value is None else str(value)
