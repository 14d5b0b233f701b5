"""`terraform test` in every module and in the root: provider mocked, nothing applied anywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ops.paths import TERRAFORM
from ops.terraform import cli_configuration

MODULES = sorted(path.parent.parent for path in TERRAFORM.glob("modules/*/tests/*.tftest.hcl"))
FOLDERS = [TERRAFORM, *dict.fromkeys(MODULES)]


def terraform(folder: Path, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "TF_DATA_DIR": str(data), "CHECKPOINT_DISABLE": "1"}
    with cli_configuration(environ) as configured:
        return subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments], env=configured, capture_output=True, text=True, check=False
        )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("module", FOLDERS, ids=lambda module: module.name)
def test_terraform_test_passes_in(module: Path, tmp_path: Path) -> None:
    init = terraform(module, tmp_path, "init", "-backend=false", "-input=false", "-no-color")
    assert init.returncode == 0, init.stderr
    tested = terraform(module, tmp_path, "test", "-no-color")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_module_has_tests() -> None:
    modules = {path.name for path in (TERRAFORM / "modules").iterdir()}
    assert {folder.name for folder in FOLDERS[1:]} == modules
