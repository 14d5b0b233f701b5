"""When the apps are read, and what serves when they cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from realtime.aws.apps import AppStore
from realtime.aws.json_service import JsonService
from realtime.domain.errors import ServiceError


class Secrets:
    """Secrets Manager with one secret; the time is what the test says."""

    def __init__(self, *keys: str) -> None:
        self.reads = 0
        self.now = 0.0
        self.text = ""
        self.failing = False
        self.store(*keys)

    def store(self, *keys: str, state: str = "active", app_id: str = "1") -> None:
        held = [{"key": key, "secret": f"secret of {key}", "state": state} for key in keys]
        self.text = json.dumps({"apps": [{"id": app_id, "name": "default", "keys": held}]})

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, body) == ("GetSecretValue", {"SecretId": "dev/apps", "VersionStage": "AWSCURRENT"})
        self.reads += 1
        if self.failing:
            raise ServiceError(operation, "no answer")
        return {"SecretString": self.text}


@pytest.fixture
def secrets() -> Secrets:
    return Secrets("k1")


@pytest.fixture
def store(secrets: Secrets) -> AppStore:
    return AppStore(cast(JsonService, secrets), "dev/apps", lambda: secrets.now)


def secret_of(store: AppStore, key: str) -> str | None:
    app = store.by_key(key)
    return app.secret_of(key) if app else None


def test_an_app_is_found_by_its_key_and_by_its_id(store):
    by_key, by_id = store.by_key("k1"), store.by_id("1")
    assert by_key is not None
    assert by_key.secret_of("k1") == "secret of k1"
    assert by_id == by_key


@pytest.mark.parametrize("name", ["k2", ""])
def test_what_there_is_not_is_not_found(store, name):
    assert (store.by_key(name), store.by_id(name)) == (None, None)


def test_a_disabled_key_leads_to_its_app_but_to_no_secret(store, secrets):
    secrets.store("k1", state="disabled")
    assert store.by_key("k1") == store.by_id("1")
    assert secret_of(store, "k1") is None


def test_nothing_is_read_before_it_is_asked_for(secrets, store):
    assert secrets.reads == 0


def test_the_secret_is_read_once_a_minute(secrets, store):
    for secrets.now in (0.0, 1.0, 59.9, 60.0, 119.9):
        store.by_key("k1")
        store.by_id("1")
    assert secrets.reads == 2


def test_a_key_that_is_disabled_is_refused_within_a_minute(secrets, store):
    store.by_key("k1")
    secrets.store("k1", state="disabled")
    secrets.now = 60.0
    assert secret_of(store, "k1") is None


def test_a_new_key_counts_at_once(secrets, store):
    store.by_key("k1")
    secrets.store("k1", "k2")
    secrets.now = 5.0
    assert secret_of(store, "k2") == "secret of k2"


def test_a_new_app_counts_at_once(secrets, store):
    store.by_key("k1")
    secrets.store("k1", app_id="2")
    secrets.now = 5.0
    assert store.by_id("2") is not None


def test_unknown_keys_and_apps_are_looked_up_at_most_every_five_seconds(secrets, store):
    for n in range(100):
        secrets.now = n / 10
        assert (store.by_key(f"unknown-{n}"), store.by_id(f"{n + 2}")) == (None, None)
    assert secrets.reads == 2


def test_without_anything_read_a_failure_is_an_error_each_time(secrets, store):
    secrets.failing = True
    for _ in range(2):
        with pytest.raises(ServiceError):
            store.by_key("k1")
    secrets.failing = False
    assert secret_of(store, "k1") == "secret of k1"


@pytest.mark.parametrize("age", [60.0, 299.9])
def test_what_was_read_serves_for_five_minutes_while_secrets_manager_fails(secrets, store, age):
    store.by_key("k1")
    secrets.failing = True
    secrets.now = age
    assert secret_of(store, "k1") == "secret of k1"
    assert store.by_key("k2") is None


def test_after_five_minutes_a_failure_is_an_error(secrets, store):
    store.by_key("k1")
    secrets.failing = True
    secrets.now = 300.0
    with pytest.raises(ServiceError):
        store.by_key("k1")


def test_while_it_fails_it_is_asked_every_five_seconds_and_then_believed_at_once(secrets, store):
    store.by_key("k1")
    secrets.failing = True
    for n in range(100):
        secrets.now = 60.0 + n / 10
        store.by_key("k1")
    assert secrets.reads == 1 + 2
    secrets.failing = False
    secrets.store("k1", "k2")
    secrets.now = 70.0
    assert secret_of(store, "k2") == "secret of k2"


@pytest.mark.parametrize(
    "text",
    [
        "hush",
        '"hush"',
        "[]",
        "{}",
        "[" * 100_000,
        '{"apps":"hush"}',
        '{"apps":[{"id":"1"}]}',
        '{"apps":[{"id":"1","keys":[{"key":"k1","secret":"hush"}]}]}',
        '{"apps":[{"id":"1","keys":[{"key":"k1","secret":123456,"state":"active"}]}]}',
        '{"apps":[{"id":"1","keys":["hush"]}]}',
        '{"apps":{"hush":1}}',
    ],
    ids=range(11),
)
def test_a_secret_of_another_form_is_an_error_that_does_not_quote_it(secrets, store, text):
    secrets.text = text
    with pytest.raises(ServiceError) as failure:
        store.by_key("k1")
    assert (str(failure.value), failure.value.__cause__, failure.value.__suppress_context__) == (
        "GetSecretValue: the secret is not in the documented form",
        None,
        True,
    )


def test_a_secret_that_is_spoilt_later_is_a_failure_like_any_other(secrets, store):
    store.by_key("k1")
    secrets.text = "{}"
    secrets.now = 60.0
    assert secret_of(store, "k1") == "secret of k1"
