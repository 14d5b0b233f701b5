"""How an event's data cross from one protocol to the other.

Pusher's `data` are a string. pusher-js hands its listeners what the string says as JSON, or the string itself where it
is not JSON. The plain protocol's `data` are JSON. Both ways, a plain client and a pusher-js client hear the same value:

    read(data)  is  JSON.parse(plain_data(data))        read(pusher_data(text))  is  JSON.parse(text)

with `read` as pusher-js does it. One thing is lost: data nested so deeply that our parser refuses them reach plain
clients as a string.
"""

from __future__ import annotations

from realtime.domain.json_text import compact, is_json, sendable


def plain_data(data: str) -> str:
    """Pusher's data as JSON text for plain clients: themselves if they are JSON, else a JSON string of them."""
    return sendable(data) if is_json(data) else compact(data)


def pusher_data(json_text: str) -> str:
    """Plain data, which are JSON text, for Pusher clients: as they are."""
    return json_text
