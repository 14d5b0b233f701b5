"""The apps: their keys and settings, as the secret holds them (docs/architecture.md, "Secret")."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from .places import Place

WEBHOOK_KINDS = (
    "channel_occupied",
    "channel_vacated",
    "member_added",
    "member_removed",
    "client_event",
    "cache_miss",
    "subscription_count",
)
SUBSCRIPTION_ERRORS = ("subscription_error", "error")
MAX_AUTHORIZED_TIMEOUT_SECONDS = 900
_MAX_NUMBER = 1_000_000_000

# Compiled when an app has origins: every function imports this, and few need it.
_ORIGIN = (
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{0,30})://)?(?P<any>\*\.)?(?P<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Key(NamedTuple):
    """A key and the secret that it stands for. `created_at` is a time of ISO 8601 in UTC, or empty."""

    key: str
    secret: str
    active: bool
    created_at: str

    def __repr__(self) -> str:
        """Without the secret: a log or a traceback may show what holds keys."""
        return f"Key({self.key!r}, active={self.active})"


class Webhook(NamedTuple):
    """Where an app is told of what happens. No events mean all kinds, no prefixes all channels."""

    url: str
    events: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def wants(self, kind: str, channel: str) -> bool:
        """Whether it is told of this kind of event in this channel."""
        return (not self.events or kind in self.events) and (not self.prefixes or channel.startswith(self.prefixes))


class Settings(NamedTuple):
    """What an app may choose. No origins mean any; None means no limit."""

    client_events: bool = True
    subscription_count: bool = False
    watchlist: bool = True
    team_channels_closed: bool = False
    origins: tuple[str, ...] = ()
    authorized_timeout_seconds: int | None = None
    max_connections: int | None = None
    requests_per_second: int | None = None
    subscription_errors: str = SUBSCRIPTION_ERRORS[0]
    webhooks: tuple[Webhook, ...] = ()


class App(NamedTuple):
    """One app. Everything that it holds (channels, connections, users) is its own."""

    app_id: str
    name: str
    enabled: bool
    keys: tuple[Key, ...]
    settings: Settings

    def secret_of(self, key: str) -> str | None:
        """The secret of an active key."""
        return next((held.secret for held in self.keys if held.active and held.key == key), None)

    def oldest_key(self) -> Key | None:
        """The active key that signs webhooks."""
        return next(iter(self._active()), None)

    def newest_key(self) -> Key | None:
        """The active key to hand out."""
        return next(reversed(self._active()), None)

    def _active(self) -> list[Key]:
        # Stable: of two keys of one second the later in the list is the newer.
        return sorted((key for key in self.keys if key.active), key=lambda key: key.created_at)


def parse_apps(secret: Mapping[str, Any]) -> tuple[App, ...]:
    """The apps in the secret's JSON. What is absent has its default; what this version does not know is left aside.

    Raises ValueError, whose text names the place (`apps[0].settings.origins`) and never what stands there.
    """
    places = Place("", secret).objects("apps")
    apps = tuple(map(_app, places))
    _check_once([(app.app_id, f"{place.name}.id") for app, place in zip(apps, places, strict=True)])
    _check_once(
        [
            (key.key, f"{place.name}.keys[{number}].key")
            for app, place in zip(apps, places, strict=True)
            for number, key in enumerate(app.keys)
        ]
    )
    return apps


def parse_settings(settings: Mapping[str, Any], place: str = "") -> Settings:
    """The settings in an app's JSON. Raises ValueError as `parse_apps` does."""
    at = Place(place, settings)
    defaults = Settings()
    return Settings(
        client_events=at.flag("client_events", defaults.client_events),
        subscription_count=at.flag("subscription_count", defaults.subscription_count),
        watchlist=at.flag("watchlist", defaults.watchlist),
        team_channels_closed=at.flag("team_channels_closed", defaults.team_channels_closed),
        origins=at.texts("origins", _is_origin, "neither an origin nor a host"),
        authorized_timeout_seconds=at.number("authorized_timeout_seconds", MAX_AUTHORIZED_TIMEOUT_SECONDS),
        max_connections=at.number("max_connections", _MAX_NUMBER),
        requests_per_second=at.number("requests_per_second", _MAX_NUMBER),
        subscription_errors=at.choice("subscription_errors", SUBSCRIPTION_ERRORS),
        webhooks=tuple(map(_webhook, at.objects("webhooks", absent=()))),
    )


def allows_origin(settings: Settings, origin: str | None) -> bool:
    """Whether a request with this Origin header, or without one, may connect: only browsers send it."""
    if origin is None or not settings.origins:
        return True
    came = re.fullmatch(_ORIGIN, origin.lower())
    if came is None or not came["scheme"] or came["any"]:
        return False
    return any(_matches(came, pattern) for pattern in settings.origins)


def _matches(came: re.Match[str], pattern: str) -> bool:
    wanted = re.fullmatch(_ORIGIN, pattern.lower())
    if wanted is None or wanted["scheme"] not in (None, came["scheme"]):
        return False
    # An origin is exact; a host alone is any service of that host.
    if (wanted["scheme"] or wanted["port"]) and _port(wanted, came["scheme"]) != _port(came, came["scheme"]):
        return False
    if wanted["any"]:
        return str(came["host"]).endswith("." + wanted["host"])
    return bool(came["host"] == wanted["host"])


def _port(origin: re.Match[str], scheme: str) -> str | None:
    return origin["port"] or _DEFAULT_PORTS.get(scheme)


def _app(place: Place) -> App:
    return App(
        app_id=place.text("id", _is_id, "not a string of digits"),
        name=place.text("name", lambda text: True, "not a string", absent=""),
        enabled=place.flag("enabled", True),
        keys=tuple(map(_key, place.objects("keys"))),
        settings=parse_settings(place.values.get("settings", {}), f"{place.name}.settings"),
    )


def _key(place: Place) -> Key:
    return Key(
        key=place.text("key", _is_key, "not 1 to 64 characters of A-Z a-z 0-9 _ -"),
        secret=place.text("secret", bool, "not a string of one character at least"),
        active=place.text("state", lambda text: True, "not a string") == "active",
        created_at=place.text("createdAt", lambda text: True, "not a string", absent=""),
    )


def _webhook(place: Place) -> Webhook:
    return Webhook(
        url=place.text("url", _is_url, "not an http or https URL"),
        events=frozenset(place.texts("events", WEBHOOK_KINDS.__contains__, f"none of {', '.join(WEBHOOK_KINDS)}")),
        prefixes=place.texts("prefixes", bool, "empty"),
    )


def _check_once(named: list[tuple[str, str]]) -> None:
    counts = Counter(value for value, _ in named)
    for value, place in named:
        if counts[value] > 1:
            raise ValueError(f"{place} is there twice")


def _is_id(text: str) -> bool:
    return 1 <= len(text) <= 20 and text.isascii() and text.isdigit()


def _is_key(text: str) -> bool:
    # A key stands in paths, query strings and the webhooks' headers.
    return 1 <= len(text) <= 64 and text.isascii() and text.replace("_", "a").replace("-", "a").isalnum()


def _is_url(text: str) -> bool:
    plain = text.isascii() and text.isprintable() and " " not in text
    return plain and len(text) <= 2048 and text.startswith(("https://", "http://"))


def _is_origin(text: str) -> bool:
    return re.fullmatch(_ORIGIN, text.lower()) is not None
