"""The environment of a function, read once and checked whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from realtime.aws.sigv4 import Credentials

T = TypeVar("T")

# The identifier of a service in the SDKs' settings, where it is not simply its name.
_SERVICE_IDS = {"secretsmanager": "SECRETS_MANAGER"}
NAMESPACE = "MileQuest/Realtime"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """What is missing or wrong in the environment, all of it in one message."""


class Environ:
    """Reads variables and gathers problems; `check` raises them together. None repeats a secret."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """A non-empty string."""
        value = self._environ.get(name) or default
        if value is None:
            self._problems.append(f"{name} is not set")
        return value or ""

    def optional(self, name: str) -> str | None:
        """A string, or None if unset or empty."""
        return self._environ.get(name) or None

    def integer(self, name: str, default: int | None = None) -> int:
        """A positive integer."""
        return self._parsed(name, None if default is None else str(default), _positive, "a positive integer") or 0

    def count(self, name: str, default: int) -> int:
        """An integer, zero or more."""
        return self._parsed(name, str(default), _not_negative, "zero or a positive integer") or 0

    def flag(self, name: str) -> bool:
        """`true` or `false`, by default false."""
        return bool(self._parsed(name, "false", {"true": True, "false": False}.__getitem__, "true or false"))

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few."""
        by_name = {value: value for value in allowed}
        return self._parsed(name, default, by_name.__getitem__, f"one of {', '.join(allowed)}") or default

    def url(self, name: str) -> str:
        """An http or https URL."""
        return self._parsed(name, None, _url, "an http or https URL") or ""

    def optional_url(self, name: str) -> str | None:
        """An http or https URL, or None if unset or empty."""
        return (self.optional(name) and self.url(name)) or None

    def check(self) -> None:
        """Raises SettingsError with every problem found, each once: a variable may be read for two purposes."""
        if self._problems:
            raise SettingsError("Wrong environment: " + "; ".join(dict.fromkeys(self._problems)))

    def _parsed(self, name: str, default: str | None, parse: Callable[[str], T], expected: str) -> T | None:
        value = self.text(name, default)
        if not value:
            return None
        try:
            return parse(value)
        except (KeyError, ValueError):
            self._problems.append(f"{name} has value {value!r}, not {expected}")
            return None


class Anything(Environ):
    """Stands for an environment without reading one: every variable has some value, and nothing is wrong."""

    def __init__(self) -> None:
        super().__init__({})

    def text(self, name: str, default: str | None = None) -> str:
        """The default, or a dash."""
        return default or "-"

    def integer(self, name: str, default: int | None = None) -> int:
        """The default, or 1."""
        return default or 1

    def count(self, name: str, default: int) -> int:
        """The default."""
        return default

    def flag(self, name: str) -> bool:
        """False."""
        return False

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """The default."""
        return default

    def url(self, name: str) -> str:
        """A URL."""
        return "https://localhost"

    def check(self) -> None:
        """Finds nothing wrong."""


def endpoint_variable(service: str) -> str:
    """The variable with a service's own endpoint (SDKs and Tools Reference, "Service-specific endpoints")."""
    return f"AWS_ENDPOINT_URL_{_SERVICE_IDS.get(service, service.upper())}"


class Container(NamedTuple):
    """Where credentials are given, and the token that is wanted there. Its repr shows nothing."""

    url: str
    token: str | None

    def __repr__(self) -> str:
        return "Container(…)"


class AwsSettings(NamedTuple):
    """Region and credentials as Lambda sets them, endpoints as the SDKs read them.

    With SnapStart Lambda sets a container's address instead of credentials, which are not looked for then.
    """

    region: str
    credentials: Credentials
    endpoints: Mapping[str, str]
    container: Container | None = None

    @classmethod
    def read(cls, environ: Environ, services: tuple[str, ...]) -> AwsSettings:
        """Read what every function has. `services` are those that may have an endpoint of their own."""
        region = environ.text("AWS_REGION")
        fallback = environ.optional_url("AWS_ENDPOINT_URL")
        endpoints = {name: environ.optional_url(endpoint_variable(name)) or fallback for name in services}
        container = _container(environ)
        credentials = Credentials("", "") if container else _credentials(environ)
        return cls(region, credentials, {name: url for name, url in endpoints.items() if url}, container)


class Observability(NamedTuple):
    """How to log and under which name to count."""

    environment: str
    function: str
    namespace: str
    level: str

    @classmethod
    def read(cls, environ: Environ) -> Observability:
        """Read what every function has."""
        return cls(
            environment=environ.text("ENVIRONMENT"),
            function=environ.text("AWS_LAMBDA_FUNCTION_NAME"),
            namespace=environ.text("METRICS_NAMESPACE", NAMESPACE),
            level=environ.choice("LOG_LEVEL", _LEVELS, "INFO"),
        )


def _container(environ: Environ) -> Container | None:
    url = environ.optional_url("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    return Container(url, environ.optional("AWS_CONTAINER_AUTHORIZATION_TOKEN")) if url else None


def _credentials(environ: Environ) -> Credentials:
    return Credentials(
        access_key_id=environ.text("AWS_ACCESS_KEY_ID"),
        secret_access_key=environ.text("AWS_SECRET_ACCESS_KEY"),
        session_token=environ.optional("AWS_SESSION_TOKEN"),
    )


def _positive(value: str) -> int:
    number = int(value)
    if number <= 0:
        raise ValueError(value)
    return number


def _not_negative(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError(value)
    return number


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(value)
    return value
