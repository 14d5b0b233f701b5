"""Find the AWS provider on this machine, where Terraform's registry cannot be reached or need not be."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# OPS_PROVIDER_MIRROR names a folder in the layout of `terraform providers mirror`; empty means: use none.
VARIABLE = "OPS_PROVIDER_MIRROR"

_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_ADD_ON_FOLDERS = ("/opt", "/usr/local/lib", "/usr/local/share", "/usr/lib", "/usr/share")


def find_mirror(environ: Mapping[str, str], add_on_folders: Iterable[str] = _ADD_ON_FOLDERS) -> Path | None:
    """A mirror that holds hashicorp/aws for this platform and that Terraform would not find by itself, or None.

    Terraform looks into its implied mirror folders of its own accord, so a provider in one of those needs no help.
    """
    if VARIABLE in environ:
        return Path(environ[VARIABLE]) if environ[VARIABLE] else None
    if any(_holds_provider(folder) for folder in _implied(environ)):
        return None
    candidates = (child for folder in add_on_folders for child in _children(Path(folder)))
    return next((child for child in candidates if _holds_provider(child)), None)


def _implied(environ: Mapping[str, str]) -> Iterator[Path]:
    """Terraform's implied mirror folders (CLI configuration, "Implied Local Mirror Directories")."""
    home = Path(environ.get("HOME") or Path.home())
    yield home / ".terraform.d/plugins"
    yield Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "terraform/plugins"
    for folder in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep):
        yield Path(folder) / "terraform/plugins"
    if platform.system() == "Darwin":
        yield home / "Library/Application Support/io.terraform/plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError:
        return []


def _holds_provider(folder: Path) -> bool:
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    system = f"{platform.system().lower()}_{machine}"
    try:
        unpacked = any((folder / _PROVIDER).glob(f"*/{system}/terraform-provider-aws_*"))
        return unpacked or any((folder / _PROVIDER).glob(f"*_{system}.zip"))
    except OSError:
        return False
