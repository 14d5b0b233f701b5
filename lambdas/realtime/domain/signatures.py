"""Signatures of Pusher's protocol: HMAC-SHA256 with the secret of one of the app's keys, over exactly what was sent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from .errors import SubscriptionRefused


def sign(secret: str, text: str) -> str:
    """The signature of `text`, as 64 lower-case hexadecimal digits."""
    return hmac.new(_bytes(secret), _bytes(text), hashlib.sha256).hexdigest()


def matches(secret: str, text: str, hexdigest: str) -> bool:
    """Whether `hexdigest` is the signature of `text`. Takes the same time wherever they differ, and any string."""
    # compare_digest refuses strings that are not ASCII, which is what a client may send.
    return hmac.compare_digest(_bytes(sign(secret, text)), _bytes(hexdigest))


def check_auth(auth: str | None, secret_of: Callable[[str], str | None], signed: str) -> None:
    """Raises SubscriptionRefused (AuthError 401) unless `auth`, "<key>:<signature>", is good for `signed`.

    `secret_of` gives the secret of an active key of the app, else None.
    """
    if not auth:
        raise _refused("The auth is missing.")
    key, colon, signature = auth.partition(":")
    if not (key and colon and signature):
        raise _refused('The auth is not of the form "<key>:<signature>".')
    secret = secret_of(key)
    if secret is None:
        raise _refused("The key in the auth is not an active key of this app.")
    if not matches(secret, signed, signature):
        # Pusher itself names the string to sign and the signature it expected. That would hand out signatures.
        raise _refused("The signature in the auth is not the one for this connection and these data.")


def _refused(message: str) -> SubscriptionRefused:
    return SubscriptionRefused("AuthError", message, 401)


def _bytes(text: str) -> bytes:
    """UTF-8, and of lone surrogates too: no two strings may look the same to a signature."""
    return text.encode(errors="surrogatepass")
