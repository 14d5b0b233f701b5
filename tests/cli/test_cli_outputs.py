"""`ops outputs`, local and elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.cli.backend import SECRET


def documented() -> set[str]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("### Outputs of the root stack")[1].split("\n## ")[0]
    names, rest = section.split("`ops outputs` adds")
    without_notes = re.sub(r"\([^)]*\)", "", names)
    return set(re.findall(r"`(\w+)`", without_notes)) | set(re.findall(r"`(\w+)`", rest))


def test_the_local_keys_are_exactly_the_documented_ones(ops, backend):
    assert set(json.loads(ops("outputs", "--json").out)) == documented()


def test_the_keys_of_dev_are_exactly_the_documented_ones(ops, backend, terraform):
    terraform(backend.outputs(environment="dev"))
    result = ops("--env", "dev", "outputs", "--json")
    assert set(json.loads(result.out)) == documented()


def test_dev_has_no_endpoint_of_its_own(ops, backend, terraform):
    terraform(backend.outputs(environment="dev"))
    assert json.loads(ops("--env", "dev", "outputs", "--json").out)["aws_endpoint_url"] is None


def test_the_table_has_a_line_for_each_value_with_dotted_names(ops, backend):
    result = ops("outputs")
    values = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert (result.code, result.err) == (0, "")
    assert values["table_names.connections"] == backend.connections
    assert values["aws_endpoint_url"] == backend.url


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_secret_is_printed(ops, backend, options):
    assert SECRET not in ops("outputs", *options).out


def test_the_environment_may_come_from_a_variable(ops, backend, terraform, monkeypatch):
    terraform(backend.outputs(environment="prod"))
    monkeypatch.setenv("OPS_ENV", "prod")
    assert json.loads(ops("outputs", "--json").out)["environment"] == "prod"


def test_an_option_beats_the_variable(ops, backend, monkeypatch):
    monkeypatch.setenv("OPS_ENV", "prod")
    assert json.loads(ops("--env", "local", "outputs", "--json").out)["environment"] == "local"


def test_an_unknown_environment_is_wrong_usage(ops):
    result = ops("--env", "moon", "outputs")
    assert (result.code, result.out) == (2, "")
    assert "'local', 'dev', 'prod'" in result.err


def test_the_documented_keys_are_those_that_terraform_puts_out():
    outputs = re.findall(r'^output "(\w+)"', Path(ROOT / "terraform" / "outputs.tf").read_text(), re.MULTILINE)
    assert set(outputs) | {"aws_endpoint_url"} == documented()
