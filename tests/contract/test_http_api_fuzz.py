"""The HTTP API under whatever may come: no exception, no 5xx, always JSON, and nothing that docs/openapi.yaml omits."""

from __future__ import annotations

import json
import re
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from realtime.domain.sockets import socket_id
from realtime.protocols.http_routes import Endpoint
from tests.contract.http_wsgi import DESCRIPTION, Application
from tests.fakes import World, connection
from tests.http_caller import Caller, event

STATUSES = {200, 400, 401, 403, 404, 405, 413, 429}
PATHS = [
    *("/apps/1/events", "/apps/1/batch_events", "/apps/1/channels", "/apps/1/channels/presence-a"),
    *("/apps/1/channels/presence-a/users", "/apps/1/users/u/terminate_connections", "/users/u/terminate_connections"),
    *("/apps/1/channels/news", "/apps/1/channels/cache-x"),
]

fuzz = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def world() -> World:
    """Two Pusher clients and a plain one, in channels of every kind."""
    channels = ("presence-a", "news", "cache-x", "private-encrypted-a")
    made = World(
        *(
            connection(
                name,
                user=None,
                team=None,
                channels=channels,
                protocol="pusher",
                members={"presence-a": user},
            )
            for name, user in (("c1", "u"), ("c2", "v"))
        ),
        connection("c3", channels=["news"]),
    )
    made.apps.set(subscription_count=True)
    return made


anything = st.text(st.characters(codec=None) | st.sampled_from("\ud800\udfff\x00%&=+#/\\\"'\n"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["news", "presence-a", "cache-x", "private-encrypted-a", "#server-to-user-u", "a b", "", "x" * 165]
)
infos = st.sampled_from(["", "user_count", "subscription_count", "cache", "user_count,cache", "colour", ","])
sockets = st.sampled_from([socket_id("c1"), "1.2", "", "x"])
odd = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["pusher:e", "", "x" * 201]) | values,
        "data": anything | st.just("x" * 1001) | values,
        "channels": st.lists(names | anything, max_size=4) | st.just(["news"] * 101) | values,
        "channel": names | values,
        "socket_id": sockets | values,
        "info": infos | values,
        "batch": values,
    },
)
good = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["e", "client-e"]),
        "data": st.sampled_from(["", "x" * 1000, '{"a":1}']) | st.text(max_size=20),
        "channels": st.lists(st.sampled_from(["news", "presence-a", "cache-x", "nobody"]), min_size=1, max_size=5),
        "channel": st.sampled_from(["news", "private-encrypted-a"]),
    },
    optional={"socket_id": st.sampled_from([socket_id("c1"), "1.2"]), "info": infos},
)
spoilt = st.tuples(good, odd).map(lambda pair: {**pair[0], **dict(list(pair[1].items())[:1])})
fields = good | spoilt | odd
bodies = (
    fields.map(json.dumps).map(str.encode)
    | st.lists(fields, max_size=11).map(lambda batch: json.dumps({"batch": batch}).encode())
    | values.map(json.dumps).map(str.encode)
    | st.binary(max_size=50)
)
queries = st.lists(
    st.tuples(
        st.sampled_from(["info", "filter_by_prefix", "name", "data", "channels[]", "channel", "socket_id", "auth_key"])
        | st.text(max_size=5),
        names | infos | sockets | st.text(max_size=10),
    ),
    max_size=5,
)
paths = st.sampled_from(PATHS) | st.lists(st.sampled_from(["apps", "1", "users", "channels", "..", ""]) | anything).map(
    lambda parts: "/" + "/".join(parts)
)
methods = st.sampled_from(["GET", "POST", "PUT", "HEAD"]) | anything


@fuzz
@given(
    method=methods,
    path=paths,
    query=anything,
    body=anything,
    encoded=st.booleans(),
    headers=st.dictionaries(anything, anything, max_size=3),
)
def test_any_event_has_its_answer(method, path, query, body, encoded, headers):
    sent = {**event(method, path, query, b"", headers), "body": body, "isBase64Encoded": encoded}
    assert Caller(world()).handle(sent).status in STATUSES


@fuzz
@given(path=st.sampled_from(PATHS), pairs=queries, body=bodies)
def test_any_signed_request_has_its_answer(path, pairs, body):
    caller = Caller(world())
    answers = [caller.send(method, path, pairs, body) for method in ("GET", "POST")]
    assert {answer.status for answer in answers} <= STATUSES
    for answer in answers:
        assert answer.status == 200 or set(answer.body) == {"error", "status"}
        assert answer.status == answer.body.get("status", 200)


@fuzz
@given(fields=fields)
def test_an_event_is_heard_once_by_each_reader_or_by_nobody(fields):
    made = world()
    answer = Caller(made).post("/apps/1/events", fields)
    wanted = {
        (reader, channel)
        for channel in (set(fields.get("channels") or [fields["channel"]]) if answer.status == 200 else ())
        for reader, row in made.connections.rows.items()
        if channel in row.channels and fields.get("socket_id") != socket_id(reader)
    }
    heard = [(reader, json.loads(frame)) for reader, frame in made.outbox.posts]
    assert sorted(wanted) == sorted((reader, frame["channel"]) for reader, frame in heard)
    assert all(frame["event"] == fields["name"] for _, frame in heard)


CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
described = schemathesis.openapi.from_wsgi(DESCRIPTION, Application(world, signing=True))
undersigned = schemathesis.openapi.from_wsgi(DESCRIPTION, Application(world, signing=False))


def test_every_endpoint_is_described_and_nothing_else():
    labels = {found.ok().label for found in described.get_all_operations() if isinstance(found, Ok)}
    paths = {re.sub(r"\{(channel|user_id)\}", "{name}", label.split(" ")[1]) for label in labels}
    assert (len(labels), paths) == (len(Endpoint), {endpoint.value for endpoint in Endpoint})


@described.parametrize()
@settings(fuzz, max_examples=15)
def test_what_is_described_is_what_happens(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@undersigned.parametrize()
@settings(fuzz, max_examples=5)
def test_what_is_not_signed_is_refused_as_described(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)
