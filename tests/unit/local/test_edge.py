"""The edge: behaviours, the events and results of its function, and the function that is deployed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ops.local.deployed import HTTP, WEBSOCKET
from ops.local.edge import FUNCTION, Behaviour, Edge, Forward, FunctionFailed, Reply, Visit

SIGNED = [("Authorization", "AWS4-HMAC-SHA256 Credential=x")]
ALL = (Behaviour("/*", WEBSOCKET, rewritten=True),)


def visit(target: str, *headers: tuple[str, str], method: str = "GET") -> Visit:
    return Visit(method, target, headers, "192.0.2.1")


def edge(folder: Path, body: str) -> Edge:
    """An edge whose function has that body."""
    source = folder / "function.js"
    source.write_text(f"function handler(event) {{ {body} }}")
    return Edge(ALL, source)


def seen(folder: Path, *arguments: Any, **options: Any) -> Any:
    """The event that a function gets."""
    echo = edge(folder, "return {statusCode: 200, body: JSON.stringify(event)}")
    reply = echo.decide(visit(*arguments, **options))
    assert isinstance(reply, Reply)
    return json.loads(reply.body)


@pytest.mark.parametrize(
    ("target", "decision"),
    [
        (
            "/apps/1/events?auth_key=k&auth_signature=a%2Cb",
            Forward(HTTP, "/apps/1/events?auth_key=k&auth_signature=a%2Cb"),
        ),
        ("/users/u/terminate_connections", Forward(HTTP, "/users/u/terminate_connections")),
        ("/config", Forward(HTTP, "/config")),
        ("/config?x=1", Forward(HTTP, "/config?x=1")),
        ("/app/KEY", Forward(WEBSOCKET, "/?key=KEY")),
        ("/app/KEY/", Forward(WEBSOCKET, "/?key=KEY")),
        ("/app/KEY?protocol=7&client=js", Forward(WEBSOCKET, "/?key=KEY&protocol=7&client=js")),
        ("/app/KEY?x=1&x=2&key=other", Forward(WEBSOCKET, "/?key=KEY&x=1&x=2")),
        ("/app/a%2Bb?x=%20", Forward(WEBSOCKET, "/?key=a%2Bb&x=%20")),
        ("/production?token=t", None),
        ("/", None),
        ("/configuration", None),
        ("/app", None),
        ("/Apps/1", None),
        ("/bucket/apps/1", None),
    ],
)
def test_where_what_is_deployed_sends_a_request(target, decision):
    assert Edge().decide(visit(target)) == decision


@pytest.mark.parametrize("target", ["/app/", "/app/KEY/more", "/app/%FF"])
def test_what_names_no_key_is_answered_by_the_deployed_function(target):
    reply = Edge().decide(visit(target))
    assert isinstance(reply, Reply)
    assert reply.status == 404
    assert dict(reply.headers)["content-type"] == "application/json"
    assert json.loads(reply.body)


@pytest.mark.parametrize("path", ["/app/KEY", "/apps/1/events", "/config"])
def test_what_is_signed_for_aws_is_not_the_edges(path):
    assert Edge().decide(visit(path, *SIGNED)) is None
    assert Edge().decide(visit(f"{path}?X-Amz-Signature=abc")) is None
    assert Edge().decide(visit(f"{path}?x=1", ("Authorization", "Bearer x"))) is not None


def test_brackets_in_a_pattern_are_themselves(tmp_path):
    only = Edge((Behaviour("/[a]?/*", HTTP),), tmp_path / "none.js")
    assert only.decide(visit("/[a]b/c")) == Forward(HTTP, "/[a]b/c")
    assert only.decide(visit("/ab/c")) is None


def test_the_function_sees_cloudfronts_event(tmp_path):
    event = seen(
        tmp_path,
        "/a%20b?one=1&two=x%2Cy&two=z&none&empty=",
        *(("Host", "edge.example"), ("X-A", "1"), ("x-a", "2"), ("Cookie", "c=1; d=2")),
        method="POST",
    )
    assert event == {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "192.0.2.1"},
        "request": {
            "method": "POST",
            "uri": "/a%20b",
            "querystring": {
                "one": {"value": "1"},
                "two": {"value": "x%2Cy", "multiValue": [{"value": "x%2Cy"}, {"value": "z"}]},
                "none": {"value": ""},
                "empty": {"value": ""},
            },
            "headers": {
                "host": {"value": "edge.example"},
                "x-a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]},
            },
            "cookies": {"c": {"value": "1"}, "d": {"value": "2"}},
        },
    }


def test_a_request_without_a_query_has_an_empty_object(tmp_path):
    assert seen(tmp_path, "/")["request"]["querystring"] == {}


def test_a_request_that_is_returned_as_it_came_is_the_same(tmp_path):
    untouched = edge(tmp_path, "return event.request")
    assert untouched.decide(visit("/a?b=%2B&c=1&c=2")) == Forward(WEBSOCKET, "/a?b=%2B&c=1&c=2")


def test_the_language_is_that_of_runtime_2(tmp_path):
    modern = edge(
        tmp_path,
        "const {request} = event; let [, key] = request.uri.split('/'); "
        "request.uri = `/${key?.toUpperCase() ?? ''}`; request.querystring = {...{}, k: {value: 'v'}}; return request",
    )
    assert modern.decide(visit("/abc/d")) == Forward(WEBSOCKET, "/ABC?k=v")


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ("{statusCode: 403}", b""),
        ("{statusCode: 403, body: 'no'}", b"no"),
        ("{statusCode: 403, body: {encoding: 'text', data: 'no'}}", b"no"),
        ("{statusCode: 403, body: {encoding: 'base64', data: 'AP8='}}", b"\x00\xff"),
    ],
)
def test_a_function_may_answer_itself(tmp_path, response, body):
    assert edge(tmp_path, f"return {response}").decide(visit("/x")) == Reply(403, [], body)


@pytest.mark.parametrize(
    "body",
    [
        "throw new Error('boom')",
        "return",
        "return 'text'",
        "return {}",
        "return {uri: 'no-slash'}",
        "return {uri: '/', querystring: {a: 5}}",
        "return {statusCode: 'no'}",
        "return {statusCode: 200, headers: {a: 'b'}}",
        "return {statusCode: 200, body: {encoding: 'base64', data: '?'}}",
        "not javascript",
    ],
)
def test_a_function_that_fails_says_so_each_time(tmp_path, body):
    failing = edge(tmp_path, body)
    for _ in range(2):
        with pytest.raises(FunctionFailed):
            failing.decide(visit("/x"))


def test_a_function_that_is_not_there_fails_alone_what_needs_it(tmp_path):
    half = Edge(function=tmp_path / "none.js")
    assert half.decide(visit("/apps/1")) == Forward(HTTP, "/apps/1")
    with pytest.raises(FunctionFailed, match=r"none\.js"):
        half.decide(visit("/app/KEY"))


def test_a_function_that_was_changed_is_read_anew(tmp_path):
    changing = edge(tmp_path, "return {statusCode: 201}")
    assert changing.decide(visit("/x")) == Reply(201, [], b"")
    edge(tmp_path, "return {statusCode: 202}")
    os.utime(tmp_path / "function.js", (0, 0))  # a file system's clock may be coarse
    assert changing.decide(visit("/x")) == Reply(202, [], b"")


def test_the_deployed_function_is_the_one_of_the_edges_module():
    assert FUNCTION.is_file()
    assert f'file("${{path.module}}/{FUNCTION.name}")' in (FUNCTION.parent / "main.tf").read_text()
