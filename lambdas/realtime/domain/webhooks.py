"""Webhooks: which endpoint hears what, and what it is sent. The format is Pusher's, which the server SDKs check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .apps import App, Key
from .json_text import compact
from .signatures import sign

MAX_EVENTS = 20
# Nine waits come to 255 s. Together with ten requests of at most 4 s each that is Pusher's five minutes.
MAX_RECEIVES = 10
_LONGEST_WAIT_SECONDS = 64
_USER_AGENT = "MileQuest-Realtime-Webhooks/1"


class Parcel(NamedTuple):
    """Events of one task for one endpoint, at most MAX_EVENTS. `texts` are the same events, as JSON."""

    app_id: str
    url: str
    events: tuple[Mapping[str, Any], ...]
    texts: tuple[str, ...]


def parcels(app: App, events: Sequence[Mapping[str, Any]], url: str | None = None) -> list[Parcel]:
    """What the app's endpoints are to hear of these events; with `url`, that endpoint alone, if it still is one.

    `events` are as webhooks have them: `name`, `channel` and more. Raises ValueError for what JSON cannot say.
    """
    result = []
    for endpoint in dict.fromkeys(webhook.url for webhook in app.settings.webhooks):
        if url in (None, endpoint):
            told = [_as_told(event) for event in events if _wants(app, endpoint, event)]
            for start in range(0, len(told), MAX_EVENTS):
                part = tuple(told[start : start + MAX_EVENTS])
                result.append(Parcel(app.app_id, endpoint, part, tuple(map(compact, part))))
    return result


def pack(given: Sequence[Parcel]) -> list[list[int]]:
    """Which of these go into one request: their indexes, in order. No parcel is split, no request has too many."""
    requests: list[list[int]] = []
    filling: dict[tuple[str, str], tuple[list[int], int]] = {}
    for index, parcel in enumerate(given):
        endpoint, size = (parcel.app_id, parcel.url), len(parcel.events)
        request, filled = filling.get(endpoint, ([], MAX_EVENTS))
        if filled + size > MAX_EVENTS:
            request, filled = [], 0
            requests.append(request)
        request.append(index)
        filling[endpoint] = request, filled + size
    return requests


def body_of(texts: Sequence[str], now: int) -> bytes:
    """The body with these events. `now` (ms) is when it is sent: the Python SDK refuses what is five minutes old."""
    return f'{{"time_ms":{now},"events":[{",".join(texts)}]}}'.encode()


def headers_for(key: Key, body: bytes) -> dict[str, str]:
    """The headers of a request. The content type is exact: Node's SDK refuses one that names a charset."""
    return {
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "X-Pusher-Key": key.key,
        "X-Pusher-Signature": sign(key.secret, body.decode()),
    }


def backoff(receives: int) -> int:
    """Seconds until a message that was received so often (from 1) is tried again."""
    return min(1 << min(receives - 1, 30), _LONGEST_WAIT_SECONDS)


def _wants(app: App, endpoint: str, event: Mapping[str, Any]) -> bool:
    """An app may list an endpoint more than once, with other filters: it hears an event once all the same."""
    listed = (webhook for webhook in app.settings.webhooks if webhook.url == endpoint)
    return any(webhook.wants(event["name"], event["channel"]) for webhook in listed)


def _as_told(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with strings where Go's and PHP's SDKs expect nothing else."""
    return {
        name: compact(value) if name in ("data", "user_id") and not isinstance(value, str) else value
        for name, value in event.items()
    }
