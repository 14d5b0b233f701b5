"""What the bench measured is taken from its file."""

from __future__ import annotations

import json

import pytest

from ops.simulation import measured


def test_the_benchs_figure_is_found(tmp_path):
    figures = [{"what": "deliveries a second", "ours": 9.0}, {"what": "CPU of a delivery", "ours": 41.5}]
    (tmp_path / "deliver.json").write_text(json.dumps({"figures": figures}))
    assert measured.delivery_us(tmp_path / "deliver.json") == 41.5


@pytest.mark.parametrize("text", ["", "[]", '{"figures": 1}', '{"figures": []}', '{"figures": [{"what": "other"}]}'])
def test_a_file_without_it_gives_the_usual(tmp_path, text):
    (tmp_path / "deliver.json").write_text(text)
    assert measured.delivery_us(tmp_path / "deliver.json") == measured.DELIVERY_US


def test_nothing_measured_gives_the_usual(tmp_path):
    assert measured.delivery_us(tmp_path / "deliver.json") == measured.DELIVERY_US
