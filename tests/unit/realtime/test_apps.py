"""The apps as the secret holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.apps import (
    WEBHOOK_KINDS,
    App,
    Key,
    Settings,
    Webhook,
    allows_origin,
    parse_apps,
    parse_settings,
)

SECRET = "do-not-tell"
KEY = {"key": "k1", "secret": SECRET, "state": "active", "createdAt": "2026-01-01T00:00:00Z"}


def document(**app: Any) -> dict[str, Any]:
    return {"apps": [{"id": "1", "name": "default", "enabled": True, "keys": [KEY], "settings": {}, **app}]}


def app(*keys: Key) -> App:
    return App("1", "default", True, keys, Settings())


def key(name: str, created_at: str = "", active: bool = True) -> Key:
    return Key(name, f"secret of {name}", active, created_at)


def test_an_app_as_it_is_documented():
    assert parse_apps(document()) == (
        App("1", "default", True, (Key("k1", SECRET, True, "2026-01-01T00:00:00Z"),), Settings()),
    )


def test_what_is_absent_has_its_default():
    (found,) = parse_apps({"apps": [{"id": "1", "keys": [{"key": "k1", "secret": "s", "state": "active"}]}]})
    assert found == App("1", "", True, (Key("k1", "s", True, ""),), Settings())


def test_what_a_later_version_writes_is_left_aside():
    (found,) = parse_apps({**document(colour="red", settings={"colour": "red"}), "colour": "red"})
    assert found.settings == Settings()


def test_the_defaults_of_the_settings():
    assert Settings()._asdict() == {
        "client_events": True,
        "subscription_count": False,
        "watchlist": True,
        "team_channels_closed": False,
        "origins": (),
        "authorized_timeout_seconds": None,
        "max_connections": None,
        "requests_per_second": None,
        "subscription_errors": "subscription_error",
        "webhooks": (),
    }


def test_every_setting_is_read():
    settings = {
        "client_events": False,
        "subscription_count": True,
        "watchlist": False,
        "team_channels_closed": True,
        "origins": ["https://app.example.com"],
        "authorized_timeout_seconds": 900,
        "max_connections": 1,
        "requests_per_second": 50,
        "subscription_errors": "error",
        "webhooks": [{"url": "https://h.example/", "events": ["cache_miss"], "prefixes": ["a-", "b-"]}],
    }
    read = parse_settings(settings)
    webhook = Webhook("https://h.example/", frozenset({"cache_miss"}), ("a-", "b-"))
    assert read == Settings(False, True, False, True, ("https://app.example.com",), 900, 1, 50, "error", (webhook,))


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"id": 1}, "apps[0].id"),
        ({"id": "a"}, "apps[0].id"),
        ({"id": "１"}, "apps[0].id"),
        ({"name": 1}, "apps[0].name"),
        ({"enabled": "yes"}, "apps[0].enabled"),
        ({"enabled": None}, "apps[0].enabled"),
        ({"keys": None}, "apps[0].keys"),
        ({"keys": [KEY, 7]}, "apps[0].keys[1]"),
        ({"keys": [{**KEY, "key": SECRET + "\r\n"}]}, "apps[0].keys[0].key"),
        ({"keys": [{**KEY, "secret": ""}]}, "apps[0].keys[0].secret"),
        ({"keys": [{**KEY, "secret": 5}]}, "apps[0].keys[0].secret"),
        ({"keys": [{**KEY, "state": None}]}, "apps[0].keys[0].state"),
        ({"keys": [KEY, KEY]}, "apps[0].keys[0].key"),
        ({"settings": []}, "apps[0].settings"),
        ({"settings": {"client_events": 1}}, "apps[0].settings.client_events"),
        ({"settings": {"origins": "https://a.example"}}, "apps[0].settings.origins"),
        ({"settings": {"origins": ["https://a.example", SECRET + "/"]}}, "apps[0].settings.origins[1]"),
        ({"settings": {"authorized_timeout_seconds": 901}}, "apps[0].settings.authorized_timeout_seconds"),
        ({"settings": {"authorized_timeout_seconds": True}}, "apps[0].settings.authorized_timeout_seconds"),
        ({"settings": {"max_connections": 0}}, "apps[0].settings.max_connections"),
        ({"settings": {"requests_per_second": 1.5}}, "apps[0].settings.requests_per_second"),
        ({"settings": {"subscription_errors": SECRET}}, "apps[0].settings.subscription_errors"),
        ({"settings": {"webhooks": [{}]}}, "apps[0].settings.webhooks[0].url"),
        ({"settings": {"webhooks": [{"url": f"ftp://{SECRET}/"}]}}, "apps[0].settings.webhooks[0].url"),
        (
            {"settings": {"webhooks": [{"url": "https://a/", "events": [SECRET]}]}},
            "apps[0].settings.webhooks[0].events[0]",
        ),
        (
            {"settings": {"webhooks": [{"url": "https://a/", "prefixes": [""]}]}},
            "apps[0].settings.webhooks[0].prefixes[0]",
        ),
    ],
    ids=str,
)
def test_a_complaint_names_the_place_and_never_what_stands_there(changed, place):
    with pytest.raises(ValueError) as failure:
        parse_apps(document(**changed))
    assert str(failure.value).startswith(f"{place} is ")
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize("secret", [{}, {"apps": None}, {"apps": {}}, {"apps": "1"}])
def test_a_secret_without_a_list_of_apps_is_refused(secret):
    with pytest.raises(ValueError, match="^apps is not a list$"):
        parse_apps(secret)


def test_an_app_is_there_once():
    twice = document()["apps"] + document(keys=[])["apps"]
    with pytest.raises(ValueError, match=r"^apps\[0\].id is there twice$"):
        parse_apps({"apps": twice})


def test_a_key_belongs_to_one_app():
    both = document()["apps"] + document(id="2")["apps"]
    with pytest.raises(ValueError, match=r"^apps\[0\].keys\[0\].key is there twice$"):
        parse_apps({"apps": both})


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["active", "https://a/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["apps", "id", "keys", "key", "secret", "state", *Settings._fields, "url"]), inner
        )
    ),
    max_leaves=20,
)


@given(_VALUES)
def test_whatever_the_secret_holds_only_a_value_error_comes_of_it(value):
    for secret in (value, {"apps": value}, {"apps": [value]}, document(settings=value), document(keys=[value])):
        try:
            parse_apps(secret)
        except ValueError as failure:
            assert SECRET not in str(failure)


@given(_VALUES)
def test_what_is_read_is_read_the_same_after_its_way_through_json(value):
    try:
        read = parse_apps(document(settings={"origins": value}))
    except ValueError:
        return
    assert parse_apps(json.loads(json.dumps(document(settings={"origins": value})))) == read


def test_no_text_of_an_app_shows_a_secret():
    apps = parse_apps(document())
    for text in (repr(apps), str(apps), repr(apps[0]), f"{apps[0].keys[0]}", f"{apps[0].keys[0]!s}"):
        assert SECRET not in text
        assert "k1" in text


def test_an_active_key_has_its_secret():
    assert app(key("a"), key("b")).secret_of("b") == "secret of b"


@pytest.mark.parametrize("name", ["a", "c", ""])
def test_other_keys_have_none(name):
    assert app(key("a", active=False), key("b")).secret_of(name) is None


@pytest.mark.parametrize("state", ["disabled", "retired", ""])
def test_a_key_of_any_other_state_is_not_active(state):
    (found,) = parse_apps(document(keys=[{**KEY, "state": state}]))
    assert found.secret_of("k1") is None


def test_the_oldest_and_the_newest_of_the_active_keys():
    held = app(key("a", "2026-01", active=False), key("c", "2026-03"), key("b", "2026-02"), key("d", "2026-04", False))
    assert (held.oldest_key(), held.newest_key()) == (key("b", "2026-02"), key("c", "2026-03"))


def test_of_two_keys_of_one_second_the_later_in_the_list_is_the_newer():
    held = app(key("b", "2026-01"), key("a", "2026-01"))
    assert (held.oldest_key(), held.newest_key()) == (key("b", "2026-01"), key("a", "2026-01"))


def test_without_an_active_key_there_is_neither():
    held = app(key("a", active=False))
    assert (held.oldest_key(), held.newest_key()) == (None, None)


@pytest.mark.parametrize("kind", WEBHOOK_KINDS)
def test_a_webhook_without_filters_wants_everything(kind):
    assert Webhook("https://a/").wants(kind, "room")


@pytest.mark.parametrize(
    ("kind", "channel", "wanted"),
    [
        ("member_added", "presence-a", True),
        ("member_added", "private-a", True),
        ("member_added", "room", False),
        ("cache_miss", "presence-a", False),
    ],
)
def test_a_webhook_wants_its_kinds_in_channels_of_its_prefixes(kind, channel, wanted):
    webhook = Webhook("https://a/", frozenset({"member_added", "member_removed"}), ("presence-", "private-"))
    assert webhook.wants(kind, channel) is wanted


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        ("https://app.example.com", "https://app.example.com", True),
        ("https://App.Example.com", "https://app.example.COM", True),
        ("https://app.example.com:443", "https://app.example.com", True),
        ("https://app.example.com", "http://app.example.com", False),
        ("https://app.example.com", "https://app.example.com:8443", False),
        ("https://app.example.com", "https://app.example.com.evil.test", False),
        ("https://app.example.com", "https://evil.test/https://app.example.com", False),
        ("https://app.example.com:8443", "https://app.example.com:8443", True),
        ("https://*.example.com", "https://a.example.com", True),
        ("https://*.example.com", "http://a.example.com", False),
        ("app.example.com", "https://app.example.com", True),
        ("app.example.com", "http://app.example.com:3000", True),
        ("app.example.com:3000", "http://app.example.com:3000", True),
        ("app.example.com:3000", "http://app.example.com", False),
        ("app.example.com", "https://b.app.example.com", False),
        ("*.example.com", "https://a.example.com", True),
        ("*.example.com", "https://a.b.example.com:444", True),
        ("*.example.com", "https://example.com", False),
        ("*.example.com", "https://badexample.com", False),
        ("localhost", "http://localhost:5173", True),
        ("[::1]", "http://[::1]:5173", True),
        ("capacitor://localhost", "capacitor://localhost", True),
        ("capacitor://localhost", "https://localhost", False),
        ("example.com", "null", False),
        ("null", "null", False),
        ("example.com", "", False),
        ("example.com", "example.com", False),
        ("*.example.com", "https://*.example.com", False),
        ("example.com", "https://example.com\n", False),
        ("example.com", "https://user@example.com", False),
    ],
)
def test_an_origin_is_allowed_by_a_pattern(pattern, origin, allowed):
    assert allows_origin(parse_settings({"origins": ["other.test", pattern]}), origin) is allowed


@pytest.mark.parametrize("origin", ["https://anyone.test", "null", "", None])
def test_without_patterns_any_origin_is_allowed(origin):
    assert allows_origin(Settings(), origin)


def test_a_request_without_an_origin_passes():
    assert allows_origin(Settings(origins=("app.example.com",)), None)


@given(st.text())
def test_no_origin_is_more_than_refused(origin):
    assert allows_origin(Settings(origins=("app.example.com",)), origin) in (True, False)


@pytest.mark.parametrize(
    "pattern", ["", "*", "*.", "https://", "https://a.example/", "a b", "a/*", "é.example", "**.a"]
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match=r"^origins\[0\] is neither an origin nor a host$"):
        parse_settings({"origins": [pattern]})
