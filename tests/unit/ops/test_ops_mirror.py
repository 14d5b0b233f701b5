"""Finding the AWS provider on this machine."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from ops.mirror import find_mirror
from ops.terraform import Terraform
from tests.unit.ops.fake_terraform import install

PROVIDER = "registry.terraform.io/hashicorp/aws"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
SYSTEM = f"{platform.system().lower()}_{MACHINE}"


def unpacked(folder: Path, system: str = SYSTEM) -> Path:
    place = folder / PROVIDER / "5.100.0" / system
    place.mkdir(parents=True)
    (place / "terraform-provider-aws_v5.100.0_x5").touch()
    return folder


def packed(folder: Path, system: str = SYSTEM) -> Path:
    place = folder / PROVIDER
    place.mkdir(parents=True)
    (place / f"terraform-provider-aws_5.100.0_{system}.zip").touch()
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user's whose implied folders are all empty."""
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "data")}


@pytest.mark.parametrize("layout", [unpacked, packed])
def test_a_mirror_in_an_add_on_folder_is_found(tmp_path, environ, layout):
    mirror = layout(tmp_path / "opt" / "tf-providers")
    assert find_mirror(environ, [str(tmp_path / "opt")]) == mirror


@pytest.mark.parametrize("layout", [unpacked, packed])
def test_a_mirror_for_another_platform_is_none(tmp_path, environ, layout):
    layout(tmp_path / "opt" / "tf-providers", "plan9_mips")
    assert find_mirror(environ, [str(tmp_path / "opt")]) is None


def test_a_folder_without_the_provider_is_none(tmp_path, environ):
    (tmp_path / "opt" / "tool").mkdir(parents=True)
    assert find_mirror(environ, [str(tmp_path / "opt")]) is None


def test_a_folder_that_is_not_there_is_passed_over(tmp_path, environ):
    mirror = unpacked(tmp_path / "lib" / "tf-providers")
    assert find_mirror(environ, [str(tmp_path / "opt"), str(tmp_path / "lib")]) == mirror


def test_a_file_in_the_place_of_a_folder_is_passed_over(tmp_path, environ):
    (tmp_path / "opt").touch()
    mirror = unpacked(tmp_path / "lib" / "tf-providers")
    assert find_mirror(environ, [str(tmp_path / "opt"), str(tmp_path / "lib")]) == mirror


@pytest.mark.parametrize(
    "implied", ["home/.terraform.d/plugins", "home/.local/share/terraform/plugins", "data/terraform/plugins"]
)
def test_what_terraform_finds_by_itself_needs_no_mirror(tmp_path, environ, implied):
    unpacked(tmp_path / implied)
    unpacked(tmp_path / "opt" / "tf-providers")
    assert find_mirror(environ, [str(tmp_path / "opt")]) is None


def test_the_users_data_folder_by_variable_is_implied_too(tmp_path, environ):
    unpacked(tmp_path / "mine" / "terraform" / "plugins")
    unpacked(tmp_path / "opt" / "tf-providers")
    assert find_mirror({**environ, "XDG_DATA_HOME": str(tmp_path / "mine")}, [str(tmp_path / "opt")]) is None


def test_the_variable_names_the_mirror(tmp_path, environ):
    unpacked(tmp_path / "opt" / "tf-providers")
    named = {**environ, "OPS_PROVIDER_MIRROR": "/elsewhere"}
    assert find_mirror(named, [str(tmp_path / "opt")]) == Path("/elsewhere")


def test_the_variable_when_empty_turns_the_search_off(tmp_path, environ):
    unpacked(tmp_path / "opt" / "tf-providers")
    assert find_mirror({**environ, "OPS_PROVIDER_MIRROR": ""}, [str(tmp_path / "opt")]) is None


def test_terraform_gets_to_see_the_mirror(tmp_path):
    environ = install(tmp_path, 'cat "$TF_CLI_CONFIG_FILE"\n') | {"OPS_PROVIDER_MIRROR": "/elsewhere"}
    _, output = Terraform(tmp_path, environ).run("init")
    assert '"/elsewhere"' in output
