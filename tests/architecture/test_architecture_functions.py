"""The Lambdas in three places: their code, the Terraform that deploys them, and the page that describes both."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping

import pytest

from ops.packaging import function_names
from ops.paths import TERRAFORM
from realtime.bootstrap import start
from realtime.ports import Limits
from tests.architecture.deployment import ARCHITECTURE, attribute, entries, local, rows
from tests.architecture.source import section

LAMBDAS_OWN = {
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_SESSION_TOKEN": "t",
}
# Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": in seconds.
RETRY_PAUSES = (60, 120)
VALUES = {
    "ALLOW_ANONYMOUS": "false",
    "ALLOW_INSECURE_WEBHOOKS": "false",
    "COALESCE_MAX_MS": "0",
    **{f"FANOUT_{name}": "10" for name in ("DIRECT_READERS", "SHARE_READERS", "MAX_SHARES", "REQUESTS_PER_SECOND")},
    "FANOUT_MAX_AGE_SECONDS": "10",
    "LOG_LEVEL": "INFO",
    "MANAGEMENT_ENDPOINT": "https://a.execute-api.us-east-1.amazonaws.com/production",
    "MAX_DATA_BYTES": "10240",
    "SILENT_AFTER_SECONDS": "900",
}


def names(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\bENVIRONMENT\b", text))


def deployed() -> dict[str, set[str]]:
    """What terraform/functions.tf sets: function → names of its variables."""
    everywhere = names(local("_every_function"))
    result = {}
    for name, body in entries():
        environment = attribute(body, "environment")
        shared = [names(local(one)) for one in re.findall(r"local\.(_\w+)", environment)]
        result[name] = everywhere.union(names(environment), *shared)
    return result


def documented() -> dict[str, set[str]]:
    """What docs/architecture.md lists: function → names of its variables."""
    text = section(ARCHITECTURE, "Environment of a function")
    everywhere = names(text.split("\n| function")[0])
    told = list(rows(text))
    those = next(names(variables) for functions, variables in told if len(functions) > 1)
    return {
        function: everywhere | names(variables) | (those if variables.startswith("those") else set())
        for functions, variables in told
        for function in functions
    }


class Read(dict[str, str]):
    """An environment that notes what was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]  # one form is enough
        self.names.add(key)
        return super().get(key, default)


def started(name: str) -> Read:
    """Start a function with what Terraform sets and Lambda adds."""
    module = importlib.import_module(f"handlers.{name.replace('-', '_')}")
    build = inspect.getclosurevars(module.handler).nonlocals["build"]
    environ = Read(LAMBDAS_OWN | {variable: VALUES.get(variable, "x") for variable in deployed()[name]})
    start(build, environ)
    return environ


def test_every_handler_is_deployed_and_nothing_else():
    assert sorted(deployed()) == function_names()


def test_every_function_is_documented_and_nothing_else():
    assert sorted(documented()) == function_names()


@pytest.mark.parametrize("name", function_names())
def test_the_documented_variables_are_those_that_terraform_sets(name):
    assert documented()[name] == deployed()[name]


@pytest.mark.parametrize("name", function_names())
def test_a_function_starts_with_what_terraform_sets(name):
    started(name)


@pytest.mark.parametrize("name", function_names())
def test_a_function_reads_every_variable_that_terraform_sets(name):
    assert deployed()[name] - started(name).names == set()


def test_what_publishing_may_take_has_the_same_defaults_in_code_and_in_terraform():
    text = (TERRAFORM / "variables_fanout.tf").read_text()
    told = {name: int(number) for name, number in re.findall(r"(\w+) += optional\(number, (\d+)\)", text)}
    (longest,) = re.findall(r"^  default     = (\d+)$", text, re.MULTILINE)
    assert Limits()._asdict() == {**told, "coalesce_max_ms": int(longest)}


def test_what_lambda_drops_of_a_large_publish_is_too_old_for_its_retries_too():
    """A share begins within max_age_seconds; what fails then is still tried again as often as it may be."""
    text = (TERRAFORM / "variables_fanout.tf").read_text()
    asynchronous = attribute(dict(entries())["deliver"], "asynchronous")
    (dropped,) = (int(number) for number in re.findall(r"maximum_event_age_seconds = (\d+)", asynchronous))
    (retries,) = (int(number) for number in re.findall(r"maximum_retry_attempts = (\d+)", asynchronous))
    (oldest,) = (int(number) for number in re.findall(r"var\.fanout\.max_age_seconds <= (\d+)", text))
    assert oldest + sum(RETRY_PAUSES[:retries]) <= dropped
    assert f"within {dropped} seconds" in text


@pytest.mark.parametrize("name", function_names())
def test_the_names_of_the_page_are_those_of_the_code(name):
    listed = section(ARCHITECTURE, "Names that several parts share")
    assert f"-{name}`" in listed
