"""One zip per Lambda: its handler, what that can import of `realtime` and the locked dependencies, and bytecode."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.packaging.archive import zip_bytes
from ops.packaging.bytecode import bytecode, interpreter, source_of
from ops.packaging.imports import Reach
from ops.packaging.wheels import Target, dependencies
from ops.paths import BUILD, LAMBDAS, PACKAGES


@dataclass(frozen=True, slots=True)
class Built:
    """One zip as it is now: `changed` tells whether it was written anew."""

    name: str
    path: Path
    size: int
    sha256: str
    changed: bool


def function_names(lambdas: Path = LAMBDAS) -> list[str]:
    """The Lambdas' short names: each file in handlers/ is one."""
    files = (lambdas / "handlers").glob("[!_]*.py")
    return sorted(path.stem.replace("_", "-") for path in files)


def build_all(names: Sequence[str] = (), target: Target | None = None, folder: Path | None = None) -> Iterator[Built]:
    """Build these (by default all) into `folder` (`.build/lambdas`), one by one. A zip that is right is left alone.

    Raises OpsError for a name that is none.
    """
    folder = folder or PACKAGES
    for name, data in _zips(names, target or Target()):
        path = folder / f"{name}.zip"
        changed = not path.is_file() or path.read_bytes() != data
        if changed:
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_bytes(data)
            partial.replace(path)
        yield Built(name, path, len(data), hashlib.sha256(data).hexdigest(), changed)


def stale(names: Sequence[str] = (), target: Target | None = None) -> list[str]:
    """Which of these are missing in `.build/lambdas` or were built from other source."""
    paths = {name: (PACKAGES / f"{name}.zip", data) for name, data in _zips(names, target or Target())}
    return [name for name, (path, data) in paths.items() if not path.is_file() or path.read_bytes() != data]


def _zips(names: Sequence[str], target: Target) -> Iterator[tuple[str, bytes]]:
    known = function_names()
    for name in names:
        if name not in known:
            raise OpsError(f"There is no Lambda {name!r}.", f"There are: {', '.join(known)}")
    locked = dependencies(LAMBDAS / "requirements.lock", target, BUILD / "wheels")
    reach = Reach(LAMBDAS)
    functions = {name: _function(name, reach, locked) for name in known}
    compiled = _bytecode(functions, target)
    for name in names or known:
        own = {path: data for path, data in compiled.items() if source_of(path) in functions[name]}
        yield name, zip_bytes({**functions[name], **own})


def _function(name: str, reach: Reach, locked: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a function can import: path in the zip → content."""
    files, elsewhere = reach.of(f"handlers.{name.replace('-', '_')}")
    takes_locked = not elsewhere.isdisjoint(path.partition("/")[0] for path in locked)
    return {**{file: (LAMBDAS / file).read_bytes() for file in files}, **(locked if takes_locked else {})}


def _bytecode(functions: Mapping[str, Mapping[str, bytes]], target: Target) -> dict[str, bytes]:
    """Of all functions, whichever are built; of none without a Python of the target's version."""
    python = interpreter(target.python_version)
    if python is None:
        return {}
    sources = {path: data for files in functions.values() for path, data in files.items() if path.endswith(".py")}
    return bytecode(sources, python, BUILD / "bytecode" / f"{target.runtime}.zip")
