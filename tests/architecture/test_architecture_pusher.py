"""The compatibility page promises nothing that no test proves."""

from __future__ import annotations

import re

import pytest

from ops.paths import ROOT
from tests.architecture.source import functions, modules, section

PAGE = (ROOT / "docs" / "pusher-compatibility.md").read_text()
PROVEN = ["Clients", "Beside the plain protocol", "HTTP API", "Webhooks", "Under load"]
TESTS = {function.name for path in modules("tests") for function in functions(path)}

# What has to be there; each is found in the table of clients.
FEATURES = [
    "welcome",
    "protocols 4 to 7",
    "subprotocol",
    "ping and pong",
    "refusals",
    "several apps",
    "several keys",
    "origins",
    "public channels",
    "private channels",
    "encrypted channels",
    "presence",
    "cache channels",
    "client events",
    "signin",
    "events for a user",
    "watchlists",
    "terminating",
    "subscription_count",
    "authorize themselves",
    "Java and Swift",
]


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(PAGE, heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize("heading", PROVEN)
def test_every_row_names_its_state_and_a_test_that_is_there(heading):
    found = rows(heading)
    assert found
    for feature, state, proof in found:
        assert state in ("works", "deviates"), feature
        named = re.findall(r"`(test_\w+)`", proof)
        assert named, feature
        assert set(named) - TESTS == set(), feature


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_of_the_clients_has_a_row(feature):
    assert [row for row in rows("Clients") if feature in row[0]]


def test_every_test_of_pushers_protocol_against_the_stack_is_on_the_page():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = [path for path in modules("tests/integration") if path.name.startswith("test_pusher_")]
    there = {function.name for path in files for function in functions(path) if function.name.startswith("test_")}
    assert there - named == set()


def test_what_deviates_is_explained():
    told = rows("Deviations")
    assert len(told) > 5
    assert all(what and seen for what, seen in told)
