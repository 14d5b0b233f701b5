"""Paths, methods and query strings of the HTTP API."""

from __future__ import annotations

import json

import pytest

from realtime.protocols.http_messages import HttpError, fields_of, ok, one, params_of, refused
from realtime.protocols.http_routes import Endpoint, Route, check_method, route_of

PATHS = {
    "/apps/1/events": Route(Endpoint.EVENTS, "1"),
    "/apps/1/batch_events": Route(Endpoint.BATCH_EVENTS, "1"),
    "/apps/1/channels": Route(Endpoint.CHANNELS, "1"),
    "/apps/1/channels/news": Route(Endpoint.CHANNEL, "1", "news"),
    "/apps/1/channels/a=@,.;b": Route(Endpoint.CHANNEL, "1", "a=@,.;b"),
    "/apps/1/channels/a%3D%40%2C.%3Bb": Route(Endpoint.CHANNEL, "1", "a=@,.;b"),
    "/apps/1/channels/a%252Fb": Route(Endpoint.CHANNEL, "1", "a%2Fb"),
    "/apps/1/channels/users": Route(Endpoint.CHANNEL, "1", "users"),
    "/apps/1/channels/a+b": Route(Endpoint.CHANNEL, "1", "a+b"),
    "/apps/1/channels/presence-a/users": Route(Endpoint.USERS, "1", "presence-a"),
    "/apps/1/users/u-9/terminate_connections": Route(Endpoint.TERMINATE, "1", "u-9"),
    "/users/u-9/terminate_connections": Route(Endpoint.TERMINATE_BY_KEY, None, "u-9"),
    "/apps//events": Route(Endpoint.EVENTS, ""),
    "/apps/1/channels/": Route(Endpoint.CHANNEL, "1", ""),
}
NOWHERE = [
    *("", "/", "//", "apps/1/events", "/apps", "/apps/1", "/apps/1/", "/apps/1/event", "/apps/1/Events", "/config"),
    *("/apps/1/events/", "//apps/1/events", "/apps/1/%65vents", "/apps/1/channels/a/b", "/apps/1/channels/a/users/"),
    *("/users/u", "/users/u/terminate", "/stage/apps/1/events", "/apps/1/users/u", "/../apps/1/events/..", "\ud800"),
    "/apps/1/channels/presence-a/users/1",
]


def status_of(call, *arguments) -> int:
    with pytest.raises(HttpError) as caught:
        call(*arguments)
    return caught.value.status


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_to_its_endpoint(path):
    assert route_of(path) == PATHS[path]


@pytest.mark.parametrize("path", NOWHERE)
def test_any_other_path_leads_nowhere(path):
    assert status_of(route_of, path) == 404


@pytest.mark.parametrize("path", ["/apps/%FF/events", "/apps/1/channels/%C3%28", "/users/%ff/terminate_connections"])
def test_a_path_that_is_not_utf_8_is_malformed(path):
    assert status_of(route_of, path) == 400


@pytest.mark.parametrize("endpoint", Endpoint)
def test_an_endpoint_takes_one_method_and_names_it(endpoint):
    refusals = {}
    for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "get", ""):
        try:
            check_method(Route(endpoint), method)
        except HttpError as refusal:
            refusals[method] = (refusal.status, refusal.headers)
    (taken,) = {"GET", "POST"} - set(refusals)
    assert (len(refusals), set(map(str, refusals.values()))) == (7, {str((405, {"allow": taken}))})


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("", []),
        ("&&", []),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("A%5B%5D=x+y%20z", [("a[]", "x y z")]),
        ("a", [("a", "")]),
        ("=1", [("", "1")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1;b=2", [("a", "1;b=2")]),
        ("a=%zz%", [("a", "%zz%")]),
        ("é=é", [("é", "é")]),
    ],
)
def test_a_query_string_is_read(query, params):
    assert params_of(query) == params


@pytest.mark.parametrize("query", ["a=%FF", "%C3%28=1", "a=\ud800", "a=%ED%A0%80"])
def test_a_query_string_that_is_not_utf_8_is_malformed(query):
    assert status_of(params_of, query) == 400


def test_a_parameter_that_should_be_there_once_is_there_once():
    assert one(params_of("a=1&b=2"), "b") == "2"
    assert one(params_of("a=1"), "b") is None
    assert status_of(one, params_of("b=1&B=1"), "b") == 400


@pytest.mark.parametrize(("body", "fields"), [(b"", {}), (b"{}", {}), (b' {"a":\n1} ', {"a": 1})])
def test_a_body_is_an_object_or_nothing(body, fields):
    assert fields_of(body) == fields


@pytest.mark.parametrize(
    "body",
    [
        *(b" ", b"null", b"[]", b"1", b'"a"', b"true", b"{", b"{}x", b"{'a':1}", b"a=1", b"\xff", b'{"a":"\xff"}'),
        *(b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a":"\n"}'),
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":"\xed\xa0\x80"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_any_other_body_is_malformed(body):
    assert status_of(fields_of, body) == 400


def test_an_answer_is_json():
    assert ok({"channels": {}}) == (200, '{"channels":{}}', {})


def test_a_refusal_is_json_and_says_why():
    status, body, headers = refused(HttpError(429, "Too many.", {"retry-after": "1"}), channels=["a"])
    assert (status, json.loads(body), headers) == (
        429,
        {"error": "Too many.", "status": 429, "channels": ["a"]},
        {"retry-after": "1"},
    )
