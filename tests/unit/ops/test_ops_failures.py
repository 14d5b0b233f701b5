"""Which exceptions are explained, and which are bugs to be seen as they are."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from ops.errors import NotRunning, OpsError
from ops.failures import explain
from realtime.aws.json_service import ServiceRefusal
from realtime.domain.errors import ServiceError


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, "Query")


def explained(failure: Exception) -> OpsError:
    found = explain(failure)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("AccessDenied", "--profile"),
        ("AccessDeniedException", "--profile"),
        ("ExpiredToken", "aws sso login"),
        ("ExpiredTokenException", "aws sso login"),
        ("InvalidClientTokenId", "aws sso login"),
        ("UnrecognizedClientException", "aws sso login"),
        ("Throttling", "wait a little"),
        ("ThrottlingException", "wait a little"),
        ("ProvisionedThroughputExceededException", "wait a little"),
        ("RequestLimitExceeded", "wait a little"),
        ("ResourceNotFoundException", "terraform apply"),
    ],
)
def test_what_boto3_raises_and_our_adapters_raise_get_the_same_hint(code, hint):
    assert hint in str(explained(refusal(code)).hint)
    assert explained(ServiceRefusal("Query", code, {})).hint == explained(refusal(code)).hint


def test_a_refusal_is_told_with_operation_code_and_message():
    assert explained(refusal("Odd")).message == "Query was answered with Odd: so it is"


@pytest.mark.parametrize(
    ("body", "text"), [({"message": "so"}, "so"), ({"Message": "so"}, "so"), ({}, "no message")], ids=str
)
def test_a_refusal_that_our_adapters_hear_is_told_the_same_way(body, text):
    assert explained(ServiceRefusal("Query", "Odd", body)).message == f"Query was answered with Odd: {text}"


def test_no_answer_at_all_says_where_to_look():
    failure = explained(ServiceError("Query", "closed by the peer"))
    assert "closed by the peer" in failure.message
    assert "ops local status" in str(failure.hint)


def test_an_unknown_refusal_has_no_hint():
    assert explained(refusal("Odd")).hint is None


def test_a_refusal_without_details_is_explained_too():
    assert explained(ClientError({}, "Query")).message == "Query was answered with an error: no message"


@pytest.mark.parametrize(
    "failure", [NoCredentialsError(), PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")]
)
def test_missing_credentials_say_to_sign_in(failure):
    assert explained(failure).message.startswith("No AWS credentials: ")
    assert "aws sso login" in str(explained(failure).hint)


def test_an_endpoint_that_does_not_answer_is_named():
    failure = explained(EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"))
    assert "http://127.0.0.1:1/" in failure.message
    assert "ops local status" in str(failure.hint)


def test_any_other_failure_of_the_sdk_is_told_as_it_is():
    assert "timeout" in explained(ReadTimeoutError(endpoint_url="http://127.0.0.1:1/")).message


@pytest.mark.parametrize("failure", [OpsError("x", "y", 3), NotRunning()])
def test_our_own_failures_explain_themselves(failure):
    assert explain(failure) is failure


@pytest.mark.parametrize("bug", [KeyError("x"), ValueError("x"), RuntimeError("x")])
def test_a_bug_is_not_explained_away(bug):
    assert explain(bug) is None
