"""`ops simulate`."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from ops.simulation.assumptions import Assumptions


def test_a_row_for_each_channel_and_every_assumption_below(ops):
    result = ops("simulate", "--readers", "10", "--readers", "600", "--delivery-us", "60")
    assert result.code == 0
    table, assumed = result.out.split("\n\n")
    headings, small, large = table.splitlines()
    assert headings.split()[:3] == ["READERS", "SHARES", "LARGEST"]
    assert (small.split()[:2], large.split()[:2]) == (["10", "0"], ["600", "1"])
    named = {line.split()[0] for line in assumed.splitlines()[1:]}
    assert named == {f"--{field.name.replace('_', '-')}" for field in fields(Assumptions)}


def test_what_it_is_about_to_do_is_for_people(ops):
    assert ops("simulate", "--readers", "1000", "--delivery-us", "60").err == "Simulating 1,000 readers\n"


def test_as_json(ops):
    result = ops("simulate", "--readers", "10", "--delivery-us", "60", "--latency-ms", "20", "--json")
    told = json.loads(result.out)
    assert told["assumptions"]["latency_ms"] == 20
    (row,) = told["simulations"]
    assert (row["readers"], row["deliveries"], row["calls"]) == (
        10,
        10,
        {"dynamodb:Query": 1, "execute-api:ManageConnectionsPOST": 10},
    )
    assert row["dollars_per_thousand"] == pytest.approx(row["dollars"] * 100)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--readers", "0"),
        ("--latency-ms", "0"),
        ("--publish-rate", "0"),
        ("--ids", "alphabetical"),
        ("--memory-mb", "64"),
        ("--timeout-seconds", "soon"),
        ("--timeout-seconds", "15"),
    ],
    ids=lambda value: " ".join(value),
)
def test_what_makes_no_sense_is_wrong_usage(ops, wrong):
    result = ops("simulate", *wrong)
    assert (result.code, result.out) == (2, "")
    assert wrong[0] in result.err
