"""The root stack, set up for the local AWS in a folder of its own: the same files, another state, no backend."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ops import paths
from ops.environments import local_environ
from ops.terraform import Flag, Terraform

REGION = "us-east-1"

# What a developer's checkout may hold beside the tracked files: other states, other values, another backend.
_LEFT_OUT = shutil.ignore_patterns(
    ".terraform", "*.tfstate*", "backend.tf", "*override.tf", "*.auto.tfvars*", "terraform.tfvars*", "*.tfplan", "tests"
)

Progress = Callable[[int, int, str], None]


class Workspace:
    """Terraform against the local AWS. `folder` holds the copy of terraform/ and its state, `packages` the zips."""

    def __init__(self, folder: Path, endpoint_url: str, packages: Path = paths.PACKAGES) -> None:
        self.folder = folder
        self._packages = packages
        self.environ = {
            **local_environ(endpoint_url, REGION, os.environ),
            # Outlives the stack: what `init` found is the same the next time.
            "TF_DATA_DIR": str(folder.parent / "terraform-data"),
        }

    def refresh(self) -> None:
        """Copy terraform/ as it is now, with the values of environments/local.tfvars; keep the state alone."""
        self._empty()
        shutil.copytree(paths.TERRAFORM, self.folder, ignore=_LEFT_OUT, dirs_exist_ok=True)
        shutil.copyfile(paths.TERRAFORM / "environments" / "local.tfvars", self.folder / "local.auto.tfvars")
        values = {"package_dir": str(self._packages)}
        (self.folder / "package.auto.tfvars.json").write_text(json.dumps(values))

    def _empty(self) -> None:
        """What is no longer in terraform/ must not be deployed on."""
        for path in self.folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.startswith("terraform.tfstate"):
                path.unlink()

    def init(self) -> None:
        """`terraform init`. Raises TerraformFailed."""
        self._terraform().run("init", input=False, no_color=Flag)

    def apply(self, progress: Progress) -> None:
        """`terraform apply`; `progress` hears (done, of how many, the resource just done). Raises TerraformFailed."""
        watch = _Watch(progress)
        terraform = Terraform(self.folder, self.environ, watch.line)
        # moto answers from memory: more at once only waits less.
        terraform.run("apply", auto_approve=Flag, input=False, json=Flag, parallelism=20)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs. Raises TerraformFailed."""
        return self._terraform().outputs()

    def _terraform(self) -> Terraform:
        return Terraform(self.folder, self.environ)


class _Watch:
    """Follows `apply -json`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0
        self._total = 0

    def line(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if event.get("type") == "change_summary" and event["changes"]["operation"] == "plan":
            changes: Mapping[str, Any] = event["changes"]
            self._total = changes["add"] + changes["change"] + changes["remove"]
        elif event.get("type") == "apply_complete" and event["hook"]["action"] != "read":
            self._done += 1
            self._progress(self._done, self._total, event["hook"]["resource"]["addr"])
