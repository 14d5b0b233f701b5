"""HTTP APIs without I/O: routes, the event of payload format 2.0, answers."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.local.deployed import HTTP, Api
from ops.local.events import Moment
from ops.local.http_events import Arrival, HttpAnswer, Matched, http_event, read_answer, select_route

FIXTURES = Path(__file__).parents[2] / "fixtures" / "events"
API = Api("hijklmnopq", "us-east-1", protocol=HTTP, stages={"$default": {}, "beta": {"colour": "green"}})
MOMENT = Moment("AAAAAAAAAAAAAAE=", 1731324924561)
ROUTE = Matched("POST /apps/{app}/{rest+}", {"app": "1", "rest": "channels/zwölf"})
ARRIVAL = Arrival(
    method="POST",
    path="/apps/1/channels/zw%C3%B6lf",
    query="info=a%2Cb&tag=x&tag=y&empty=",
    headers=[
        ("Host", API.domain_name),
        ("Connection", "keep-alive"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "11"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Cookie", "one=1"),
        ("Cookie", "two=2"),
        ("User-Agent", "walker/1.0"),
        ("X-Team", "one"),
        ("x-team", "two"),
        ("X-Amzn-Trace-Id", "Root=1-6731ebfc-000000000000000000000001"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ],
    body='{"ö": "x"}'.encode(),
    source_ip="192.0.2.1",
)


def event(stage: str = "$default", route: Matched = ROUTE, **changes: Any) -> Any:
    return http_event(API, stage, route, MOMENT, replace(ARRIVAL, **changes))


def test_an_event_of_format_2():
    assert event() == json.loads((FIXTURES / "http.json").read_text())


def test_what_a_request_does_not_have_is_left_out():
    bare = event(route=Matched("$default"), query="", headers=[], body=b"")
    assert set(bare) == {
        *("version", "routeKey", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded")
    }
    assert (bare["rawQueryString"], bare["headers"], bare["isBase64Encoded"]) == ("", {}, False)
    assert bare["requestContext"]["http"]["userAgent"] == ""


def test_a_stages_variables_are_in_the_event():
    assert event("beta")["stageVariables"] == {"colour": "green"}
    assert event("beta")["requestContext"]["stage"] == "beta"


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/a%20b", "/a b"), ("/a+b", "/a+b"), ("/a%2Fb", "/a/b"), ("/a%3Fb=1", "/a"), ("/%FF", "/\ufffd")],
)
def test_the_path_is_decoded_although_it_is_called_raw(path, seen):
    told = event(path=path)
    assert (told["rawPath"], told["requestContext"]["http"]["path"]) == (seen, seen)


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain", True),
        ("TEXT/html; charset=utf-8", True),
        ("application/json", True),
        ("application/xml", True),
        ("application/javascript", True),
        ("application/x-www-form-urlencoded", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_a_body_is_text_or_base64_by_its_type(content_type, text):
    told = event(headers=[("Content-Type", content_type)], body=b"a=1")
    assert told["isBase64Encoded"] is not text
    assert told["body"] == ("a=1" if text else base64.b64encode(b"a=1").decode())


KEYS = ("$default", "GET /", "GET /a", "ANY /a", "GET /{any}", "POST /a/{b}/c", "ANY /a/{rest+}", "GET /a/x/{y}")


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/", "GET /", {}),
        ("GET", "/a", "GET /a", {}),
        ("POST", "/a", "ANY /a", {}),
        ("GET", "/b", "GET /{any}", {"any": "b"}),
        ("POST", "/b", "$default", {}),
        ("POST", "/a/b/c", "POST /a/{b}/c", {"b": "b"}),
        ("GET", "/a/b/c", "ANY /a/{rest+}", {"rest": "b/c"}),
        ("GET", "/a/x/1", "GET /a/x/{y}", {"y": "1"}),
        ("GET", "/a/x/1/2", "ANY /a/{rest+}", {"rest": "x/1/2"}),
        ("GET", "/b/c", "$default", {}),
    ],
)
def test_the_most_specific_route_takes_a_request(method, path, key, variables):
    assert select_route(method, path, KEYS) == Matched(key, variables)


def test_without_a_default_route_the_rest_has_none():
    assert select_route("GET", "/b", ["GET /a", "GET /a/{b+}"]) is None
    assert select_route("GET", "/a", ["GET /a/{b+}"]) is None


@pytest.mark.parametrize("payload", [b'{"ok": true}', b'"text"', b"null", b"7", b"[1, 2]"])
def test_json_without_a_status_is_the_body_itself(payload):
    assert read_answer(payload) == HttpAnswer(200, [("content-type", "application/json")], payload)


def test_headers_cookies_and_status_are_the_functions():
    answer = read_answer(
        json.dumps(
            {
                "statusCode": "201",
                "headers": {"Content-Type": "text/html", "X-Number": 5, "X-Flag": True, "Content-Length": "99"},
                "cookies": ["a=1; Secure", "b=2"],
                "body": "<p>",
            }
        ).encode()
    )
    assert answer is not None
    assert (answer.status, answer.body) == (201, b"<p>")
    assert answer.headers == [
        *(("content-type", "text/html"), ("x-number", "5"), ("x-flag", "true")),
        *(("set-cookie", "a=1; Secure"), ("set-cookie", "b=2")),
    ]


def test_a_body_may_be_base64_and_is_plain_text_by_default():
    answer = read_answer(b'{"statusCode": 200, "body": "AP8=", "isBase64Encoded": true}')
    assert answer == HttpAnswer(200, [("content-type", "text/plain;charset=utf-8")], b"\x00\xff")


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "ok"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 5},
        {"statusCode": 200, "body": "?", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"x": "a\r\nb: c"}},
        {"statusCode": 200, "cookies": "a=1"},
    ],
)
def test_a_malformed_answer_is_none(value):
    assert read_answer(json.dumps(value).encode()) is None


def test_what_is_not_json_is_no_answer():
    assert read_answer(b"{") is None
