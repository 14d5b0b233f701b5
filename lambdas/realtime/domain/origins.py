"""Whether a request came through the edge, which adds a header that only it knows."""

from __future__ import annotations

import hashlib
import hmac

ORIGIN_HEADER = "x-origin-secret"


def is_from_edge(value: str | None, sha256: str | None) -> bool:
    """Whether the header's value has this SHA-256 (hexadecimal). Without one there is no edge, and all may come."""
    if sha256 is None:
        return True
    found = hashlib.sha256((value or "").encode(errors="replace")).hexdigest()
    return hmac.compare_digest(found, sha256.lower())
