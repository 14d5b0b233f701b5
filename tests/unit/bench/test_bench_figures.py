"""Figures, and what of them is drawn."""

from __future__ import annotations

import json

import pytest

from bench.figures import Bar, Bars, Curves, Figure, Table, bars_of, percentile


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("alone", 60, "µs", limit=60), True),
        (Figure("alone", 61, "µs", limit=60), False),
        (Figure("beside", 10, "ms", 100, limit=0.1), True),
        (Figure("beside", 11, "ms", 100, limit=0.1), False),
        (Figure("at least", 20, "/s", 1, least=20), True),
        (Figure("at least", 19, "/s", 1, least=20), False),
        (Figure("no limit", 1e9, "s", 1), True),
    ],
)
def test_a_limit_holds_up_to_itself(figure, met):
    assert figure.met is met


@pytest.mark.parametrize(
    ("figure", "bound"),
    [
        (Figure("alone", 1, "µs", limit=60), 60),
        (Figure("beside", 1, "ms", 100, limit=0.1), 10),
        (Figure("at least", 1, "/s", 50, least=20), 1_000),
        (Figure("no limit", 1, "s", 1), None),
    ],
)
def test_a_bound_is_in_the_unit_of_the_figure(figure, bound):
    assert figure.bound == bound


def test_one_figure_that_misses_its_limit_makes_the_table_miss():
    assert Table("t", "", [Figure("a", 1, "s", limit=2), Figure("b", 3, "s", limit=2)]).missed


def test_a_table_is_text_with_the_direction_of_each_limit():
    figures = [Figure("cost", 45.25, "µs", limit=60), Figure("rate", 9_000, "/s", 1_000, least=20)]
    assert Table("Title", "it", figures, notes=["Note."]).text().splitlines() == [
        "",
        "Title",
        "      ours        it          ratio  limit",
        "cost  45.2 µs                        ≤ 60   ok",
        "rate  9,000.0 /s  1,000.0 /s  9      ≥ 20   MISSED",
        "Note.",
    ]


def test_figures_are_drawn_a_chart_for_each_unit():
    figures = [Figure("a", 2, "ms", 8, limit=0.5), Figure("b", 5, "MB")]
    assert bars_of(figures) == [
        Bars("", "ms", [Bar("a", 2, True, 4), Bar("", 8)]),
        Bars("", "MB", [Bar("b", 5, True)]),
    ]


def test_figures_that_lie_far_apart_are_drawn_on_a_logarithmic_axis():
    assert [chart.log for chart in bars_of([Figure("a", 1, "ms", 51)])] == [True]


def test_charts_of_the_parts_own_are_kept_with_their_kind():
    table = Table("t", "", charts=[Bars("bars", "s", [Bar("a", 1)]), Curves("curves", "x", "y", {"a": [(1, 2)]})])
    assert [chart["kind"] for chart in json.loads(json.dumps(table.as_json()))["charts"]] == ["Bars", "Curves"]


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (75, 3), (99, 4), (100, 4)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert percentile([4, 2, 3, 1], percent) == value
