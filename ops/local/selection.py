"""Which route a message takes: API Gateway's route selection expressions, without I/O.

Source: API Gateway developer guide, "Create routes for WebSocket APIs" and "WebSocket selection
expressions". An expression is evaluated once; what it yields is compared with the route keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator

DEFAULT = "$default"

_WHOLE = re.compile(r"\$request\.body\.([^{}$]+)")
_PART = re.compile(
    r"\\(?P<escaped>.)"
    r"|\$\{request\.body\.(?P<braced>[^{}]+)\}"
    r"|\$request\.body\.(?P<bare>[\w.\[\]'\"]+)"
    r"|(?P<text>[^\\$]+|.)",
    re.DOTALL,
)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")


def select(expression: str, body: str, route_keys: Collection[str]) -> str | None:
    """Return the key of the route that takes `body`, or None where AWS answers Forbidden.

    A body that is not JSON goes to $default. $connect and $disconnect are never selected.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        key = DEFAULT
    else:
        key = evaluate(expression, document)
    if key in route_keys and not key.startswith(("$connect", "$disconnect")):
        return key
    return DEFAULT if DEFAULT in route_keys else None


def evaluate(expression: str, document: object) -> str:
    """Return the text that `expression` yields for a parsed body; a missing path is empty."""
    whole = _WHOLE.fullmatch(expression)
    if whole:
        return _text(_find(document, whole[1]))
    return "".join(_evaluate_part(part, document) for part in _PART.finditer(expression))


def _evaluate_part(part: re.Match[str], document: object) -> str:
    path = part["braced"] or part["bare"]
    if path is not None:
        return _text(_find(document, path))
    return part["escaped"] or part["text"]


def _find(document: object, path: str) -> object:
    """Follow dots, [0] and ['name']; None where the document has no such thing."""
    found = document
    for step in _steps(path):
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def _steps(path: str) -> Iterator[str | int]:
    for match in _STEP.finditer(path):
        name, index, single, double = match.groups()
        yield (int(index) if index is not None else next(text for text in (name, single, double) if text is not None))


def _text(value: object) -> str:
    """Turn a JSON value into text as Java does: the guide shows an array as "[item1, item2]".

    What AWS makes of null is not documented; here it is like a missing path.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(_text(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{name}={_text(item)}' for name, item in value.items())}}}"
        case _:
            return str(value)
