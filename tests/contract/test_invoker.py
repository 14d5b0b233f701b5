"""Lambda behind the Invoker port, as a tiny server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from realtime.aws.invoker import LambdaInvoker
from realtime.domain.errors import ServiceError
from tests.contract.aws import account, patience
from tests.contract.http_double import HttpDouble, Received, Reply

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


JOBS = [{"kind": "share", "n": n, "data": "é"} for n in range(3)]


def bodies(server: HttpDouble) -> list[dict[str, Any]]:
    return sorted((json.loads(received.body) for received in server.received), key=lambda job: int(job["n"]))


def test_each_job_is_an_event_of_its_own(answering):
    invoker, server = answering(ACCEPTED)
    invoker.start(JOBS)
    assert bodies(server) == JOBS
    assert {received.headers["x-amz-invocation-type"] for received in server.received} == {"Event"}


def test_without_jobs_nothing_is_started(answering):
    invoker, server = answering(ACCEPTED)
    invoker.start([])
    assert server.received == []


def test_only_what_was_not_accepted_is_tried_again(answering):
    pauses: list[int] = []
    invoker, server = answering((429, b"{}"), ACCEPTED, pauses=pauses)
    invoker.start(JOBS)
    assert (len(server.received), pauses) == (4, [1])
    assert {job["n"] for job in bodies(server)} == {0, 1, 2}


def test_one_that_is_never_accepted_is_an_error_and_the_others_are_started():
    def answer(received: Received) -> Reply:
        return (503, b"") if b'"n":1' in received.body else ACCEPTED

    with HttpDouble(answer) as server:
        invoker = LambdaInvoker(account(server.url), NAME, patience())
        with pytest.raises(ServiceError, match="Invoke: HTTP 503"):
            invoker.start(JOBS)
        assert [job["n"] for job in bodies(server)] == [0, 1, 1, 1, 2]


def test_one_that_is_refused_for_good_ends_all_tries():
    def answer(received: Received) -> Reply:
        return (404, b"{}") if b'"n":1' in received.body else (429, b"{}")

    with HttpDouble(answer) as server:
        invoker = LambdaInvoker(account(server.url), NAME, patience())
        with pytest.raises(ServiceError, match="Invoke: HTTP 404"):
            invoker.start(JOBS)
        assert len(server.received) == 3


@pytest.mark.parametrize(("size", "is_taken"), [(262_144, True), (262_145, False)])
def test_a_payload_has_256_kb_at_most(answering, size, is_taken):
    invoker, server = answering(ACCEPTED)
    jobs = [JOBS[0], {"n": 1, "data": "x" * (size - len('{"n":1,"data":""}'))}]
    if is_taken:
        invoker.start(jobs)
    else:
        with pytest.raises(ServiceError, match="Invoke: payload of 262145 bytes"):
            invoker.start(jobs)
    assert len(server.received) == (2 if is_taken else 0)
