from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import moto
import pytest

from ops.local.faults import Faults
from ops.local.functions import Functions, Settings, code
from tests.unit.local_functions.doubles import ENDPOINT, REGION, Account, Ear, ManualClock


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "SEEN_BY_NOBODY": "a variable of the daemon",
    }.items():
        monkeypatch.setenv(name, value)
    with moto.mock_aws():
        yield Account()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def runtime_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copied once: it is the same for all."""
    folder = tmp_path_factory.mktemp("runtime") / "runtime-client"
    code.runtime_client(folder)
    return folder


@pytest.fixture
def workdir(tmp_path: Path, runtime_client: Path) -> Path:
    (tmp_path / "runtime-client").symlink_to(runtime_client)
    return tmp_path


@pytest.fixture
async def functions(account: Account, faults: Faults, clock: ManualClock, workdir: Path) -> AsyncIterator[Functions]:
    service = Functions(
        endpoint_url=ENDPOINT,
        workdir=workdir,
        faults=faults,
        # Not the period of the schedules: a test tells sleepers apart by how long they sleep.
        settings=Settings(throttle_first=7.0),
        clock=clock,
    )
    await service.start()
    yield service
    await service.close()


@pytest.fixture
async def ear(tmp_path: Path) -> AsyncIterator[Ear]:
    ear = Ear(tmp_path / "ear")
    yield ear
    ear.close()
