"""Prices by the name of what they are for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for `per` of `unit`. `confidence`: high, medium or low; `as_of` is the date of the source."""

    id: str
    usd: float
    per: float
    unit: str
    region: str
    source: str
    as_of: str
    confidence: str


@dataclass(slots=True)
class Usage:
    """What is paid for by use, by the ids of the prices: all of it adds up."""

    websocket_messages: float = 0.0
    http_requests: float = 0.0
    lambda_requests: float = 0.0
    lambda_gb_seconds: float = 0.0
    dynamodb_read_units: float = 0.0
    dynamodb_write_units: float = 0.0
    gigabytes_out: float = 0.0

    def scaled(self, factor: float) -> Usage:
        """So many times as much."""
        return Usage(**{name: value * factor for name, value in asdict(self).items()})


@cache
def prices() -> dict[str, Price]:
    """Every price by its id. Raises TypeError for a row that lacks something."""
    found: list[dict[str, Any]] = json.loads(_FILE.read_text())["prices"]
    return {row["id"]: Price(**row) for row in found}


def dollars(usage: Usage) -> dict[str, float]:
    """What each part of it costs at list price, and all of it as `total`."""
    by_id = prices()
    parts = {name: used * by_id[name].usd / by_id[name].per for name, used in asdict(usage).items()}
    return {**parts, "total": sum(parts.values())}
