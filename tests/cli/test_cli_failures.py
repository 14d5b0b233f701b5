"""What `ops` says when it cannot do what was asked: what is wrong, and the command that mends it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ops.environments import Selection, open_deployment
from tests.contract.http_double import HttpDouble

READS = [("connections", "list"), ("outputs",), ("token", "--user", "a", "--team", "1"), ("publish", "news", "hello")]
READS += [("apps", "list"), ("keys", "list")]


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_without_a_stack_it_says_how_to_start_one(ops, local, command):
    result = ops(*command)
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: The local AWS is not running.\nStart it with: ops local up --detach\n"


@pytest.mark.parametrize(
    "command", [("status",), ("apply",), ("fault", "list"), ("fault", "off"), ("terraform", "plan")]
)
def test_without_a_stack_ops_local_says_how_to_start_one(ops, local, command):
    result = ops("local", *command)
    assert (result.code, result.out) == (1, "")
    assert "ops local up --detach" in result.err


def test_outputs_that_are_cut_off_count_as_no_stack(ops, local):
    (local / "outputs.json").write_text('{"environment":')
    assert "ops local up --detach" in ops("outputs").err


def test_down_without_a_stack_is_fine(ops, local):
    assert ops("local", "down").code == 0


def test_a_local_aws_that_has_died_is_pointed_out(ops, backend, local):
    with HttpDouble(lambda received: (200, b"{}")) as double:
        url = double.url
    backend.announce(local, url)
    result = ops("connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "ops local status" in result.err


def test_outputs_that_lead_away_from_loopback_are_refused(ops, backend, local):
    backend.announce(local, "https://dynamodb.us-east-1.amazonaws.com")
    result = ops("connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "is not on loopback" in result.err


REFUSALS = {
    "AccessDeniedException": "--profile",
    "ExpiredTokenException": "aws sso login",
    "UnrecognizedClientException": "aws sso login",
    "ThrottlingException": "wait a little",
    "ProvisionedThroughputExceededException": "wait a little",
    "ResourceNotFoundException": "terraform apply",
}


@pytest.mark.parametrize("command", [READS[0], *READS[2:]], ids=lambda command: command[0])
@pytest.mark.parametrize(("code", "hint"), REFUSALS.items())
def test_what_aws_refuses_is_named_with_a_way_out(ops, backend, local, command, code, hint):
    refusal = json.dumps({"__type": f"com.amazonaws#{code}", "message": "so it is"}).encode()
    with HttpDouble(lambda received: (400, refusal)) as double:
        backend.announce(local, double.url)
        result = ops(*command)
    assert (result.code, result.out) == (1, "")
    assert code in result.err.splitlines()[0]
    assert hint in result.err.splitlines()[1]
    assert "Traceback" not in result.err


def test_without_terraform_on_path_it_says_where_to_get_it(ops, tmp_path):
    os.environ["PATH"] = str(tmp_path)
    result = ops("--env", "dev", "connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "There is no terraform on PATH" in result.err
    assert "https://developer.hashicorp.com/terraform/install" in result.err


@pytest.mark.parametrize("arguments", [("terraform", "plan"), ("local", "up")])
def test_commands_that_run_terraform_miss_it_too(ops, local, tmp_path, arguments):
    os.environ["PATH"] = str(tmp_path)
    result = ops(*arguments)
    assert (result.code, result.out) == (1, "")
    assert "There is no terraform on PATH" in result.err


def test_a_state_without_outputs_says_what_to_apply(ops, terraform):
    terraform({})
    result = ops("--env", "prod", "connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "nothing is deployed, or only a part" in result.err
    assert "terraform -chdir=terraform apply -var-file=environments/prod.tfvars" in result.err


def test_a_state_that_is_applied_by_half_names_what_it_lacks(ops, backend, terraform):
    outputs = backend.outputs(environment="dev")
    del outputs["websocket_url"], outputs["api_id"]
    terraform(outputs)
    assert "lacks api_id, websocket_url:" in ops("--env", "dev", "outputs").err


def test_the_state_of_another_environment_is_refused(ops, backend, terraform):
    terraform(backend.outputs(environment="prod"))
    result = ops("--env", "dev", "outputs")
    assert (result.code, result.out) == (1, "")
    assert "is that of 'prod', not of 'dev'" in result.err
    assert "init -reconfigure" in result.err


def test_a_state_that_cannot_be_read_says_to_initialise(ops, terraform):
    terraform(failure="Error: Backend initialization required")
    result = ops("--env", "dev", "outputs")
    assert (result.code, result.out) == (1, "")
    assert "Backend initialization required" in result.err
    assert "terraform -chdir=terraform init" in result.err


def test_another_region_than_the_deployed_one_is_refused(ops, backend, terraform):
    terraform(backend.outputs(environment="dev"))
    result = ops("--env", "dev", "--region", "eu-west-1", "connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "The dev environment is in us-east-1, not in eu-west-1." in result.err
    assert "--region" in result.err.splitlines()[1]


@pytest.mark.parametrize("command", [READS[0], *READS[2:]], ids=lambda command: command[0])
def test_without_credentials_it_says_to_sign_in(ops, backend, terraform, command):
    terraform(backend.outputs(environment="dev"))
    result = ops("--env", "dev", *command, *(["--yes"] if command[0] == "publish" else []))
    assert (result.code, result.out) == (1, "")
    assert "No AWS credentials" in result.err
    assert "aws sso login" in result.err


def test_a_profile_that_does_not_exist_is_named(ops, backend, terraform):
    terraform(backend.outputs(environment="dev"))
    result = ops("--env", "dev", "--profile", "nobody", "connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "(nobody)" in result.err
    assert "aws configure list-profiles" in result.err


def test_the_profile_that_was_chosen_signs(backend, terraform):
    folder = Path(os.environ["HOME"]) / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text("[mine]\naws_access_key_id = AKMINE\naws_secret_access_key = s\n")
    terraform(backend.outputs(environment="dev"))
    deployment = open_deployment(Selection("dev", profile="mine"))
    assert deployment.account().credentials.access_key_id == "AKMINE"


def test_what_signs_for_the_local_aws_is_never_the_users_own(ops, backend, local):
    os.environ.update(AWS_ACCESS_KEY_ID="AKMINE", AWS_SECRET_ACCESS_KEY="s", AWS_SESSION_TOKEN="t", AWS_PROFILE="mine")
    with HttpDouble(lambda received: (200, b'{"Items": []}')) as double:
        backend.announce(local, double.url)
        assert ops("connections", "list").code == 0
    assert "Credential=local/" in double.received[0].headers["authorization"]
    assert "x-amz-security-token" not in double.received[0].headers


@pytest.mark.parametrize("written", ["[]", "{}", "7", "{", '{"aws_endpoint_url": 7}'])
def test_outputs_that_ops_did_not_write_are_pointed_out(ops, local, written):
    (local / "outputs.json").write_text(written)
    result = ops("connections", "list")
    assert (result.code, result.out) == (1, "")
    assert "outputs.json" in result.err
    assert "ops local down && ops local up" in result.err


@pytest.mark.parametrize("options", [("--region", "eu-west-1"), ("--profile", "x")])
def test_the_local_aws_has_no_regions_nor_profiles(ops, local, options):
    result = ops(*options, "connections", "list")
    assert (result.code, result.out) == (2, "")
    assert "--env" in result.err
