"""Requests of the HTTP API up to the door: paths, senders, limits, and what is written down of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

import pytest

from realtime.domain.apps import Key
from realtime.domain.errors import ServiceError
from tests.fakes import NOW, World, app
from tests.http_caller import APP, KEY, SECRET, Answer, Caller, Sender, escaped, event, signed

EVENTS = "/apps/1/events"
ENDPOINTS = {
    EVENTS: "POST",
    "/apps/1/batch_events": "POST",
    "/apps/1/channels": "GET",
    "/apps/1/channels/a": "GET",
    "/apps/1/channels/presence-a/users": "GET",
    "/apps/1/users/u/terminate_connections": "POST",
    "/users/u/terminate_connections": "POST",
}


def refused(answer: Answer, status: int) -> bool:
    """Whether it was, with the body of a refusal."""
    return answer.status == answer.body["status"] == status and set(answer.body) == {"error", "status"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


@pytest.mark.parametrize("path", ["/", "", "/config", "/apps/1", "/apps/1/event", "/favicon.ico"])
def test_a_path_that_is_not_there_is_not_found(caller, path):
    assert refused(caller.send("GET", path), 404)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_another_method_is_refused_and_the_right_one_named(caller, path):
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} - {ENDPOINTS[path]}:
        answer = caller.send(method, path)
        assert refused(answer, 405)
        assert answer.headers["allow"] == ENDPOINTS[path]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_wants_a_signature(caller, path):
    assert refused(caller.handle(event(ENDPOINTS[path], path, "", b"", {})), 401)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_refuses_the_signature_of_another_secret(caller, path):
    answer = caller.send(ENDPOINTS[path], path, sender=Sender(secret="other"))
    assert refused(answer, 401)
    assert SECRET not in str(answer)


@pytest.mark.parametrize("app_id", ["2", "", "x", "01", "1 ", "9" * 21, "١"])
def test_an_unknown_app_is_not_found(caller, app_id):
    assert refused(caller.send("GET", f"/apps/{app_id}/channels"), 404)


@pytest.mark.parametrize("path", ["/apps/1/channels", "/users/u/terminate_connections"])
def test_an_unknown_key_is_refused(caller, path):
    assert refused(caller.send(ENDPOINTS[path], path, sender=Sender(key="key-2")), 401)


def test_the_key_of_another_app_is_refused(world):
    world.apps.apps["2"] = app("2", keys=[Key("key-2", "secret-2", True, "")])
    caller = Caller(world)
    other = Sender("key-2", "secret-2")
    assert caller.send("GET", "/apps/2/channels", sender=other).status == 200
    assert refused(caller.send("GET", "/apps/1/channels", sender=other), 401)


def test_every_active_key_is_good(world):
    keys = [Key("a", "secret-a", True, ""), Key("b", "secret-b", True, ""), Key("c", "secret-c", False, "")]
    world.apps.apps["1"] = app(keys=keys)
    caller = Caller(world)
    for path in ("/apps/1/channels", "/users/u/terminate_connections"):
        statuses = [
            caller.send(ENDPOINTS[path], path, sender=Sender(key, secret)).status
            for key, secret in (("a", "secret-a"), ("b", "secret-b"), ("c", "secret-c"), ("a", "secret-b"))
        ]
        assert statuses == [200, 200, 401, 401]


@pytest.mark.parametrize(("seconds", "status"), [(-601, 401), (-600, 200), (600, 200), (601, 401)])
def test_a_timestamp_is_good_for_ten_minutes(caller, seconds, status):
    sender = Sender(timestamp=NOW // 1000 + seconds)
    assert caller.send("GET", "/apps/1/channels", sender=sender).status == status


def test_a_get_of_the_python_library_is_good(caller):
    """It signs the digest of the body that it does not have."""
    empty = hashlib.md5(b"").hexdigest()
    assert caller.get("/apps/1/channels", body_md5=empty).status == 200


def test_a_disabled_app_is_forbidden_to_those_alone_who_know_its_secret(world):
    world.apps.apps["1"] = app(enabled=False)
    caller = Caller(world)
    assert refused(caller.get("/apps/1/channels"), 403)
    assert refused(caller.send("GET", "/apps/1/channels", sender=Sender(secret="x")), 401)


ORIGIN = hashlib.sha256(b"edge").hexdigest()


@pytest.mark.parametrize("digest", [ORIGIN, ORIGIN.upper()])
@pytest.mark.parametrize("name", ["X-Origin-Secret", "x-origin-secret"])
def test_what_comes_through_the_edge_is_answered(world, name, digest):
    assert Caller(world, digest).send("GET", "/apps/1/channels", headers={name: "edge"}).status == 200


@pytest.mark.parametrize("value", [None, "", "other", ORIGIN, "edge,edge", "é\ud800"])
def test_what_goes_round_the_edge_is_forbidden(world, value):
    headers = {} if value is None else {"x-origin-secret": value}
    answer = Caller(world, ORIGIN).send("GET", "/apps/1/channels", headers=headers)
    assert refused(answer, 403)
    assert ORIGIN not in str(answer)


def test_who_goes_round_the_edge_learns_nothing(world):
    caller = Caller(world, ORIGIN)
    answers = [caller.send("GET", path) for path in ("/nowhere", "/apps/9/channels", EVENTS)]
    assert all(refused(answer, 403) for answer in answers)


def test_an_app_may_send_so_many_requests_a_second(world):
    world.apps.set(requests_per_second=2)
    caller = Caller(world)
    answers = [caller.get("/apps/1/channels") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    world.clock.advance(1000)
    assert caller.get("/apps/1/channels").status == 200


def test_what_is_not_the_apps_own_does_not_count_against_its_limit(world):
    world.apps.set(requests_per_second=1)
    caller = Caller(world)
    for _ in range(3):
        assert caller.send("GET", "/apps/1/channels", sender=Sender(secret="x")).status == 401
    assert caller.get("/apps/1/channels").status == 200


def test_without_a_limit_nothing_is_counted(world, caller):
    caller.get("/apps/1/channels")
    assert world.writes == []


@pytest.mark.parametrize(
    "changes",
    [
        {"rawQueryString": "%FF=1"},
        {"rawQueryString": "a=\ud800"},
        {"rawPath": "/apps/%FF/channels"},
        {"body": "\ud800"},
        {"body": "****", "isBase64Encoded": True},
        {"body": "é", "isBase64Encoded": True},
        {"body": "abc", "isBase64Encoded": True},
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_malformed(caller, changes):
    assert refused(caller.handle({**event("POST", EVENTS, "", b"", {}), **changes}), 400)


@pytest.mark.parametrize("missing", ["rawQueryString", "headers", "isBase64Encoded"])
def test_what_api_gateway_leaves_out_is_empty(caller, missing):
    bare = event("GET", "/apps/1/channels", "", b"", {})
    bare.pop(missing)
    assert refused(caller.handle(bare), 401)


def test_a_body_may_come_in_base64(caller):
    body = '{"name":"e","data":"é","channel":"a"}'.encode()
    whole = event("POST", EVENTS, signed("POST", EVENTS, [], body, APP), body, {})
    encoded = {**whole, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert [caller.handle(sent).status for sent in (whole, encoded)] == [200, 200]


def test_a_failure_of_a_service_is_ours_and_is_told(world, caller):
    world.journal.failures["channels.occupied"] = ServiceError("Query", "timeout")
    assert refused(caller.get("/apps/1/channels"), 500)
    (line,) = [fields for level, _, fields in world.telemetry.lines if level == "ERROR"]
    assert (line["operation"], line["reason"]) == ("Query", "timeout")
    assert world.telemetry.errors["http_500"] == 1


def lines(world: World) -> list[Mapping[str, object]]:
    return [fields for _, message, fields in world.telemetry.lines if message == "request"]


def test_a_request_is_written_down(world, caller):
    headers = {"X-Pusher-Library": "pusher-http-python 3.3.4"}
    caller.send("GET", "/apps/1/channels/secret-name", headers=headers)
    assert lines(world) == [
        {
            "method": "GET",
            "path": "/apps/{app_id}/channels/{name}",
            "status": 200,
            "app": "1",
            "library": "pusher-http-python 3.3.4",
        }
    ]
    assert (world.telemetry.counts["Requests"], dict(world.telemetry.errors)) == (1, {})


def test_a_refusal_is_written_down_and_counted(world, caller):
    caller.send("BREW", "/nowhere/secret-name")
    assert lines(world) == [{"method": "BREW", "path": None, "status": 404, "app": None, "library": None}]
    assert dict(world.telemetry.errors) == {"http_404": 1}


@pytest.mark.parametrize("library", ["x" * 65, "a\nb", "<script>", "", "é", "a\x1b[2J", '{"a":1}'])
def test_a_library_of_an_odd_name_is_not_written_down(world, caller, library):
    caller.send("GET", "/apps/1/channels", headers={"x-pusher-library": library})
    assert lines(world)[0]["library"] is None


def test_a_method_of_an_odd_name_is_not_written_down(world, caller):
    caller.send("x\n", "/apps/1/channels")
    assert lines(world)[0]["method"] is None


def test_no_line_and_no_answer_holds_what_was_sent(world, caller):
    secrets = ("tell-nobody", SECRET, KEY)
    sent = json.dumps({"name": "tell-nobody", "data": "tell-nobody", "channels": ["tell-nobody!"]}).encode()
    answers = [
        caller.send("POST", EVENTS, [("tell-nobody", "tell-nobody")], sent),
        caller.send("POST", EVENTS, body=b"tell-nobody", sender=Sender(secret="x")),
        caller.send("GET", "/apps/tell-nobody/channels/tell-nobody"),
        caller.handle(event("GET", "/apps/1/channels", escaped([("auth_key", "tell-nobody")]), b"", {})),
    ]
    assert [answer.status for answer in answers] == [400, 401, 404, 401]
    assert not any(secret in f"{answers}{world.telemetry.lines}" for secret in secrets)
