"""Bytecode of the Lambdas' modules, so that no cold start compiles them.

Source alone decides what a function does: Python ignores the bytecode of another version, and the bytecode is never
compared with its source, which came in the same zip.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ops.errors import OpsError
from ops.packaging.archive import read_zip, zip_bytes

_COMPILER = Path(__file__).with_name("compiler.py")
# Columns in tracebacks are a third of the bytecode, and nothing here writes them down.
_OPTIONS = ("-P", "-s", "-S", "-B", "-X", "no_debug_ranges")
_ENVIRON = {"PYTHONHASHSEED": "0"}
_ABOUT = "import sys; print('%d.%d' % sys.version_info[:2], sys.version)"
_DIGEST = "digest"


class Interpreter(NamedTuple):
    """A Python: its executable, and all that it says of its version."""

    path: str
    version: str


def interpreter(version: str) -> Interpreter | None:
    """A Python of this version, such as 3.13: the one that runs, or the one of that name on PATH. None without."""
    named = shutil.which(f"python{version}")
    for path in [sys.executable, *([named] if named else [])]:
        command = [path, *_OPTIONS, "-c", _ABOUT]
        told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        found, _, about = told.stdout.strip().partition(" ")
        if told.returncode == 0 and found == version:
            return Interpreter(path, about)
    return None


def bytecode(sources: Mapping[str, bytes], python: Interpreter, kept: Path) -> dict[str, bytes]:
    """The bytecode of these modules: path in the zip → content.

    Kept in the file `kept` until source, Python or the way to compile change. Raises OpsError.
    """
    digest = _digest(sources, python)
    held = read_zip(kept) if kept.is_file() else {}
    if held.pop(_DIGEST, None) != digest:
        held = _compile(sources, python)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as partial:
            partial.write(zip_bytes({_DIGEST: digest, **held}))
        Path(partial.name).replace(kept)
    return held


def _digest(sources: Mapping[str, bytes], python: Interpreter) -> bytes:
    known = [python.version, *_OPTIONS, *(f"{name}={value}" for name, value in _ENVIRON.items()), _COMPILER.read_text()]
    known += [f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in sorted(sources.items())]
    return hashlib.sha256("\n".join(known).encode()).hexdigest().encode()


def _compile(sources: Mapping[str, bytes], python: Interpreter) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for source, data in sources.items():
            path = folder / source
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        command = [python.path, *_OPTIONS, str(_COMPILER), str(folder)]
        done = subprocess.run(command, env=_ENVIRON, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise OpsError(f"The Lambdas could not be compiled: {reason}", "Try them with: pytest tests/unit/realtime")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.pyc")}


def source_of(compiled: str) -> str:
    """The source that bytecode is of: folder/__pycache__/name.TAG.pyc → folder/name.py."""
    path = PurePosixPath(compiled)
    return str(path.parent.parent / f"{path.name.partition('.')[0]}.py")
