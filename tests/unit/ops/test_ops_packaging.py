"""The Lambdas' zips: what is in them, and that the same source gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ops.packaging import Target, function_names
from ops.packaging.archive import zip_bytes
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
    handlers = {entry for entry in names(built / f"{name}.zip") if entry.startswith("handlers/")}
    assert handlers == {"handlers/__init__.py", f"handlers/{name.replace('-', '_')}.py"}


@pytest.mark.parametrize("name", function_names())
def test_it_holds_realtime_whole(built, name):
    source = {path.relative_to(LAMBDAS).as_posix() for path in (LAMBDAS / "realtime").rglob("*.py")}
    assert {entry for entry in names(built / f"{name}.zip") if entry.startswith("realtime/")} == source


@pytest.mark.parametrize("name", function_names())
def test_it_holds_nothing_that_is_not_needed(built, name):
    tops = {entry.partition("/")[0] for entry in names(built / f"{name}.zip")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"handlers", "realtime", "jwt"}


@pytest.mark.parametrize("name", function_names())
def test_it_holds_neither_bytecode_nor_folders(built, name):
    entries = names(built / f"{name}.zip")
    assert [entry for entry in entries if entry.endswith(("/", ".pyc")) or "__pycache__" in entry] == []


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
