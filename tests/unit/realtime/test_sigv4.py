"""Our signatures against botocore's, which the AWS CLI and boto3 use."""

from __future__ import annotations

import datetime

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from realtime.aws.sigv4 import Credentials, Signer

NOW = 1_700_000_000.9
JSON_HEADERS = {"host": "dynamodb.eu-west-1.amazonaws.com", "content-type": "application/x-amz-json-1.0"}
HOST = {"host": "abc.execute-api.eu-west-1.amazonaws.com"}
LOCAL = {"host": "127.0.0.1:4566"}

TABLE = [
    ("execute-api", "POST", "/production/@connections/L0SM9cOFvHcCIhw%3D", HOST, b'{"event":"e"}', None),
    ("execute-api", "POST", "/production/@connections/L0SM9cOFvHcCIhw%3D", HOST, "é€".encode(), "token"),
    ("execute-api", "GET", "/production/@connections/a%2Bb%2Fc%3D%3D", HOST, b"", "token"),
    ("execute-api", "POST", "/@connections/a%3D", LOCAL, b"x", None),
    ("dynamodb", "POST", "/", {**JSON_HEADERS, "x-amz-target": "DynamoDB_20120810.PutItem"}, b"{}", None),
    ("dynamodb", "POST", "/", {**JSON_HEADERS, "x-amz-target": "DynamoDB_20120810.Query"}, b'{"a":"b"}', "tok/en+="),
    ("secretsmanager", "POST", "/", {**LOCAL, "x-amz-target": "secretsmanager.GetSecretValue"}, b"{}", "token"),
    ("lambda", "POST", "/2015-03-31/functions/f/invocations", HOST, b"{}", None),
    ("execute-api", "GET", "/production/x?a=1&b=2", HOST, b"", None),
]


@pytest.fixture
def at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore asks the clock itself."""
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)


@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize(("service", "method", "target", "headers", "body", "token"), TABLE)
def test_the_headers_are_those_of_botocore(service, method, target, headers, body, token):
    ours = Signer(Credentials("AKIA", "secret", token), "eu-west-1", service).sign(method, target, headers, body, NOW)
    request = AWSRequest(method, f"https://{headers['host']}{target}", dict(headers), body)
    SigV4Auth(BotoCredentials("AKIA", "secret", token), service, "eu-west-1").add_auth(request)
    assert ours == {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("later", [1.0, 86_400.0])
def test_a_signer_that_is_used_again_signs_like_a_new_one(later):
    arguments = ("POST", "/", LOCAL, b"{}", NOW + later)
    signer = Signer(Credentials("AKIA", "secret"), "eu-west-1", "dynamodb")
    signer.sign("POST", "/", LOCAL, b"{}", NOW)
    fresh = Signer(Credentials("AKIA", "secret"), "eu-west-1", "dynamodb")
    assert signer.sign(*arguments) == fresh.sign(*arguments)


def test_the_repr_of_credentials_shows_nothing():
    assert repr(Credentials("AKIA", "secret", "token")) == "Credentials(…)"
