"""The locked dependencies of the Lambdas, for the platform that runs them rather than the one that builds them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError

# Lambda's Python 3.12 and later run on Amazon Linux 2023: glibc 2.34.
_PLATFORMS = {
    "arm64": ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64"),
    "x86_64": ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64"),
}
ARCHITECTURES = tuple(_PLATFORMS)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the code will run: `architecture` and `runtime` as Lambda names them."""

    architecture: str = "arm64"
    runtime: str = "python3.13"

    @classmethod
    def here(cls) -> Target:
        """The Python that runs: what the local AWS runs functions on."""
        return cls(runtime=f"python{sys.version_info.major}.{sys.version_info.minor}")

    @property
    def python_version(self) -> str:
        """The runtime's Python, such as 3.13."""
        return self.runtime.removeprefix("python")


def dependencies(lock: Path, target: Target, cache: Path) -> dict[str, bytes]:
    """The files of the locked wheels: path in the zip → content.

    Wheels are downloaded once for each lock and target, and checked against the lock's hashes. Raises OpsError.
    """
    digest = hashlib.sha256(lock.read_bytes() + repr(target).encode()).hexdigest()[:16]
    folder = cache / digest
    if not folder.is_dir():
        _download(lock, target, folder)
    return {name: data for wheel in sorted(folder.glob("*.whl")) for name, data in _files(wheel).items()}


def _files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        # RECORD lists what pip installs; nothing in a Lambda reads it.
        names = [name for name in archive.namelist() if not name.endswith(("/", "/RECORD"))]
        return {name: archive.read(name) for name in names}


def _download(lock: Path, target: Target, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    platforms = [f"--platform={platform}" for platform in _PLATFORMS[target.architecture]]
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as partial:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp"]
        command += [f"--python-version={target.python_version}", *platforms]
        command += ["--dest", partial, "--requirement", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise OpsError(
                f"The Lambdas' dependencies could not be downloaded for {target.runtime} on {target.architecture}: "
                f"{reason}",
                f"See that pip reaches its index, and that every wheel in {lock.name} exists for that platform.",
            )
        try:
            Path(partial).rename(folder)  # at once: another process may be looking for it
        except OSError:
            if not folder.is_dir():  # else that process was quicker
                raise
