"""Edit apps and keys: the secret's document in, its changes made in place. Every edit raises OpsError."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.apps_secret import Document
from ops.errors import OpsError
from realtime.domain.apps import App, Key, Settings, Webhook, parse_settings

PICKED_UP = "Lambdas pick it up within 60 s."
SETTINGS = tuple(name for name in Settings._fields if name != "webhooks")
_NONE = ("none", "null", "")
_SEE_APPS = "See them with: ops apps list"
_SEE_KEYS = "See them with: ops keys list"
Row = dict[str, Any]


def app_of(apps: Sequence[App], app_id: str) -> App:
    """The app of this id."""
    for app in apps:
        if app.app_id == app_id:
            return app
    raise OpsError(f"There is no app {app_id!r}.", _SEE_APPS)


def app_row(app: App, *, reveal: bool = False) -> Row:
    """An app as it is shown: the same names everywhere, every setting there, secrets only if `reveal`."""
    keys = [key_row(app, key, reveal=reveal) for key in app.keys]
    for row in keys:
        del row["app"]
    settings = {**app.settings._asdict(), "origins": list(app.settings.origins)}
    settings["webhooks"] = [_webhook_row(webhook) for webhook in app.settings.webhooks]
    return {"id": app.app_id, "name": app.name, "enabled": app.enabled, "keys": keys, "settings": settings}


def key_row(app: App, key: Key, *, reveal: bool = False) -> Row:
    """A key as it is shown; with its secret only if `reveal`."""
    state = "active" if key.active else "disabled"
    row = {"key": key.key, "app": app.app_id, "state": state, "createdAt": key.created_at}
    return {**row, "secret": key.secret} if reveal else row


def key_rows(apps: Sequence[App], app_id: str | None, *, reveal: bool = False) -> list[Row]:
    """The keys of one app, or of all."""
    chosen = apps if app_id is None else [app_of(apps, app_id)]
    return [key_row(app, key, reveal=reveal) for app in chosen for key in app.keys]


def row_of_key(apps: Sequence[App], key: str, *, reveal: bool = False) -> Row:
    """One key, whichever app has it."""
    for row in key_rows(apps, None, reveal=reveal):
        if row["key"] == key:
            return row
    raise OpsError(f"There is no key {key!r}.", _SEE_KEYS)


def create_app(document: Document, name: str) -> str:
    """Add an app with a key; return its id, the lowest number that is free."""
    taken = {app["id"] for app in document["apps"]}
    app_id = str(next(number for number in range(1, len(taken) + 2) if str(number) not in taken))
    document["apps"].append({"id": app_id, "name": name, "enabled": True, "keys": [_new_key()], "settings": {}})
    return app_id


def enable_app(document: Document, app_id: str, enabled: bool) -> None:
    """Let an app be used, or not."""
    _app(document, app_id)["enabled"] = enabled


def change_settings(document: Document, app_id: str, values: Mapping[str, Any]) -> None:
    """Set settings, by their names in the document."""
    _settings(document, app_id).update(values)


def setting_of(name: str, text: str) -> Any:
    """The JSON value that a user means by `text`. Raises ValueError, which names the setting and what it takes."""
    if name not in SETTINGS:
        raise ValueError(f"there is no setting {name!r}; there are: {', '.join(SETTINGS)}")
    value = _value(getattr(Settings(), name), text.strip())
    parse_settings({name: value})
    return value


def _value(default: Any, text: str) -> Any:
    """`text` as the kind of value that `default` is. What it cannot be stays text, for the parser to refuse."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",")] if text else []
    if default is None:
        if text in _NONE:
            return None
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text
    return text


def add_webhook(document: Document, app_id: str, webhook: Webhook) -> None:
    """Add a webhook, in place of one with the same URL."""
    webhooks = _settings(document, app_id).setdefault("webhooks", [])
    webhooks[:] = [*(held for held in webhooks if held["url"] != webhook.url), _webhook_row(webhook)]


def remove_webhook(document: Document, app_id: str, url: str) -> None:
    """Remove the webhook of this URL."""
    webhooks = _settings(document, app_id).setdefault("webhooks", [])
    kept = [held for held in webhooks if held["url"] != url]
    if len(kept) == len(webhooks):
        raise OpsError(f"App {app_id} has no webhook of that URL.", f"See them with: ops apps show {app_id}")
    webhooks[:] = kept


def create_key(document: Document, app_id: str) -> str:
    """Add a key to an app; return it."""
    key = _new_key()
    _app(document, app_id)["keys"].append(key)
    return key["key"]


def enable_key(document: Document, key: str) -> None:
    """Let a key be used again."""
    _, held = _key(document, key)
    held["state"] = "active"


def disable_key(document: Document, key: str, *, force: bool) -> None:
    """Let a key be used no more. The last active one of its app only if `force`."""
    app, held = _key(document, key)
    _keep_one(app, held, force)
    held["state"] = "disabled"


def delete_key(document: Document, key: str, *, force: bool) -> None:
    """Forget a key and its secret. One that is active only if `force`."""
    app, held = _key(document, key)
    if held["state"] == "active" and not force:
        raise OpsError(
            f"The key {key} is active: what uses it would be refused.",
            f"Disable it first, and see that nothing misses it: ops keys disable {key}. Or add --force.",
        )
    app["keys"].remove(held)


def _keep_one(app: Document, held: Document, force: bool) -> None:
    others = [key for key in app["keys"] if key is not held and key["state"] == "active"]
    if held["state"] == "active" and not others and not force:
        raise OpsError(
            f"{held['key']} is the last active key of app {app['id']}: nothing could connect to it.",
            f"Create another first: ops keys create --app {app['id']}. Or add --force.",
        )


def _app(document: Document, app_id: str) -> Document:
    found: list[Document] = [app for app in document["apps"] if app["id"] == app_id]
    if not found:
        raise OpsError(f"There is no app {app_id!r}.", _SEE_APPS)
    return found[0]


def _settings(document: Document, app_id: str) -> Document:
    settings: Document = _app(document, app_id).setdefault("settings", {})
    return settings


def _keys(document: Document) -> Iterator[tuple[Document, Document]]:
    return ((app, key) for app in document["apps"] for key in app["keys"])


def _key(document: Document, name: str) -> tuple[Document, Document]:
    for app, key in _keys(document):
        if key["key"] == name:
            return app, key
    raise OpsError(f"There is no key {name!r}.", _SEE_KEYS)


def _new_key() -> dict[str, str]:
    return {
        "key": secrets.token_hex(10),
        "secret": secrets.token_hex(32),
        "state": "active",
        "createdAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _webhook_row(webhook: Webhook) -> Row:
    return {"url": webhook.url, "events": sorted(webhook.events), "prefixes": list(webhook.prefixes)}
