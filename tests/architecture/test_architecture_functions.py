"""The Lambdas in three places: their code, the Terraform that deploys them, and the page that describes both."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping

import pytest

from ops.packaging import function_names
from ops.paths import ROOT, TERRAFORM
from realtime.bootstrap import start
from tests.architecture.source import block, section

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
FUNCTIONS = (TERRAFORM / "functions.tf").read_text()
LAMBDAS_OWN = {
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_SESSION_TOKEN": "t",
}
VALUES = {
    "ALLOW_ANONYMOUS": "false",
    "LOG_LEVEL": "INFO",
    "MANAGEMENT_ENDPOINT": "https://a.execute-api.us-east-1.amazonaws.com/production",
    "MAX_DATA_BYTES": "10240",
    "SILENT_AFTER_SECONDS": "900",
}


def names(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\bENVIRONMENT\b", text))


def deployed() -> dict[str, set[str]]:
    """What terraform/functions.tf sets: function → names of its variables."""
    everywhere, sends = names(block(FUNCTIONS, "_every_function = {")), names(block(FUNCTIONS, "_sends = {"))
    result = {}
    for name, body in _entries(block(FUNCTIONS, "  functions = {")):
        environment = re.split(r"\n      (?=[a-z])", body.split("environment", 1)[1])[0]
        result[name] = everywhere | names(environment) | (sends if "local._sends" in environment else set())
    return result


def _entries(body: str) -> Iterator[tuple[str, str]]:
    for name in re.findall(r"^    ([a-z-]+) = \{$", body, re.MULTILINE):
        yield name, block(body, f"\n    {name} = {{")


def documented() -> dict[str, set[str]]:
    """What docs/architecture.md lists: function → names of its variables."""
    text = section(ARCHITECTURE, "Environment of a function")
    everywhere = names(text.split("\n| function")[0])
    result: dict[str, set[str]] = {}
    those_three: set[str] = set()
    for functions, variables in re.findall(r"^\| ([a-z, -]+) \| (.*) \|$", text, re.MULTILINE):
        if functions == "function":
            continue
        if len(functions.split(",")) > 1:
            those_three = names(variables)
        for function in functions.split(", "):
            full = f"websocket{function}" if function.startswith("-") else function
            result[full] = everywhere | names(variables) | (those_three if "those three" in variables else set())
    return result


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


@pytest.mark.parametrize("name", function_names())
def test_the_names_of_the_page_are_those_of_the_code(name):
    listed = section(ARCHITECTURE, "Names that several parts share")
    assert f"-{name}`" in listed


def test_the_actions_of_each_function_are_documented():
    text = section(ARCHITECTURE, "IAM actions of a function (beyond its own log group, and X-Ray when on)")
    assert sorted(re.findall(r"^\| ((?:websocket-)?[a-z]+) \|", text, re.MULTILINE)[1:]) == function_names()


@pytest.mark.parametrize("name", function_names())
def test_the_documented_actions_on_tables_are_those_that_terraform_allows(name):
    text = section(ARCHITECTURE, "IAM actions of a function (beyond its own log group, and X-Ray when on)")
    (row,) = re.findall(rf"^\| {name} \| (.*) \|$", text, re.MULTILINE)
    told = {
        (table, action.strip())
        for actions, table in re.findall(r"`dynamodb:([A-Za-z, ]+)` (connections|subscriptions)", row)
        for action in actions.split(",")
    }
    body = dict(_entries(block(FUNCTIONS, "  functions = {")))[name]
    allowed = {
        (table.lower(), action)
        for table, actions in re.findall(r"(Connections|Subscriptions)\s+= \{\s*actions\s+= \[([^\]]*)\]", body)
        for action in re.findall(r'"dynamodb:(\w+)"', actions)
    }
    assert told == allowed
