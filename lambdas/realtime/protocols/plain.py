"""The plain protocol: JSON text frames with an `action` from the client and an `event` from the server.

`lambdas/README.md` holds the table of frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from realtime.domain.channels import check_channel, check_event
from realtime.domain.connections import PLAIN
from realtime.domain.errors import ClientError, ErrorCode
from realtime.domain.json_text import compact, parse

NAME = PLAIN
MAX_REQUEST_ID_LENGTH = 128

RequestId = str | int | None


class Message(NamedTuple):
    """A client's frame as a JSON object whose `requestId` is known to be good."""

    fields: Mapping[str, Any]
    request_id: RequestId


class Broadcast(NamedTuple):
    """`data` is the JSON text to deliver, at most `max_data_bytes` long."""

    channel: str
    event: str
    data: str


def decode(body: str) -> Message:
    """Read a frame. Raises ClientError: INVALID_JSON, INVALID_MESSAGE."""
    try:
        fields = parse(body)
    except ValueError:
        raise ClientError(ErrorCode.INVALID_JSON, "The frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise ClientError(ErrorCode.INVALID_MESSAGE, "The frame is not a JSON object.")
    return Message(fields, _request_id(fields))


def channel_of(message: Message) -> str:
    """The `channel` of a subscribe or unsubscribe. Raises ClientError: INVALID_MESSAGE, INVALID_CHANNEL."""
    return check_channel(_text(message, "channel"))


def broadcast_of(message: Message, max_data_bytes: int) -> Broadcast:
    """A broadcast's parts. Raises ClientError: INVALID_MESSAGE, INVALID_CHANNEL, INVALID_EVENT, DATA_TOO_LARGE."""
    channel = check_channel(_text(message, "channel"))
    event = check_event(_text(message, "event"))
    if "data" not in message.fields:
        raise ClientError(ErrorCode.INVALID_MESSAGE, 'The field "data" is missing.')
    return Broadcast(channel, event, _data(message.fields["data"], max_data_bytes))


def unknown_action(message: Message) -> NoReturn:
    """Refuse what no route took. Raises ClientError: INVALID_MESSAGE, UNKNOWN_ACTION."""
    _text(message, "action")
    raise ClientError(
        ErrorCode.UNKNOWN_ACTION,
        "The action is none of subscribe, unsubscribe, broadcast, heartbeat.",
    )


def subscribed(channel: str, request_id: RequestId) -> str:
    """The answer to a subscribe."""
    return _frame({"event": "subscribed", "channel": channel}, request_id)


def unsubscribed(channel: str, request_id: RequestId) -> str:
    """The answer to an unsubscribe."""
    return _frame({"event": "unsubscribed", "channel": channel}, request_id)


def heartbeat(now: int, request_id: RequestId) -> str:
    """The answer to a heartbeat, with the server's time in ms since the epoch."""
    return _frame({"event": "heartbeat", "serverTime": now}, request_id)


def error(failure: ClientError, request_id: RequestId) -> str:
    """Tell the client what was wrong with its frame."""
    return _frame({"event": "error", "code": failure.code, "message": failure.message}, request_id)


def event(channel: str, name: str, data: str, user_id: str | None) -> str:
    """An event for the readers of `channel`; `data` is JSON text and goes in as it is."""
    head = compact({"event": name, "channel": channel})[:-1]
    tail = "" if user_id is None else f',"userId":{compact(user_id)}'
    return f'{head},"data":{data}{tail}}}'


def coalesced(events: Sequence[str]) -> str:
    """One frame for several events, of which each is a frame; for one, that one."""
    return events[0] if len(events) == 1 else f'{{"events":[{",".join(events)}]}}'


def _frame(fields: dict[str, Any], request_id: RequestId) -> str:
    if request_id is not None:
        fields["requestId"] = request_id
    return compact(fields)


def _data(value: Any, limit: int) -> str:
    try:
        text = compact(value)
    except ValueError:
        # 1e999 is read as infinity, which JSON cannot say.
        raise ClientError(ErrorCode.INVALID_MESSAGE, 'The field "data" holds a number beyond JSON\'s range.') from None
    size = len(text.encode())
    if size > limit:
        raise ClientError(ErrorCode.DATA_TOO_LARGE, f"The data has {size} bytes; {limit} are allowed.")
    return text


def _text(message: Message, name: str) -> str:
    value = message.fields.get(name)
    if not isinstance(value, str):
        state = "missing" if name not in message.fields else "not a string"
        raise ClientError(ErrorCode.INVALID_MESSAGE, f'The field "{name}" is {state}.')
    return value


def _request_id(fields: Mapping[str, Any]) -> RequestId:
    value = fields.get("requestId")
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and len(value) <= MAX_REQUEST_ID_LENGTH:
        return value
    raise ClientError(
        ErrorCode.INVALID_MESSAGE,
        f'The field "requestId" is neither an integer nor a string of at most {MAX_REQUEST_ID_LENGTH} characters.',
    )
