"""`ops apps`."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.backend import SECRET, key
from tests.cli.console import dangerous
from tests.cli.test_cli_connections_list import NASTY

PICKED_UP = "Lambdas pick it up within 60 s."
HOOK = "https://example.com/hook"


def shown(ops, *options: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(ops("apps", "show", *options, "--json").out)
    return found


def test_the_list_has_a_line_for_each_app(ops, backend):
    backend.set_apps(
        {"id": "1", "name": "default", "keys": [key("a"), key("b", state="disabled")]},
        {"id": "2", "enabled": False, "keys": [], "settings": {"webhooks": [{"url": HOOK}]}},
    )
    lines = ops("apps", "list").out.splitlines()
    assert [line.split() for line in lines] == [
        ["ID", "NAME", "ENABLED", "ACTIVE", "KEYS", "WEBHOOKS"],
        ["1", "default", "true", "1", "0"],
        ["2", "-", "false", "0", "1"],
    ]


def test_the_list_as_json(ops, backend):
    (row,) = json.loads(ops("apps", "list", "--json").out)
    assert row == shown(ops)


def test_without_apps_the_list_says_how_to_make_one(ops, backend):
    backend.set_apps()
    result = ops("apps", "list")
    assert (result.code, result.out) == (0, "")
    assert "ops apps create" in result.err


def test_an_app_is_shown_with_all_its_settings(ops, backend):
    assert shown(ops) == {
        "id": "1",
        "name": "default",
        "enabled": True,
        "keys": [{"key": "key-1", "state": "active", "createdAt": "2026-01-01T00:00:00Z"}],
        "settings": {
            "client_events": True,
            "subscription_count": False,
            "watchlist": True,
            "team_channels_closed": False,
            "origins": [],
            "authorized_timeout_seconds": None,
            "max_connections": None,
            "requests_per_second": None,
            "subscription_errors": "subscription_error",
            "webhooks": [],
        },
    }


def test_for_people_an_app_is_a_page(ops, backend):
    webhooks = [{"url": HOOK, "events": ["member_added"], "prefixes": ["presence-"]}, {"url": f"{HOOK}2"}]
    backend.set_keys(key("k1"), settings={"origins": ["a.example", "b.example"], "webhooks": webhooks})
    lines = ops("apps", "show", "1").out.splitlines()
    told = [line.split(maxsplit=1) for line in lines if line]
    assert ["origins", "a.example,b.example"] in told
    assert ["max_connections", "-"] in told
    assert ["webhook", f"{HOOK} (member_added; presence-)"] in told
    assert ["webhook", f"{HOOK}2 (all events; all channels)"] in told
    assert lines[-1].split() == ["k1", "active", "2026-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    "command",
    [
        ("apps", "list"),
        ("apps", "show"),
        ("apps", "create", "x"),
        ("apps", "set", "1", "watchlist=false"),
        ("keys", "list"),
        ("keys", "create"),
        ("keys", "disable", "key-1", "--force"),
        ("keys", "delete", "key-1", "--force"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_secrets_are_shown_on_request_only(ops, backend, command, options):
    result = ops(*command, *options)
    assert result.code == 0
    assert re.search("[0-9a-f]{64}", result.out + result.err) is None
    assert SECRET not in result.out + result.err


@pytest.mark.parametrize("command", [("apps", "show"), ("keys", "list")], ids=" ".join)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_on_request_they_are(ops, backend, command, options):
    assert SECRET in ops(*command, "--secrets", *options).out


def test_the_default_app_is_shown_where_none_is_named(ops, backend, local):
    backend.set_apps({"id": "1", "keys": []}, {"id": "7", "keys": [key("k7")]})
    outputs = backend.outputs(aws_endpoint_url=backend.url, app_id="7")
    (local / "outputs.json").write_text(json.dumps(outputs))
    (held,) = json.loads(ops("apps", "show", "--secrets", "--json").out)["keys"]
    assert (held["key"], held["secret"]) == ("k7", SECRET)


@pytest.mark.parametrize("command", [("show", "9"), ("set", "9", "watchlist=false"), ("enable", "9"), ("disable", "9")])
def test_an_app_that_there_is_not_is_an_error_with_a_hint(ops, backend, command):
    result = ops("apps", *command)
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: There is no app '9'.\nSee them with: ops apps list\n"


def test_a_new_app_has_a_number_a_key_and_no_settings_of_its_own(ops, backend):
    result = ops("apps", "create", "Shop front", "--secrets", "--json")
    row, stored = json.loads(result.out), backend.apps()["2"]
    assert (result.code, result.err) == (0, f"App 2 created. {PICKED_UP}\n")
    assert (stored["name"], stored["enabled"], stored["settings"]) == ("Shop front", True, {})
    (held,) = stored["keys"]
    assert re.fullmatch("[0-9a-f]{20}", held["key"])
    assert re.fullmatch("[0-9a-f]{64}", held["secret"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", held["createdAt"])
    assert row["keys"] == [held]


@pytest.mark.parametrize(("taken", "free"), [((), "1"), (("2",), "1"), (("1", "3"), "2"), (("1", "2", "3"), "4")])
def test_its_id_is_the_lowest_number_that_is_free(ops, backend, taken, free):
    backend.set_apps(*({"id": number, "keys": []} for number in taken))
    ops("apps", "create", "x")
    assert set(backend.apps()) == {*taken, free}


def test_settings_are_set(ops, backend):
    pairs = ("client_events=false", "origins=https://a.example, *.b.example", "max_connections=500")
    result = ops("apps", "set", "1", *pairs, "subscription_errors=error", "--json")
    settings = {
        "client_events": False,
        "origins": ["https://a.example", "*.b.example"],
        "max_connections": 500,
        "subscription_errors": "error",
    }
    assert (result.code, result.err) == (0, f"App 1 changed. {PICKED_UP}\n")
    assert backend.apps()["1"]["settings"] == settings
    assert settings.items() <= json.loads(result.out)["settings"].items()


@pytest.mark.parametrize("nothing", ["", "none", "null"])
def test_settings_are_taken_back(ops, backend, nothing):
    backend.set_keys(key("k1"), settings={"origins": ["a.example"], "max_connections": 5})
    ops("apps", "set", "1", "origins=", f"max_connections={nothing}")
    assert backend.apps()["1"]["settings"] == {"origins": [], "max_connections": None}


def test_what_another_version_wrote_stays(ops, backend):
    backend.set_keys({**key("k1"), "note": "mine"}, settings={"colour": "red"}, owner="ana")
    ops("apps", "set", "1", "watchlist=false")
    stored = backend.apps()["1"]
    assert (stored["owner"], stored["settings"]["colour"], stored["keys"][0]["note"]) == ("ana", "red", "mine")


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("watchlist", "is not SETTING=VALUE"),
        ("watchlists=true", "client_events, subscription_count"),
        ("watchlist=yes", "watchlist is not true or false"),
        ("max_connections=-1", "a whole number from 1"),
        ("max_connections=" + "9" * 5000, "a whole number from 1"),
        ("authorized_timeout_seconds=901", "from 1 to 900"),
        ("origins=https://a.example/", "origins[0] is neither an origin nor a host"),
        ("subscription_errors=both", "subscription_error, error"),
        ("webhooks=x", "ops apps webhooks add"),
    ],
    ids=lambda text: text[:30],
)
def test_what_no_setting_takes_is_wrong_usage(ops, backend, pair, told):
    result = ops("apps", "set", "1", pair)
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert "settings" not in backend.apps()["1"]


@pytest.mark.parametrize("pairs", [("client_events=false", "client_events=true"), ("origins=", "origins=")])
def test_a_setting_that_is_given_twice_is_wrong_usage(ops, backend, pairs):
    result = ops("apps", "set", "1", *pairs)
    assert (result.code, result.out) == (2, "")
    assert "Each setting is given once" in result.err
    assert "settings" not in backend.apps()["1"]


def test_an_app_is_disabled_and_enabled_again(ops, backend):
    assert ops("apps", "disable", "1").err == f"App 1 changed. {PICKED_UP}\n"
    assert backend.apps()["1"]["enabled"] is False
    assert json.loads(ops("apps", "enable", "1", "--json").out)["enabled"] is True
    assert backend.apps()["1"]["enabled"] is True


def test_a_webhook_is_added_with_its_filters(ops, backend):
    options = ("--event", "member_added", "--event", "cache_miss", "--prefix", "presence-")
    assert ops("apps", "webhooks", "add", "1", HOOK, *options).code == 0
    assert backend.apps()["1"]["settings"]["webhooks"] == [
        {"url": HOOK, "events": ["cache_miss", "member_added"], "prefixes": ["presence-"]}
    ]


def test_a_webhook_with_the_same_url_takes_its_place(ops, backend):
    for options in ((), ("--prefix", "a-")):
        ops("apps", "webhooks", "add", "1", HOOK, *options)
    assert backend.apps()["1"]["settings"]["webhooks"] == [{"url": HOOK, "events": [], "prefixes": ["a-"]}]


def test_a_webhook_is_removed(ops, backend):
    for url in (HOOK, f"{HOOK}2"):
        ops("apps", "webhooks", "add", "1", url)
    assert ops("apps", "webhooks", "remove", "1", HOOK).code == 0
    assert [webhook["url"] for webhook in backend.apps()["1"]["settings"]["webhooks"]] == [f"{HOOK}2"]


def test_a_webhook_that_there_is_not_cannot_be_removed(ops, backend):
    result = ops("apps", "webhooks", "remove", "1", HOOK)
    assert (result.code, result.out) == (1, "")
    assert "ops apps show 1" in result.err


def test_the_local_aws_may_call_this_machine(ops, backend):
    assert ops("apps", "webhooks", "add", "1", "http://127.0.0.1:9000/").code == 0


@pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", "https://localhost/", "https://[::1]/"])
def test_no_other_environment_calls_into_its_network_or_in_the_clear(ops, backend, terraform, url):
    terraform(backend.outputs(environment="dev"))
    result = ops("--env", "dev", "apps", "webhooks", "add", "1", url)
    assert (result.code, result.out) == (2, "")
    assert "URL" in result.err


def test_a_url_with_a_password_is_refused_without_being_quoted(ops, backend):
    result = ops("apps", "webhooks", "add", "1", "https://user:hush@example.com/")
    assert (result.code, result.out) == (2, "")
    assert "hush" not in result.err


def test_nothing_acts_on_the_terminal(ops, backend):
    text = "".join(NASTY)
    webhooks = [{"url": HOOK, "prefixes": [text]}]
    backend.set_keys({**key("k1"), "createdAt": text}, name=text, settings={"webhooks": webhooks})
    for command in (("list",), ("show",)):
        assert dangerous(ops("apps", *command).out) == []


@pytest.mark.parametrize(
    "command", [("apps", "list"), ("keys", "list"), ("keys", "create"), ("token", "--user", "a", "--team", "1")]
)
def test_a_secret_of_another_form_is_told_by_place_alone(ops, backend, command):
    backend.set_keys({**key("k1"), "state": 7})
    result = ops(*command)
    assert (result.code, result.out) == (1, "")
    assert "is not in the documented form: apps[0].keys[0].state is not a string." in result.err
    assert "docs/architecture.md" in result.err
    assert SECRET not in result.err
