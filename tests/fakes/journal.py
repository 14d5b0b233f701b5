"""What the fakes were asked, and what is to fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from realtime.domain.errors import ServiceError

T = TypeVar("T")


@dataclass
class Journal:
    """The port calls in the order they were made, and those that are to fail, by "port.method"."""

    calls: list[str] = field(default_factory=list)
    failures: dict[str, ServiceError] = field(default_factory=dict)

    def enter(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failures:
            raise self.failures[name]


def pages(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    """The rows in pages of so many."""
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))
