"""Read JSON that holds secrets: a complaint names the place of what is wrong, never its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Check = Callable[[str], bool]


class Place:
    """One object of the JSON and the name of its place, such as `apps[0].settings`. Every method raises ValueError."""

    def __init__(self, name: str, values: Any) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{name or 'the whole'} is not an object")
        self.name = name
        self.values: Mapping[str, Any] = values

    def text(self, name: str, check: Check, otherwise: str, absent: str | None = None) -> str:
        """A string that passes `check`; `otherwise` says what it is if it does not ("not a string of digits")."""
        value = self.values.get(name, absent)
        if not isinstance(value, str) or not check(value):
            raise ValueError(f"{self._of(name)} is {otherwise}")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of a few strings; the first if absent."""
        return self.text(name, allowed.__contains__, f"none of {', '.join(allowed)}", absent=allowed[0])

    def flag(self, name: str, absent: bool) -> bool:
        """True or false."""
        value = self.values.get(name, absent)
        if not isinstance(value, bool):
            raise ValueError(f"{self._of(name)} is not true or false")
        return value

    def number(self, name: str, highest: int) -> int | None:
        """A whole number from 1 to `highest`, or None if absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
            raise ValueError(f"{self._of(name)} is neither null nor a whole number from 1 to {highest}")
        return value

    def texts(self, name: str, check: Check, otherwise: str) -> tuple[str, ...]:
        """A list of strings that pass `check`; none if absent."""
        values = self._list(name, ())
        for number, value in enumerate(values):
            if not isinstance(value, str) or not check(value):
                raise ValueError(f"{self._of(name)}[{number}] is {otherwise}")
        return tuple(values)

    def objects(self, name: str, absent: Sequence[Any] | None = None) -> list[Place]:
        """A list of objects."""
        values = self._list(name, absent)
        return [Place(f"{self._of(name)}[{number}]", value) for number, value in enumerate(values)]

    def _list(self, name: str, absent: Sequence[Any] | None) -> Sequence[Any]:
        value = self.values.get(name, absent)
        if not isinstance(value, list | tuple):
            raise ValueError(f"{self._of(name)} is not a list")
        return value

    def _of(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name
