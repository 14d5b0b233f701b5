"""Files that a sandbox is made of: the deployed zip, and AWS's runtime client."""

from __future__ import annotations

import compileall
import io
import shutil
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from ops.local.functions.deployed import Function

RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""The distributions that make up the runtime client; AWS has them in /var/runtime."""

_NOT_NEEDED = {"__pycache__", "tests"}


class InvalidZip(Exception):
    """The deployed code is not a zip."""


def unpack(function: Function, into: Path) -> Path:
    """Unpack the function's zip into `into`/<name>/<sha> unless it is there; return that folder.

    Blocks. Safe to run twice at the same time. Raises InvalidZip.
    """
    folder = into / function.name / function.sha
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        if function.code:
            with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
                archive.extractall(fresh)
        fresh.chmod(0o755)
        _settle(fresh, folder)
    except zipfile.BadZipFile as error:
        raise InvalidZip(f"the code of {function.name} is not a zip: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def runtime_client(into: Path) -> Path:
    """Copy the runtime client, and nothing else that is installed, below `into`; return where.

    The folder is named after the versions, so that an upgrade is seen. Blocks, a fraction of a
    second the first time. Raises importlib.metadata.PackageNotFoundError.
    """
    folder = into / "-".join(metadata.version(name) for name in RUNTIME_CLIENT)
    if folder.is_dir():
        return folder
    into.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=into))
    for name in RUNTIME_CLIENT:
        _copy(metadata.distribution(name), fresh)
    # Sandboxes write no bytecode (on AWS the folders are read-only): without this each cold
    # start would compile the client.
    compileall.compile_dir(fresh, quiet=2)
    _settle(fresh, folder)
    return folder


def _copy(distribution: metadata.Distribution, into: Path) -> None:
    for file in distribution.files or []:
        top = file.parts[0]
        if top.endswith(".dist-info") or top == ".." or _NOT_NEEDED & set(file.parts):
            continue
        copy = into / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(str(file.locate())), copy)


def _settle(fresh: Path, folder: Path) -> None:
    """Move a complete folder to its name; what lost a race is as good, and is dropped."""
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(fresh, ignore_errors=True)
