"""JSON as every protocol here writes and reads it."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def compact(value: Any) -> str:
    """JSON in UTF-8, without spaces. Lone surrogates, which have no UTF-8 form, are escaped: it can always be sent.

    Raises ValueError for what JSON cannot say (infinity, which is what 1e999 is read as) and for nesting beyond what
    the encoder bears.
    """
    try:
        return sendable(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse(text: str) -> Any:
    """Read JSON strictly: no NaN. Raises ValueError, also for nesting and for digits beyond what the parser bears."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def is_json(text: str) -> bool:
    """Whether `text` is JSON, however long its numbers are. What is nested too deeply for our parser counts as not."""
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        return False
    return True


def sendable(json_text: str) -> str:
    """The same JSON with lone surrogates escaped; they can only stand within its strings."""
    return json_text.encode(errors="backslashreplace").decode()


def has_utf8(text: str) -> bool:
    """Whether `text` can be sent and stored: JSON's escapes can spell lone surrogates, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def size_of(text: str) -> int:
    """Bytes of UTF-8, three for each lone surrogate."""
    return len(text.encode(errors="surrogatepass"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
