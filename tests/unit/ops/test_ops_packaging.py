"""The Lambdas' zips: what is in them, and that the same source gives the same bytes."""

from __future__ import annotations

import ast
import importlib.util
import io
import marshal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.packaging import Target, function_names, interpreter
from ops.packaging import bytecode as compiling
from ops.packaging.archive import zip_bytes
from ops.packaging.bytecode import bytecode, source_of
from ops.packaging.wheels import dependencies
from ops.paths import BUILD, LAMBDAS
from tests.unit.ops.checkout import copy, package

MAX_BYTES = 300 * 1024


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zips of a copy of the checkout."""
    folder = copy(tmp_path_factory.mktemp("one"), mtime=1_000_000_000)
    package(folder)
    return folder / ".build" / "lambdas"


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return file.namelist()


def test_another_copy_at_another_time_under_another_umask_has_the_same_bytes(built, tmp_path):
    package(copy(tmp_path, mtime=1_600_000_000), umask=0o077)
    other = tmp_path / ".build" / "lambdas"
    assert [path.name for path in sorted(built.iterdir())] == [path.name for path in sorted(other.iterdir())]
    assert all(path.read_bytes() == (other / path.name).read_bytes() for path in built.iterdir())


def test_a_change_of_one_handler_changes_its_zip_alone(tmp_path):
    folder = copy(tmp_path, mtime=1_000_000_000)
    package(folder)
    with (folder / "lambdas" / "handlers" / "sweep.py").open("a") as file:
        file.write("# a change\n")
    assert [row["name"] for row in package(folder) if row["changed"]] == ["sweep"]


def test_there_is_one_for_each_handler(built):
    handlers = {path.stem for path in (LAMBDAS / "handlers").glob("*.py")} - {"__init__"}
    assert {path.stem.replace("-", "_") for path in built.glob("*.zip")} == handlers


@pytest.mark.parametrize("name", function_names())
def test_it_holds_its_own_handler_and_no_other(built, name):
    entries = names(built / f"{name}.zip")
    handlers = {entry for entry in entries if entry.startswith("handlers/") and entry.endswith(".py")}
    assert handlers == {"handlers/__init__.py", f"handlers/{name.replace('-', '_')}.py"}


@pytest.mark.parametrize("name", function_names())
def test_it_holds_nothing_that_is_not_needed(built, name):
    tops = {entry.partition("/")[0] for entry in names(built / f"{name}.zip")}
    locked = {"jwt"} if name == "websocket-connect" else set()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"handlers", "realtime"} | locked


@pytest.mark.parametrize("name", function_names())
def test_it_holds_the_bytecode_of_its_modules_and_nothing_else_than_modules(built, name):
    entries = [entry for entry in names(built / f"{name}.zip") if entry.startswith(("handlers/", "realtime/"))]
    sources = {entry for entry in entries if entry.endswith(".py")}
    compiled = {entry for entry in entries if entry.endswith(f".{sys.implementation.cache_tag}.pyc")}
    assert {source_of(entry) for entry in compiled} == sources
    assert set(entries) == sources | compiled


@pytest.mark.parametrize("name", function_names())
def test_whatever_it_may_import_of_ours_it_holds(built, name, tmp_path):
    """Every import of every module that is in the zip, of functions that never run there too, but for the wiring's."""
    with zipfile.ZipFile(built / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    absent = set()
    for path in tmp_path.glob("realtime/**/*.py"):
        module = ".".join(path.relative_to(tmp_path).with_suffix("").parts).removesuffix(".__init__")
        if module not in ("realtime.bootstrap", "realtime.wiring"):
            absent |= {one for one in imported(path, module) if not there(tmp_path, one)}
    assert absent == set()


@pytest.mark.parametrize("name", function_names())
def test_unpacked_it_loads_by_its_bytecode_alone(built, name, tmp_path):
    with zipfile.ZipFile(built / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.write_text("raise AssertionError('compiled')")
    load = f"import sys; sys.path.insert(0, sys.argv[1]); import handlers.{name.replace('-', '_')}"
    done = subprocess.run([sys.executable, "-I", "-c", load, str(tmp_path)], capture_output=True, check=False)
    assert done.stderr == b""


def test_a_function_holds_no_other_functions_use_cases(built):
    assert "realtime/usecases/sweep.py" not in names(built / "websocket-connect.zip")
    assert "realtime/usecases/sweep.py" in names(built / "sweep.zip")


def test_bytecode_does_not_depend_on_what_is_compiled_beside_it(tmp_path):
    python = interpreter(Target.here().python_version)
    assert python is not None
    sources = {path.relative_to(LAMBDAS).as_posix(): path.read_bytes() for path in LAMBDAS.glob("realtime/domain/*.py")}
    together = bytecode(sources, python, tmp_path / "all.zip")
    for name in ("realtime/domain/apps.py", "realtime/domain/users.py"):
        for path, data in bytecode({name: sources[name]}, python, tmp_path / "one.zip").items():
            assert together[path] == data


def test_compiled_code_knows_its_lines_and_where_lambda_unpacks_it(tmp_path):
    python = interpreter(Target.here().python_version)
    assert python is not None
    source = b'"""A docstring."""\n\n\ndef f(a: int) -> int:\n    """Another."""\n    return a\n'
    (data,) = bytecode({"realtime/x.py": source}, python, tmp_path / "kept.zip").values()
    scope: dict[str, Any] = {}
    exec(marshal.loads(data[16:]), scope)
    function = scope["f"]
    assert (function.__code__.co_filename, function.__code__.co_firstlineno) == ("/var/task/realtime/x.py", 4)
    assert (function.__doc__, function.__annotations__) == (None, {})


def test_another_way_to_compile_makes_other_bytecode_of_the_same_source(tmp_path, monkeypatch):
    python = interpreter(Target.here().python_version)
    assert python is not None
    sources, kept = {"realtime/x.py": b"def f(a):\n    return a + 1\n"}, tmp_path / "kept.zip"
    before = bytecode(sources, python, kept)
    monkeypatch.setattr(compiling, "_OPTIONS", ("-P", "-s", "-S", "-B"))
    assert bytecode(sources, python, kept) != before


def test_source_that_does_not_compile_is_an_error_with_its_reason(tmp_path):
    python = interpreter(Target.here().python_version)
    assert python is not None
    with pytest.raises(OpsError, match="SyntaxError"):
        bytecode({"realtime/x.py": b"def"}, python, tmp_path / "kept.zip")


def test_without_the_runtimes_python_there_is_no_interpreter():
    assert interpreter("2.1") is None


def imported(path: Path, module: str) -> set[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    # An `if` at the top is TYPE_CHECKING: nothing runs it.
    nodes = [node for node in ast.parse(path.read_text()).body if not isinstance(node, ast.If)]
    for node in (one for top in nodes for one in ast.walk(top)):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("realtime")):
            found.add(importlib.util.resolve_name("." * node.level + (node.module or ""), package))
    return found


def there(root: Path, module: str) -> bool:
    path = root / module.replace(".", "/")
    return path.with_suffix(".py").is_file() or path.is_dir()


@pytest.mark.parametrize("name", function_names())
def test_it_is_small(built, name):
    assert (built / f"{name}.zip").stat().st_size <= MAX_BYTES


def test_entries_are_sorted_and_have_one_time_and_one_mode():
    with zipfile.ZipFile(io.BytesIO(zip_bytes({"b/c.py": b"1", "a.py": b"2"}))) as archive:
        entries = [(info.filename, info.date_time, info.external_attr >> 16) for info in archive.infolist()]
    assert entries == [("a.py", (1980, 1, 1, 0, 0, 0), 0o100644), ("b/c.py", (1980, 1, 1, 0, 0, 0), 0o100644)]


def test_the_order_in_which_files_are_found_does_not_matter():
    assert zip_bytes({"a": b"1", "b": b"2"}) == zip_bytes({"b": b"2", "a": b"1"})


def test_the_wheels_are_pure_or_for_the_target():
    target = Target()
    dependencies(LAMBDAS / "requirements.lock", target, BUILD / "wheels")
    wheels = [path.name for path in (BUILD / "wheels").rglob("*.whl")]
    platforms = [name.removesuffix(".whl").rpartition("-")[2] for name in wheels]
    assert wheels
    assert [platform for platform in platforms if platform != "any" and "aarch64" not in platform] == []


def test_an_architecture_names_its_runtimes_python():
    assert Target("arm64", "python3.13").python_version == "3.13"
