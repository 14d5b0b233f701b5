"""Prices and what is paid."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date

import pytest

from ops.cost.prices import Usage, dollars, prices

ROWS = prices()


def test_all_that_is_paid_for_has_a_price():
    assert set(ROWS) == {field.name for field in fields(Usage)}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_price_says_where_it_is_from_and_how_sure_it_is(row):
    assert row.source.startswith("https://")
    assert row.confidence in ("high", "medium", "low")
    assert date.fromisoformat(row.as_of) < date(2027, 1, 1)
    assert row.region == "us-east-1"


def test_a_million_messages_and_requests_cost_a_dollar_each():
    cost = dollars(Usage(websocket_messages=1e6, http_requests=1e6))
    assert (cost["websocket_messages"], cost["http_requests"], cost["total"]) == (1.0, 1.0, 2.0)


def test_nothing_costs_nothing():
    assert set(dollars(Usage()).values()) == {0.0}


def test_usage_scales():
    assert asdict(Usage(1, 2, 3, 4, 5, 6, 7).scaled(2)) == asdict(Usage(2, 4, 6, 8, 10, 12, 14))
