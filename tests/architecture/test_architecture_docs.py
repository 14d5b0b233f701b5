"""What the pages must name, because it is there."""

from __future__ import annotations

import re

import click
import pytest

from ops.cli import ops
from ops.local.faults import NAMES
from ops.paths import ROOT
from realtime.domain.apps import Settings
from realtime.domain.errors import ErrorCode
from tests.architecture.source import section

PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*.md"))]


def commands(command: click.Command, path: str = "ops") -> list[str]:
    """Every command that does something, as it is typed."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return [line for name, child in found.items() if child for line in commands(child, f"{path} {name}")]


def targets() -> list[str]:
    return re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("code", ErrorCode)
def test_the_protocols_page_explains_every_error_code(code):
    assert f"`{code}`" in (ROOT / "lambdas" / "README.md").read_text()


def test_the_protocols_page_explains_no_other_error_code():
    rows = re.findall(r"^\| `([a-z]+_[a-z_]+)` \|", (ROOT / "lambdas" / "README.md").read_text(), re.MULTILINE)
    assert set(rows) - set(ErrorCode) == set()


def test_the_settings_of_an_app_are_documented_and_no_others():
    rows = re.findall(
        r"^\| `(\w+)` \|", section((ROOT / "docs" / "architecture.md").read_text(), "Secret"), re.MULTILINE
    )
    assert tuple(rows) == Settings._fields


@pytest.mark.parametrize("command", commands(ops))
def test_the_commands_page_names_every_command(command):
    """Commands of one group may share a row: `ops local fault list`, `on`, `off`."""
    group, _, name = command.rpartition(" ")
    lines = (ROOT / "ops" / "README.md").read_text().splitlines()
    assert [line for line in lines if f"`{group} " in line and re.search(rf"[` ]{name}\b", line)]


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_page_names_every_fault(name):
    assert f"`{name}`" in (ROOT / "ops" / "README.md").read_text()


@pytest.mark.parametrize("target", ["demo", "test", "help"])
def test_the_readme_says_where_to_begin(target):
    assert f"make {target}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_make_target_that_a_page_names_is_there(page):
    named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE)
    assert set(named) - set(targets()) == set()


def test_make_alone_lists_the_targets():
    makefile = (ROOT / "Makefile").read_text()
    assert ".DEFAULT_GOAL := help" in makefile
    assert targets()[0] == "help"


def test_every_target_is_phony():
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(targets()) <= set(phony.split())


@pytest.mark.parametrize("folder", [".", "lambdas", "ops", "terraform"])
def test_a_part_of_the_product_has_a_page(folder):
    assert (ROOT / folder / "README.md").read_text().startswith("# ")


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page):
    path = ROOT / page
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
