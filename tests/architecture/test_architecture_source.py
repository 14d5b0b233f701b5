"""Bounds that keep the code readable, and the arrows between its parts."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.architecture.source import DEPLOYED, functions, modules, name_of, tracked

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 6
TOP = {
    *("bench", "docs", "lambdas", "ops", "terraform", "tests", ".ci"),
    *(
        "Makefile",
        "README.md",
        "pyproject.toml",
        "requirements.lock",
        "requirements-bench.lock",
        "requirements-policy.lock",
    ),
    *(".checkov.yaml", ".gitignore"),
}


def test_imports_keep_to_the_layers():
    """Every contract in pyproject.toml."""
    command: list[str | Path] = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_deployed_code_imports_nothing_but_the_standard_library_and_its_dependencies():
    found = {
        (name_of(path), name.partition(".")[0])
        for path in modules("lambdas")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    }
    allowed = {*sys.stdlib_module_names, "realtime", "handlers", "jwt"}
    assert {(path, name) for path, name in found if name not in allowed} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


def test_click_is_imported_by_the_commands_alone():
    found = {
        name_of(path)
        for path in modules("ops")
        for node in ast.walk(ast.parse(path.read_text()))
        if "click" in {name.partition(".")[0] for name in _imported(node)}
    }
    assert {name for name in found if not name.startswith("ops/commands/")} == {"ops/cli.py"}


def test_terraform_is_run_in_one_module_and_passed_through_in_one_command():
    found = {name_of(path) for path in modules("ops") if "python_terraform" in path.read_text()}
    assert found == {"ops/terraform.py"}


@pytest.mark.parametrize("path", modules(*DEPLOYED, "tests", "bench"), ids=name_of)
def test_a_file_is_short(path):
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", modules(*DEPLOYED), ids=name_of)
def test_functions_are_short(path):
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(path)}
    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", modules(*DEPLOYED), ids=name_of)
def test_functions_have_few_parameters(path):
    assert {node.name: count for node in functions(path) if (count := _parameters(node)) > MAX_PARAMETERS} == {}


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in named)


@pytest.mark.parametrize("path", modules("tests"), ids=name_of)
def test_no_test_patches_what_it_tests(path):
    tree = ast.parse(path.read_text())
    names = {name for node in ast.walk(tree) for name in _imported(node)}
    assert {name for name in names if name.startswith(("unittest.mock", "mock", "pytest_mock"))} == set()
    assert "mocker" not in {argument.arg for node in functions(path) for argument in node.args.args}


@pytest.mark.parametrize("path", [path for path in modules("tests") if path.name.startswith("test_")], ids=name_of)
def test_a_test_file_has_a_name_of_its_own(path):
    """Without packages pytest can tell two files apart by their names only."""
    assert [name_of(other) for other in (ROOT / "tests").rglob(path.name)] == [name_of(path)]


def test_the_top_of_the_repository_holds_its_parts_and_its_tools_files_alone():
    assert {name.partition("/")[0] for name in tracked()} - TOP == set()
