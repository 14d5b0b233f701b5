"""How `pytest -n 2` shares the tests: one process runs all that need the local AWS, which then exists once."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_LOCAL_AWS = "tests/integration/"
# Brings nothing up, so it may run beside the others.
_WITHOUT = "tests/integration/test_terraform.py"


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        """Tests of one scope run in one process, and the largest scope begins."""
        return _LOCAL_AWS if nodeid.startswith(_LOCAL_AWS) and not nodeid.startswith(_WITHOUT) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Scheduling(config, log)
