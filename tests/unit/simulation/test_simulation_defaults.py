"""What is simulated by default is what is deployed by default."""

from __future__ import annotations

import re

import pytest

from ops.simulation.assumptions import Assumptions
from realtime.aws import management, transport
from tests.architecture import deployment

FUNCTIONS = dict(deployment.entries())


@pytest.mark.parametrize(
    ("function", "attribute", "assumed"),
    [
        ("deliver", "memory_mb", "memory_mb"),
        ("deliver", "timeout_seconds", "timeout_seconds"),
        ("deliver", "maximum_event_age_seconds", "event_age_seconds"),
        ("deliver", "maximum_retry_attempts", "retries"),
        ("http-api", "memory_mb", "publisher_memory_mb"),
    ],
)
def test_the_functions_are_those_of_terraform(function, attribute, assumed):
    found = re.search(rf"\b{attribute} += (\d+)", FUNCTIONS[function])
    assert found
    assert int(found[1]) == getattr(Assumptions(), assumed)


def test_as_many_are_in_flight_as_in_the_engine():
    assumed = Assumptions()
    assert (assumed.in_flight, assumed.most_in_flight) == (management.WINDOW, transport.MAX_OPEN)
