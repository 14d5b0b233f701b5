"""What the DynamoDB adapters make of a service that fails: retried where that may help, and ServiceError in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from realtime.aws.json_service import JsonService, ServiceRefusal
from realtime.aws.rows import connection_to_row
from realtime.aws.tables.channels import DynamoChannels
from realtime.aws.tables.connections import DynamoConnections
from realtime.aws.tables.members import DynamoMembers
from realtime.aws.tables.state import DynamoState
from realtime.aws.tables.subscriptions import DynamoSubscriptions
from realtime.domain.connections import Channel, Reader
from realtime.domain.errors import ServiceError
from realtime.ports import Cached, Entry, SignIn
from tests.contract.aws import account, dynamodb, patience
from tests.contract.http_double import HttpDouble, Received, Reply
from tests.fakes import NOW, connection, subscription

OK: Reply = (200, b"{}")
ROW = {"Item": connection_to_row(connection())}
A = Channel("1", "a")
TAB = Reader("c1", "pusher", 0, "u1")
EVENT = Cached("e", "{}", "e1", NOW, NOW + 1)


def error(code: str, status: int = 400) -> Reply:
    return status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m"}).encode()


def reply(**body: Any) -> Reply:
    return 200, json.dumps(body).encode()


class Script:
    """A DynamoDB that gives these replies one after the other, the last one for ever."""

    def __init__(self, url_of: Callable[[Callable[[Received], Reply | None]], HttpDouble]) -> None:
        self._url_of = url_of
        self.pauses: list[int] = []

    def __call__(self, *replies: Reply | None, timeout: float = 30.0) -> JsonService:
        left = list(replies)
        self.server = self._url_of(lambda _: left.pop(0) if len(left) > 1 else left[0])
        return dynamodb(account(self.server.url), patience(attempts=3, timeout=timeout, pauses=self.pauses))

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(received.body) for received in self.server.received]


@pytest.fixture
def script() -> Iterator[Script]:
    with ExitStack() as stack:
        yield Script(lambda answer: stack.enter_context(HttpDouble(answer)))


@pytest.mark.parametrize(
    "failure",
    [
        error("ThrottlingException"),
        error("ProvisionedThroughputExceededException"),
        error("RequestLimitExceeded"),
        error("InternalServerError", 500),
        error("ServiceUnavailable", 503),
        error("AnythingElse", 500),
        (500, b""),
        (502, b"<html>Bad Gateway</html>"),
        (503, b"[]"),
    ],
    ids=["throttled", "throughput", "limit", "500", "503", "5xx", "empty", "html", "list"],
)
def test_what_may_pass_is_tried_again(script, failure):
    connections = DynamoConnections(script(failure, reply(**ROW)), "c")
    assert (connections.find("c1"), len(script.server.received)) == (connection(), 2)


def test_a_call_without_an_answer_is_tried_again(script):
    connections = DynamoConnections(script(None, reply(**ROW), timeout=0.3), "c")
    assert connections.find("c1") == connection()


def test_before_each_further_attempt_there_is_a_pause(script):
    DynamoConnections(script(error("ThrottlingException"), (500, b""), reply(**ROW)), "c").find("c1")
    assert script.pauses == [1, 2]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (error("ThrottlingException"), "ThrottlingException"),
        (error("InternalServerError", 500), "InternalServerError"),
        ((500, b""), "HTTP 500"),
        ((502, b"<html>"), "HTTP 502 without JSON"),
    ],
    ids=["throttled", "500", "empty", "html"],
)
def test_what_does_not_pass_is_given_up_after_the_last_attempt(script, failure, reason):
    with pytest.raises(ServiceError) as given_up:
        DynamoConnections(script(failure), "c").find("c1")
    assert (given_up.value.operation, given_up.value.reason, len(script.server.received)) == ("GetItem", reason, 3)


def test_after_the_last_attempt_there_is_no_pause(script):
    with pytest.raises(ServiceError):
        DynamoConnections(script(error("ThrottlingException")), "c").find("c1")
    assert script.pauses == [1, 2]


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_refusal_is_not_tried_again(script, code):
    with pytest.raises(ServiceRefusal) as refusal:
        DynamoConnections(script(error(code)), "c").find("c1")
    assert (refusal.value.code, len(script.server.received)) == (code, 1)


def test_a_refusal_of_another_form_goes_by_its_status(script):
    with pytest.raises(ServiceRefusal) as refusal:
        DynamoConnections(script((403, b"{}")), "c").find("c1")
    assert refusal.value.code == "HTTP 403"


def test_an_answer_that_is_no_json_is_an_error(script):
    with pytest.raises(ServiceError, match="GetItem: HTTP 200 without JSON"):
        DynamoConnections(script((200, b"<html>")), "c").find("c1")


def test_a_service_that_is_not_there_is_an_error():
    with HttpDouble(lambda _: OK) as server:
        url = server.url
    with pytest.raises(ServiceError, match="GetItem: Connection refused"):
        DynamoConnections(dynamodb(account(url), patience()), "c").find("c1")


def members(service: JsonService) -> DynamoMembers:
    return DynamoMembers(service, "m", lambda: NOW / 1000)


CONDITIONAL: dict[str, Callable[[JsonService], object]] = {
    "join": lambda service: DynamoConnections(service, "c").join("c1", Entry("a"), NOW),
    "leave": lambda service: DynamoConnections(service, "c").leave("c1", "a"),
    "seen": lambda service: DynamoConnections(service, "c").seen("c1", NOW),
    "sign in": lambda service: DynamoConnections(service, "c").sign_in("c1", SignIn("u1", "{}"), NOW),
    "claim a welcome": lambda service: DynamoConnections(service, "c").claim_welcome("c1", NOW),
    "welcomed": lambda service: DynamoConnections(service, "c").welcomed("c1"),
    "take": lambda service: DynamoSubscriptions(service, "s").take(A, "c1", NOW),
    "come": lambda service: members(service).join(A, "u1", "{}", TAB, NOW),
    "touch": lambda service: members(service).touch(A, "u1", NOW, NOW),
    "go": lambda service: members(service).leave(A, "u1", TAB),
    "claim out": lambda service: members(service).claim_out(A, "u1", NOW, NOW),
    "settle": lambda service: members(service).settle_out(A, "u1", NOW, keep=False),
    "settle and keep": lambda service: members(service).settle_out(A, "u1", NOW, keep=True),
    "vanish": lambda service: members(service).vanish(A, "u1", NOW),
    "vacate": lambda service: DynamoChannels(service, "h").vacate(A, "t1"),
    "stay": lambda service: DynamoChannels(service, "h").stay(A, "t1"),
    "vacated": lambda service: DynamoChannels(service, "h").vacated(A, "t1"),
    "count": lambda service: DynamoChannels(service, "h").count_now(A, NOW, 1),
    "cache": lambda service: DynamoState(service, "t").cache(A, EVENT),
    "hit": lambda service: DynamoState(service, "t").hit("a", NOW),
    "once": lambda service: DynamoState(service, "t").once("a", NOW, 1),
    "enter": lambda service: DynamoState(service, "t").enter("a", 1),
    "exit": lambda service: DynamoState(service, "t").exit("a"),
}


@pytest.mark.parametrize("write", CONDITIONAL)
def test_a_write_that_fails_is_not_mistaken_for_one_whose_condition_does_not_hold(script, write):
    with pytest.raises(ServiceRefusal):
        CONDITIONAL[write](script(error("ValidationException")))


def test_a_row_that_cannot_be_removed_is_told_with_those_that_were(script):
    def answer(received: Received) -> Reply:
        if b'"stuck"' in received.body:
            return error("AccessDeniedException")
        return reply(Attributes=connection_to_row(connection(channels=["a"])))

    with HttpDouble(answer) as server:
        removed = DynamoConnections(dynamodb(account(server.url), patience()), "c").remove(["c1", "stuck", "c2"])
    assert removed.connections == [connection(channels=["a"])] * 2
    assert removed.failure is not None
    assert str(removed.failure) == "DeleteItem: AccessDeniedException"


def test_only_the_removals_that_failed_are_tried_again(script):
    failed: list[Received] = []

    def answer(received: Received) -> Reply:
        if b'"c2"' in received.body and not failed:
            failed.append(received)
            return error("ThrottlingException")
        return OK

    with HttpDouble(answer) as server:
        DynamoConnections(dynamodb(account(server.url), patience()), "c").remove(["c1", "c2", "c3"])
        ids = [json.loads(received.body)["Key"]["connectionId"]["S"] for received in server.received]
    assert sorted(ids) == ["c1", "c2", "c2", "c3"]


def deletes(*ids: str) -> dict[str, Any]:
    keys = [{"channel": {"S": "1:a"}, "connectionId": {"S": name}} for name in ids]
    return {"s": [{"DeleteRequest": {"Key": key}} for key in keys]}


def test_only_the_deletes_left_unprocessed_are_sent_again(script):
    service = script(reply(UnprocessedItems=deletes("c2")), reply(UnprocessedItems={}))
    DynamoSubscriptions(service, "s").remove([(A, "c1"), (A, "c2"), (A, "c3")])
    assert [body["RequestItems"] for body in script.bodies] == [deletes("c1", "c2", "c3"), deletes("c2")]


def test_deletes_that_stay_unprocessed_are_given_up(script):
    service = script(reply(UnprocessedItems=deletes("c1")))
    with pytest.raises(ServiceError, match="BatchWriteItem: items left unprocessed"):
        DynamoSubscriptions(service, "s").remove([(A, "c1")])


def test_only_the_keys_left_unprocessed_are_read_again(script):
    def answer(received: Received) -> Reply:
        request = json.loads(received.body)["RequestItems"]["c"]
        found, *left = request["Keys"]
        return reply(Responses={"c": [found]}, UnprocessedKeys={"c": {**request, "Keys": left}} if left else {})

    with HttpDouble(answer) as server:
        service = dynamodb(account(server.url), patience())
        assert DynamoConnections(service, "c").existing(["c1", "c2", "c3"]) == {"c1", "c2", "c3"}


def test_a_page_is_read_from_where_the_last_ended(script):
    key = {"channel": {"S": "a"}, "connectionId": {"S": "c1"}}
    service = script(reply(Items=[], LastEvaluatedKey=key), reply(Items=[]))
    list(DynamoSubscriptions(service, "s").readers(A, NOW))
    assert [body.get("ExclusiveStartKey") for body in script.bodies] == [None, key]


def test_the_second_page_is_not_read_before_it_is_asked_for(script):
    service = script(reply(Items=[], LastEvaluatedKey={"channel": {"S": "a"}}))
    next(DynamoSubscriptions(service, "s").pages())
    assert len(script.server.received) == 1


CONSISTENT: dict[str, Callable[[JsonService], object]] = {
    "find": lambda service: DynamoConnections(service, "c").find("c1"),
    "readers": lambda service: list(DynamoSubscriptions(service, "c").readers(A, NOW)),
    "occupied": lambda service: DynamoSubscriptions(service, "c").occupied(A, NOW),
    "rows": lambda service: list(members(service).rows(A, NOW)),
    "cached": lambda service: DynamoState(service, "c").cached(A, NOW),
    "occupied channels": lambda service: list(DynamoChannels(service, "c").occupied("1", "a")),
}


@pytest.mark.parametrize("read", CONSISTENT)
def test_what_decides_is_read_consistently(script, read):
    CONSISTENT[read](script(reply(Items=[])))
    assert script.bodies[0]["ConsistentRead"] is True


def test_whether_a_channel_stands_is_read_consistently(script):
    DynamoChannels(script(reply()), "c").occupy(A)
    assert script.bodies[0]["ConsistentRead"] is True


BATCHES: dict[str, Callable[[JsonService], object]] = {
    "existing": lambda service: DynamoConnections(service, "c").existing(["c1"]),
    "find all": lambda service: DynamoConnections(service, "c").find_all(["c1"]),
    "find": lambda service: DynamoMembers(service, "c", lambda: 0).find([(A, "u1")]),
}


@pytest.mark.parametrize("read", BATCHES)
def test_a_batch_is_read_consistently(script, read):
    BATCHES[read](script(reply(Responses={})))
    assert script.bodies[0]["RequestItems"]["c"]["ConsistentRead"] is True


def test_no_key_is_twice_in_a_batch_as_dynamodb_refuses_that(script):
    service = script(reply(Responses={}))
    DynamoConnections(service, "c").find_all(["c1", "c1"])
    DynamoMembers(service, "c", lambda: 0).find([(A, "u1"), (A, "u1")])
    assert [len(body["RequestItems"]["c"]["Keys"]) for body in script.bodies] == [1, 1]


def test_no_write_is_twice_in_a_batch_as_dynamodb_refuses_that(script):
    service = script(reply())
    DynamoSubscriptions(service, "s").add_all([subscription(), subscription()])
    DynamoSubscriptions(service, "s").remove([(A, "c1"), (A, "c1")])
    assert [len(body["RequestItems"]["s"]) for body in script.bodies] == [1, 1]


def test_one_live_reader_is_looked_for_a_few_rows_at_a_time(script):
    key = {"channel": {"S": "1:a"}, "connectionId": {"S": "c1"}}
    service = script(reply(Items=[], LastEvaluatedKey=key), reply(Items=[{}], LastEvaluatedKey=key))
    assert DynamoSubscriptions(service, "s").occupied(A, NOW)
    assert [(body["Limit"], body.get("ExclusiveStartKey")) for body in script.bodies] == [(5, None), (5, key)]
