"""What `ops connections list` asks of the tables: pages in order, and no more than it needs."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest

from ops.connections import Filter, Inspector, Names
from tests.cli.backend import NOW, Backend

NAMES = Names("c", "s", "m", "1")
PAGE_FILLER = "x" * 300_000  # DynamoDB's page is 1 MB: three such rows and a bit


def names(backend: Backend, app_id: str = "1") -> Names:
    return Names(backend.connections, backend.subscriptions, backend.tables.members, app_id)


class Watched:
    """Counts the operations that a test's client carries out."""

    def __init__(self, backend: Backend) -> None:
        self.calls: Counter[str] = Counter()
        self._events = backend.dynamodb.meta.events
        self._events.register("before-call.dynamodb", self._count)
        self.inspector = Inspector(backend.dynamodb, names(backend), NOW)

    def find(self, **wanted: Any) -> list[str]:
        return [row["connectionId"] for row in self.inspector.find(Filter(**wanted))]

    def close(self) -> None:
        self._events.unregister("before-call.dynamodb", self._count)

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1


@pytest.fixture
def watched(backend):
    watched = Watched(backend)
    yield watched
    watched.close()


def test_a_teams_connections_stay_in_order_across_pages(backend, watched):
    names = [f"id-{99 - number}" for number in range(8)]
    for number, name in enumerate(names):
        backend.connect(name, at=NOW - 100 + number, userAgent=PAGE_FILLER)
    watched.calls.clear()
    assert watched.find(team="123") == names
    assert watched.calls["Query"] > 1


def test_everybodys_connections_are_in_order_across_pages(backend, watched):
    names = [f"id-{99 - number}" for number in range(8)]
    for number, name in enumerate(names):
        backend.connect(name, at=NOW - 100 + number, userAgent=PAGE_FILLER)
    watched.calls.clear()
    assert watched.find() == names
    assert watched.calls["Scan"] > 1


def test_more_connections_than_one_batch_reads_are_all_there(backend, watched):
    requests = [f"id-{number:03}" for number in range(120)]
    for number, name in enumerate(requests):
        backend.connect(name, at=NOW - 1000 + number, channels=["news"])
    assert watched.find(channel="news") == requests


@pytest.mark.parametrize(
    "wanted",
    [
        {"team": "123"},
        {"team": "123", "user": "ana"},
        {"team": "123", "limit": 1},
        {"channel": "news"},
        {"channel": "news", "user": "ana"},
        {"team": "123", "channel": "news"},
    ],
    ids=lambda wanted: "+".join(wanted),
)
def test_a_team_or_a_channel_is_never_scanned_for(backend, watched, wanted):
    backend.connect("x", channels=["news"])
    watched.calls.clear()
    assert watched.find(**wanted) == ["x"]
    assert watched.calls["Scan"] == 0


def test_a_team_costs_one_query_a_page(backend, watched):
    backend.connect("x")
    watched.calls.clear()
    watched.find(team="123")
    assert watched.calls == {"Query": 1}


class Pages:
    """A client with two pages of a team, which notes when each is asked for."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def query(self, **request: Any) -> dict[str, Any]:
        page = 2 if "ExclusiveStartKey" in request else 1
        self.notes.append(f"page {page}")
        rows = [_row(f"{page}{name}") for name in "ab"]
        return {"Items": rows} | ({} if page == 2 else {"LastEvaluatedKey": {"connectionId": {"S": "1b"}}})


def _row(name: str) -> dict[str, Any]:
    texts = {"connectionId": name, "teamId": "123", "protocol": "plain", "appId": "1"}
    numbers = {"connectedAt": 1, "lastSeenAt": 1, "expiresAt": NOW + 60}
    return {key: {"S": text} for key, text in texts.items()} | {key: {"N": str(n)} for key, n in numbers.items()}


def test_the_next_page_is_asked_for_when_the_rows_of_the_last_are_used_up():
    client = Pages()
    for row in Inspector(cast(Any, client), NAMES, NOW).find(Filter(team="123")):
        client.notes.append(row["connectionId"])
    assert client.notes == ["page 1", "1a", "1b", "page 2", "2a", "2b"]


def test_no_page_is_asked_for_beyond_the_limit():
    client = Pages()
    list(Inspector(cast(Any, client), NAMES, NOW).find(Filter(team="123", limit=2)))
    assert client.notes == ["page 1"]


class Reluctant:
    """A client whose batches leave the last key unprocessed, until there is one key only."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def query(self, **request: Any) -> dict[str, Any]:
        return {"Items": [{"connectionId": {"S": name}} for name in "abc"]}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        keys = RequestItems["c"]["Keys"]
        self.batches.append([key["connectionId"]["S"] for key in keys])
        done, left = (keys[:-1], keys[-1:]) if len(keys) > 1 else (keys, [])
        rows = [_row(key["connectionId"]["S"]) | {"channels": {"SS": ["news"]}} for key in done]
        return {"Responses": {"c": rows}, "UnprocessedKeys": {"c": {"Keys": left}} if left else {}}


def test_keys_that_were_not_processed_are_asked_for_again():
    client = Reluctant()
    found = Inspector(cast(Any, client), NAMES, NOW).find(Filter(channel="news"))
    assert [row["connectionId"] for row in found] == ["a", "b", "c"]
    assert client.batches[:2] == [["a", "b", "c"], ["c"]]


def test_those_in_a_presence_channel_are_found_with_its_users(backend, watched):
    for number in range(3):
        backend.connect(f"c{number}", at=NOW - 100 + number, channels=["presence-a", "news"])
    watched.calls.clear()
    assert watched.find(channel="presence-a") == ["c0", "c1", "c2"]
    assert (watched.calls["Query"], watched.calls["Scan"]) == (1, 0)


def test_a_channel_of_another_app_is_another(backend):
    backend.connect("c1", channels=["news"])
    backend.connect("c2", channels=["news"], appId="2")
    found = Inspector(backend.dynamodb, names(backend, "2"), NOW).find(Filter(channel="news"))
    assert [row["connectionId"] for row in found] == ["c2"]
