"""`ops package`, in a folder of its own."""

from __future__ import annotations

import hashlib
import json

import pytest

from ops import packaging
from ops.commands import package
from ops.packaging import build


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    """Where the zips go. The wheels that were downloaded once stay where they are."""
    folder = tmp_path / "checkout" / ".build" / "lambdas"
    monkeypatch.setattr(build, "PACKAGES", folder)
    monkeypatch.setattr(package, "ROOT", tmp_path / "checkout")
    return folder


def test_it_builds_all_by_default(ops, packages):
    assert ops("package").code == 0
    assert sorted(path.stem for path in packages.iterdir()) == packaging.function_names()


def test_it_builds_those_that_are_named(ops, packages):
    ops("package", "sweep", "websocket-connect")
    assert sorted(path.name for path in packages.iterdir()) == ["sweep.zip", "websocket-connect.zip"]


def test_json_tells_of_each_zip(ops, packages):
    (row,) = json.loads(ops("package", "sweep", "--json").out)
    data = (packages / "sweep.zip").read_bytes()
    assert row == {
        "name": "sweep",
        "path": ".build/lambdas/sweep.zip",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "changed": True,
    }


def test_the_table_tells_what_was_built(ops):
    heading, line = ops("package", "sweep").out.splitlines()
    assert heading.split() == ["FUNCTION", "SIZE", "SHA-256"]
    assert (line.split()[0], line.split()[-1]) == ("sweep", "built")


def test_what_is_right_already_is_left_alone(ops, packages):
    ops("package", "sweep")
    before = (packages / "sweep.zip").stat().st_mtime_ns
    assert ops("package", "sweep").out.splitlines()[1].endswith("unchanged")
    assert (packages / "sweep.zip").stat().st_mtime_ns == before


def test_an_unknown_name_is_an_error_that_lists_the_names(ops):
    result = ops("package", "websocket-dance")
    assert (result.code, result.out) == (2, "")
    assert "no Lambda websocket-dance" in result.err
    assert "websocket-connect" in result.err


def test_an_unknown_name_builds_nothing(ops, packages):
    ops("package", "sweep", "websocket-dance")
    assert not packages.exists()


def test_an_unknown_architecture_is_wrong_usage(ops):
    assert ops("package", "--architecture", "mips").code == 2


def test_check_finds_nothing_after_a_build(ops):
    ops("package")
    result = ops("package", "--check")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_check_finds_what_is_missing(ops):
    ops("package", "sweep")
    result = ops("package", "--check", "sweep", "websocket-connect")
    assert (result.code, result.out) == (3, "")
    assert result.err == "Stale: websocket-connect. Build them with: ops package\n"


def test_check_finds_what_was_built_from_other_source(ops, packages):
    ops("package", "sweep")
    (packages / "sweep.zip").write_bytes(b"another")
    assert ops("package", "--check", "sweep").code == 3


def test_check_builds_nothing(ops, packages):
    ops("package", "--check")
    assert not packages.exists()


def test_check_as_json_lists_what_is_stale(ops):
    result = ops("package", "--check", "--json", "sweep")
    assert (result.code, json.loads(result.out), result.err) == (3, {"stale": ["sweep"]}, "")
