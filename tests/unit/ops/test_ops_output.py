"""Tables and JSON as they are printed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.output import Column, duration, flatten, printable, write_json_rows, write_table

COLUMNS = [Column("NAME", lambda row: row["name"]), Column("N", lambda row: str(row["n"]))]


def table(rows: Any) -> tuple[int, str]:
    written: list[str] = []
    count = write_table(rows, COLUMNS, written.append)
    return count, "".join(written)


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [{"name": "a", "n": 1}, {"name": "longer", "n": 22}]
    assert table(rows) == (2, "NAME    N\na       1\nlonger  22\n")


def test_a_heading_may_be_the_widest():
    assert table([{"name": "a", "n": 1}]) == (1, "NAME  N\na     1\n")


def test_nothing_is_written_without_rows():
    assert table([]) == (0, "")


def test_lines_end_without_blanks():
    assert table([{"name": "a", "n": ""}])[1].splitlines()[1] == "a"


def test_rows_beyond_the_sample_are_all_written():
    count, text = table({"name": f"row-{number}", "n": number} for number in range(250))
    assert (count, text.splitlines()[-1].split()) == (250, ["row-249", "249"])


def test_a_wide_value_after_the_sample_is_written_whole():
    rows = [{"name": "a", "n": 1} for _ in range(100)] + [{"name": "x" * 40, "n": 2}]
    assert table(rows)[1].splitlines()[-1] == "x" * 40 + "  2"


def test_rows_beyond_the_sample_are_written_as_they_come():
    notes: list[str] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(102):
            notes.append(f"row {number}")
            yield {"name": f"name-{number}", "n": number}

    write_table(rows(), COLUMNS, lambda line: notes.append(f"line {line.split()[-1]}"))
    assert notes[-4:] == ["row 100", "line 100", "row 101", "line 101"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("naïve 日本 🎉", "naïve 日本 🎉"),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("a\rb\nc\x00d", "a\ufffdb\ufffdc\ufffdd"),
        ("a\tb", "a b"),
        ("\x7f\x80\x9b", "\ufffd" * 3),
        ("a\u202eb\u2066c", "a\ufffdb\ufffdc"),
        ("a\u200bb\ufeffc\u00add", "a\ufffdb\ufffdc\ufffdd"),
        ("a\u2028b\u2029c", "a\ufffdb\ufffdc"),
        ("\ud800", "\ufffd"),
        ("\ue000", "\ufffd"),
        ("\U000e0041", "\ufffd"),
        ("", ""),
    ],
    ids=ascii,
)
def test_printable(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters(categories=None)))
def test_nothing_printable_is_anything_but_letters_marks_numbers_signs_and_blanks(text):
    assert {unicodedata.category(c)[0] for c in printable(text)} <= set("LMNPSZ")
    assert not set("\u2028\u2029") & set(printable(text))


def json_rows(rows: Any) -> tuple[int, str]:
    written: list[str] = []
    return write_json_rows(rows, written.append), "".join(written)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_as_json_are_one_array(count):
    rows = [{"n": number} for number in range(count)]
    told, text = json_rows(iter(rows))
    assert (told, json.loads(text)) == (count, rows)


def test_each_row_of_json_has_a_line_of_its_own():
    assert json_rows([{"a": 1}, {"a": 2}])[1] == '[\n  {"a": 1},\n  {"a": 2}\n]\n'


def test_an_empty_array_is_one_line():
    assert json_rows([])[1] == "[]\n"


def test_json_rows_are_written_as_they_come():
    notes: list[str] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(2):
            notes.append(f"row {number}")
            yield {"n": number}

    write_json_rows(rows(), lambda text: notes.append("written"))
    assert notes == ["row 0", "written", "written", "row 1", "written", "written"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h 0m"),
        (6000, "1h 40m"),
        (90_000, "25h 0m"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_nested_values_get_dotted_names():
    values = {"a": 1, "b": {"c": "d", "e": {"f": None}}, "g": {}}
    assert list(flatten(values)) == [("a", "1"), ("b.c", "d"), ("b.e.f", "-")]
