"""The environment that turns an SDK, or Terraform, to the local AWS and nothing else."""

from __future__ import annotations

import os

import pytest

from ops.environments import local_environ
from ops.errors import OpsError

URL = "http://127.0.0.1:4566"
USERS_OWN = {
    "AWS_PROFILE": "mine",
    "AWS_SESSION_TOKEN": "t",
    "AWS_SECURITY_TOKEN": "t",
    "AWS_ROLE_ARN": "r",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "f",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "u",
    "AWS_ENDPOINT_URL_DYNAMODB": "https://elsewhere",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "b",
}


@pytest.mark.parametrize("name", USERS_OWN)
def test_a_variable_of_the_users_is_dropped(name):
    assert name not in local_environ(URL, "us-east-1", USERS_OWN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", URL),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", os.devnull),
        ("AWS_SHARED_CREDENTIALS_FILE", os.devnull),
    ],
)
def test_a_variable_of_the_users_gives_way(name, value):
    assert local_environ(URL, "us-east-1", {name: "the user's"})[name] == value


def test_what_is_not_of_aws_stays():
    assert local_environ(URL, "us-east-1", {"PATH": "/bin", "TF_LOG": "INFO"}).items() >= {
        ("PATH", "/bin"),
        ("TF_LOG", "INFO"),
    }


def test_the_given_environment_is_not_changed():
    given = {"AWS_PROFILE": "mine"}
    local_environ(URL, "us-east-1", given)
    assert given == {"AWS_PROFILE": "mine"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_is_where_it_may_be(host):
    assert local_environ(f"http://{host}:4566", "us-east-1")["AWS_ENDPOINT_URL"] == f"http://{host}:4566"


@pytest.mark.parametrize(
    "url",
    [
        "https://dynamodb.us-east-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://example.com/127.0.0.1",
        "127.0.0.1:4566",
        "",
    ],
)
def test_anywhere_else_is_refused(url):
    with pytest.raises(OpsError, match="is not on loopback"):
        local_environ(url, "us-east-1")
