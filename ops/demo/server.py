"""An app's server: Pusher's Python SDK, unmodified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.apps import app_of
from ops.apps_secret import open_secret
from ops.environments import Deployment
from ops.errors import OpsError


class Server:
    """The SDK, set up for the default app with its newest key."""

    def __init__(self, deployment: Deployment) -> None:
        import pusher

        where = deployment.outputs["pusher"]
        app = app_of(open_secret(deployment).read().apps, where["app_id"])
        key = app.newest_key()
        assert key is not None, "the tokens of the plain clients are signed with one"
        self.key = key.key
        self._refusal = pusher.errors.PusherError
        self._sdk = pusher.Pusher(
            app_id=app.app_id,
            key=key.key,
            secret=key.secret,
            host=where["host"],
            port=where["port"],
            ssl=where["tls"],
            timeout=20,
            # For `requests`, on which the SDK is built: a proxy of the user's is not for loopback.
            proxies={"no_proxy": where["host"]},
        )

    def trigger(self, channel: str, event: str, data: Mapping[str, Any]) -> None:
        """Publish an event. Raises OpsError."""
        try:
            self._sdk.trigger(channel, event, data)
        except self._refusal as refusal:
            raise OpsError(f"Pusher's Python SDK was told: {refusal}", "See: ops local logs") from None

    def sign(self, channel: str, socket_id: str, user: str) -> Mapping[str, str]:
        """What lets a client into a presence channel as a user."""
        signed: Mapping[str, str] = self._sdk.authenticate(channel, socket_id, {"user_id": user})
        return signed
