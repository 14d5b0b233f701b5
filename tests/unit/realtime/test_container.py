from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from realtime.aws.container import Lease, lease
from realtime.aws.json_service import JsonService
from realtime.aws.service import Account
from realtime.aws.sigv4 import Credentials
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Invocation, Started, lambda_handler, start
from realtime.domain.errors import ServiceError
from realtime.ports import Invoker, Limits, Outbox
from realtime.settings import AwsSettings, Container, Environ
from realtime.wiring import Names, TableNames, dynamodb, ports
from tests.unit.realtime.peer import PATIENCE, Peer, Wire

GIVEN = {"AccessKeyId": "ASIA", "SecretAccessKey": "hush", "Token": "t", "Expiration": "2026-11-23T10:00:00Z"}
ENDS_AT = 1_795_428_000.0


def giving(*answers: Mapping[str, Any]) -> Callable[[Wire], None]:
    """A container that gives these in turn."""
    left = list(answers)

    def script(wire: Wire) -> None:
        while wire.request() is not None:
            wire.answer(json.dumps(left.pop(0)))

    return script


def refusing(wire: Wire) -> None:
    if wire.request() is not None:
        wire.send(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nhush")


def environ(peer: Peer) -> dict[str, str]:
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "ENVIRONMENT": "test",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{peer.port}/credentials?a=b",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
    }


class Context:
    """What the runtime hands to a handler."""

    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        return 1000


class Held(NamedTuple):
    """One adapter of each kind that keeps connections."""

    account: Account
    database: JsonService
    invoker: Invoker
    outbox: Outbox

    def ask(self) -> None:
        """One request by each, over a connection that it keeps."""
        self.database.call("GetItem", {})
        self.invoker.welcome("c1")
        self.outbox.gone(["c1"])


def build_held(_reader: Environ, account: Account, telemetry: Telemetry) -> Held | None:
    if account.region == "-":  # the rehearsal
        return None
    table_names = TableNames("c", "s", "m", "h", "t")
    names = Names(table_names, "https://a.example/production", "apps", "https://q.example/1/tasks", "deliver")
    wired = ports(account, names, telemetry, Limits())
    return Held(account, dynamodb(account), wired.sharing().invoker, wired.outbox)


def accepting(wire: Wire) -> None:
    """AWS, whatever is asked: 202 where something is invoked."""
    while (target := wire.request()) is not None:
        status = "202 Accepted" if "/functions/" in target else "200 OK"
        wire.send(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}".encode())


def started(peer: Peer) -> Started[None]:
    return start(lambda *_: None, environ(peer))


def test_a_lease_is_what_the_container_gives():
    with Peer(giving(GIVEN)) as peer:
        found = lease(f"http://127.0.0.1:{peer.port}/credentials?a=b", "token")
    assert (found, peer.targets) == (Lease(Credentials("ASIA", "hush", "t"), ENDS_AT), ["/credentials?a=b"])


def test_a_refusal_is_an_error_that_repeats_nothing():
    with Peer(refusing) as peer, pytest.raises(ServiceError) as failure:
        lease(f"http://127.0.0.1:{peer.port}/", "token")
    assert str(failure.value) == str(ServiceError("GetCredentials", "HTTP 403"))


@pytest.mark.parametrize("given", [{}, {**GIVEN, "Expiration": "soon"}])
def test_an_answer_of_another_form_is_an_error(given):
    with Peer(giving(given)) as peer, pytest.raises(ServiceError, match="another form"):
        lease(f"http://127.0.0.1:{peer.port}/", None)


def test_a_function_restored_from_a_snapshot_signs_with_what_the_container_gives():
    with Peer(giving(GIVEN)) as peer:
        found = started(peer)
    assert (found.account.credentials, found.ends_at) == (Credentials("ASIA", "hush", "t"), ENDS_AT)


def test_where_a_container_gives_credentials_the_environment_needs_none():
    read = Environ({"AWS_REGION": "r", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"})
    settings = AwsSettings.read(read, ())
    read.check()
    assert settings.container == Container("http://127.0.0.1/x", None)


def test_the_repr_of_a_container_shows_no_token():
    assert "hush" not in repr(Container("http://127.0.0.1/x", "hush"))


@pytest.mark.parametrize(("expiration", "asked"), [("2000-01-01T00:00:00Z", 2), ("2999-01-01T00:00:00Z", 1)])
def test_a_function_starts_anew_before_its_credentials_end(expiration, asked):
    given = {**GIVEN, "Expiration": expiration}
    with Peer(giving(given, given)) as peer:
        handler = lambda_handler(lambda *_: None, lambda *_: {}, environ(peer))
        for _ in range(2):
            handler({}, Context())
    assert len(peer.targets) == asked


def refused_lines(peer: Peer, capsys: pytest.CaptureFixture[str], **variables: str) -> list[Any]:
    """What a function writes that gets no credentials."""
    handler = lambda_handler(lambda *_: None, lambda *_: {}, {**environ(peer), **variables})
    with pytest.raises(ServiceError):
        handler({}, Context())
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_that_there_are_no_credentials_is_logged(capsys):
    with Peer(refusing) as peer:
        line = refused_lines(peer, capsys)[0]
    assert line == {"level": "ERROR", "message": "service failed", "operation": "GetCredentials", "reason": "HTTP 403"}


def test_that_there_are_no_credentials_is_counted_where_all_errors_are(capsys):
    with Peer(refusing) as peer:
        metric = refused_lines(peer, capsys, METRICS_NAMESPACE="Ours")[1]
    assert (metric["Environment"], metric["Code"], metric["Errors"]) == ("test", "internal_error", 1)
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Ours"


def test_a_function_that_starts_anew_closes_the_connections_that_it_kept():
    held: list[Held] = []

    def handle(_: Invocation, app: Held | None) -> Mapping[str, Any]:
        assert app is not None
        held.append(app)
        app.ask()
        return {}

    given = [{**GIVEN, "Expiration": "2000-01-01T00:00:00Z"}, {**GIVEN, "Expiration": "2999-01-01T00:00:00Z"}]
    with Peer(giving(*given)) as container, Peer(accepting) as aws:
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}"}
        handler = lambda_handler(build_held, handle, {**environ(container), **endpoint})
        handler({}, Context())
        first = list(aws.wires)
        handler({}, Context())
        assert [wire.closed.wait(PATIENCE) for wire in first] == [True] * 3
        assert [wire.closed.is_set() for wire in aws.wires[3:]] == [False] * 3
        held[-1].account.hang_up()
