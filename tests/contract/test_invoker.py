"""Lambda behind the Invoker port, as a tiny server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from realtime.aws.invoker import LambdaInvoker
from realtime.domain.errors import ServiceError
from tests.contract.aws import account, patience
from tests.contract.http_double import HttpDouble, Reply

ACCEPTED: Reply = (202, b"")
NAME = "milequest-test-deliver"
Open = Callable[..., tuple[LambdaInvoker, HttpDouble]]


@pytest.fixture
def answering() -> Iterator[Open]:
    """An invoker of a Lambda that gives these replies one after the other, the last one for ever."""
    with ExitStack() as stack:

        def answering(
            *replies: Reply | None, name: str = NAME, timeout: float = 30.0, pauses: list[int] | None = None
        ) -> tuple[LambdaInvoker, HttpDouble]:
            left = list(replies)
            server = stack.enter_context(HttpDouble(lambda _: left.pop(0) if len(left) > 1 else left[0]))
            return LambdaInvoker(account(server.url), name, patience(timeout=timeout, pauses=pauses)), server

        yield answering


def test_a_welcome_is_an_event_for_the_function(answering):
    invoker, server = answering(ACCEPTED)
    invoker.welcome("L0SM9cOFvHcCIhw=")
    (received,) = server.received
    assert (received.method, received.target) == ("POST", f"/2015-03-31/functions/{NAME}/invocations")
    assert received.headers["x-amz-invocation-type"] == "Event"
    assert received.body == b'{"kind":"welcome","connectionId":"L0SM9cOFvHcCIhw="}'


def test_a_function_may_be_named_by_its_arn(answering):
    invoker, server = answering(ACCEPTED, name="arn:aws:lambda:eu-west-1:1:function:f")
    invoker.welcome("c1")
    assert server.received[0].target.split("/")[3] == "arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af"


def test_requests_are_signed_for_lambda(answering):
    invoker, server = answering(ACCEPTED)
    invoker.welcome("c1")
    assert "/eu-west-1/lambda/aws4_request, " in server.received[0].headers["authorization"]


@pytest.mark.parametrize("failure", [(429, b"{}"), (500, b""), (503, b"<html>")])
def test_what_may_pass_is_tried_again(answering, failure):
    pauses: list[int] = []
    invoker, server = answering(failure, ACCEPTED, pauses=pauses)
    invoker.welcome("c1")
    assert (len(server.received), pauses) == (2, [1])


def test_a_call_without_an_answer_is_made_again(answering):
    invoker, server = answering(None, ACCEPTED, timeout=0.3)
    invoker.welcome("c1")
    assert len(server.received) == 2


def test_what_does_not_pass_is_given_up(answering):
    pauses: list[int] = []
    invoker, server = answering((429, b"{}"), pauses=pauses)
    with pytest.raises(ServiceError, match="Invoke: HTTP 429"):
        invoker.welcome("c1")
    assert (len(server.received), pauses) == (3, [1, 2])


@pytest.mark.parametrize("status", [200, 403, 404])
def test_any_other_answer_is_an_error_at_once(answering, status):
    invoker, server = answering((status, b"{}"))
    with pytest.raises(ServiceError, match=f"Invoke: HTTP {status}"):
        invoker.welcome("c1")
    assert len(server.received) == 1


def test_a_service_that_is_not_there_is_an_error():
    with HttpDouble(lambda _: ACCEPTED) as server:
        url = server.url
    with pytest.raises(ServiceError, match="Invoke: Connection refused"):
        LambdaInvoker(account(url), NAME, patience()).welcome("c1")
