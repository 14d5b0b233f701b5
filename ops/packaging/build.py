"""One zip per Lambda: its handler, the `realtime` package, and the locked dependencies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.packaging.archive import zip_bytes
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


def build_all(names: Sequence[str] = (), target: Target | None = None) -> Iterator[Built]:
    """Build these (by default all) into `.build/lambdas`, one by one. A zip that is right already is left alone.

    Raises OpsError for a name that is none.
    """
    for name, data in _zips(names, target or Target()):
        path = PACKAGES / f"{name}.zip"
        changed = not path.is_file() or path.read_bytes() != data
        if changed:
            PACKAGES.mkdir(parents=True, exist_ok=True)
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
    shared = {
        **dependencies(LAMBDAS / "requirements.lock", target, BUILD / "wheels"),
        **_sources(LAMBDAS, "realtime/**/*.py"),
        **_sources(LAMBDAS, "handlers/__init__.py"),
    }
    for name in names or known:
        handler = f"handlers/{name.replace('-', '_')}.py"
        yield name, zip_bytes({**shared, **_sources(LAMBDAS, handler)})


def _sources(root: Path, pattern: str) -> Mapping[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob(pattern)}
