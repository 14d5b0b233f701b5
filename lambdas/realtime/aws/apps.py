"""The apps, from the secret in Secrets Manager. A warm Lambda asks once a minute."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from realtime.domain.apps import App, parse_apps
from realtime.domain.errors import ServiceError

from .json_service import JsonService

# How stale what we know may be: a key that is made or disabled, or a setting, counts within this time, on every Lambda.
_TTL_SECONDS = 60.0
# A key or an app that we do not know makes us look again, and so does a failure, but no more often than this.
_PAUSE_SECONDS = 5.0
# While Secrets Manager fails, what was read so long ago still serves: clients come and go meanwhile.
_STALE_SECONDS = 300.0
_NEVER = float("-inf")


class AppStore:
    """The Apps port. `clock` is in seconds and never goes back."""

    def __init__(self, service: JsonService, secret_id: str, clock: Callable[[], float]) -> None:
        self._service = service
        self._secret_id = secret_id
        self._clock = clock
        self._by_key: dict[str, App] = {}
        self._by_id: dict[str, App] = {}
        self._read_at = _NEVER
        self._failed_at = _NEVER

    def by_key(self, key: str) -> App | None:
        """The app that this key belongs to; key and app may be disabled. Raises ServiceError."""
        self._look(key in self._by_key)
        return self._by_key.get(key)

    def by_id(self, app_id: str) -> App | None:
        """The app of this id; it may be disabled. Raises ServiceError."""
        self._look(app_id in self._by_id)
        return self._by_id.get(app_id)

    def all(self) -> Sequence[App]:
        """Every app. Raises ServiceError."""
        self._look(bool(self._by_id))
        return list(self._by_id.values())

    def _look(self, known: bool) -> None:
        now = self._clock()
        age = now - self._read_at
        if age < (_TTL_SECONDS if known else _PAUSE_SECONDS):
            return
        if age < _STALE_SECONDS and now - self._failed_at < _PAUSE_SECONDS:
            return
        try:
            apps = self._read()
        except ServiceError:
            # Measured anew: the failure itself may have taken seconds.
            self._failed_at = self._clock()
            if self._failed_at - self._read_at >= _STALE_SECONDS:
                raise
            return
        self._read_at = self._clock()
        self._by_id = {app.app_id: app for app in apps}
        self._by_key = {key.key: app for app in apps for key in app.keys}

    def _read(self) -> tuple[App, ...]:
        # By its label, which is AWS's default as well; moto's is the version that was last put with that label.
        body = {"SecretId": self._secret_id, "VersionStage": "AWSCURRENT"}
        answer = self._service.call("GetSecretValue", body)
        try:
            return parse_apps(json.loads(answer["SecretString"]))
        except (KeyError, TypeError, ValueError, RecursionError):
            # Not chained: the cause may quote the secret.
            raise ServiceError("GetSecretValue", "the secret is not in the documented form") from None
