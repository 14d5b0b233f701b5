from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from ops import paths
from tests.cli.backend import Aws, Backend, client
from tests.cli.console import Ops, runner


@pytest.fixture(autouse=True)
def environ(tmp_path: Path) -> Iterator[None]:
    """A user without any AWS configuration; what `ops` does to the environment ends with the test."""
    kept = dict(os.environ)
    for name in [name for name in kept if name.startswith(("AWS_", "TF_", "OPS_", "_OPS"))]:
        del os.environ[name]
    home = tmp_path / "home"
    home.mkdir()
    os.environ.update(HOME=str(home), AWS_EC2_METADATA_DISABLED="true", OPS_PROVIDER_MIRROR="", NO_PROXY="*")
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def ops(capsys: pytest.CaptureFixture[str]) -> Ops:
    return runner(capsys)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with closing(client("dynamodb", url)) as dynamodb, closing(client("secretsmanager", url)) as secrets:
        yield Aws(url, dynamodb, secrets)
    server.stop()


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a local AWS that is not up."""
    folder = tmp_path / "local"
    folder.mkdir()
    monkeypatch.setattr(paths, "LOCAL", folder)
    return folder


@pytest.fixture
def backend(aws: Aws, local: Path) -> Backend:
    """Empty tables, which `ops` takes for those of the local AWS."""
    backend = Backend(aws)
    backend.announce(local)
    return backend


@pytest.fixture
def terraform(tmp_path: Path) -> Callable[..., None]:
    """Put a `terraform` first on PATH that prints these outputs, or fails with this text."""

    def install(outputs: dict[str, Any] | None = None, failure: str = "") -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        wrapped = {name: {"value": value} for name, value in (outputs or {}).items()}
        (folder / "outputs.json").write_text(json.dumps(wrapped))
        (folder / "failure").write_text(failure)
        script = folder / "terraform"
        script.write_text(
            f'#!/bin/sh\nif [ -s "{folder}/failure" ]; then cat "{folder}/failure" >&2; exit 1; fi\n'
            f'exec cat "{folder}/outputs.json"\n'
        )
        script.chmod(0o755)
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"

    return install
