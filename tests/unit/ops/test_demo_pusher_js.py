"""The demo goes on without pusher-js, and says how to get it."""

from __future__ import annotations

from pathlib import Path

from ops.demo.pusher_js import missing


def put_node(folder: Path) -> str:
    node = folder / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    return str(folder)


def test_without_node_it_says_where_to_get_it(tmp_path):
    told = missing(str(tmp_path))
    assert told is not None and "https://nodejs.org" in told


def test_without_the_package_it_says_how_to_install_it(tmp_path):
    told = missing(put_node(tmp_path), tmp_path)
    assert told is not None and "make demo" in told


def test_with_both_nothing_is_missing(tmp_path):
    (tmp_path / "node_modules" / "pusher-js").mkdir(parents=True)
    assert missing(put_node(tmp_path), tmp_path) is None
