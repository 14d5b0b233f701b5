"""Ranges of connection ids: a channel's readers are read, and shared out, by them.

API Gateway's ids are base64url, 15 to 16 characters. Nothing says that they are random: ids made close together may
begin alike. So a range is cut between the ids that are there, not between all that could be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# In the order of their code points, which is the order of DynamoDB's keys.
_ALPHABET = "-0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_BASE = len(_ALPHABET)
_DIGIT = {character: value for value, character in enumerate(_ALPHABET)}
# Before and behind every id: printable characters lie between.
FIRST, LAST = " ", "~"
# Enough to tell apart what is worth cutting between; 65^12 fits a float's exponent and an int has no limits.
_PLACES = 12


class Range(NamedTuple):
    """Connection ids from `first` to `last`, both included."""

    first: str = FIRST
    last: str = LAST

    def after(self, cursor: str) -> Range:
        """What is left of it behind an id."""
        return self if cursor < self.first else Range(f"{cursor}\0", self.last)


EVERY = Range()


def estimate(low: str, known: str, high: str, count: int) -> int:
    """About how many ids there are from `low` to `high`, if `count` of them are not above `known`."""
    span, part = _number(high) - _number(low), _number(known) - _number(low)
    if part <= 0 or span <= part:
        return count
    return count * span // part


def split(low: str, high: str, parts: int) -> list[Range]:
    """All ids in at most so many ranges without gaps, cut at even distances between two of them."""
    start, span = _number(low), _number(high) - _number(low)
    cuts = sorted({_text(start + span * part // parts) for part in range(1, parts)} - {_text(start)})
    return list(_between(cuts))


def _between(cuts: Iterable[str]) -> Iterable[Range]:
    first = FIRST
    for cut in cuts:
        yield Range(first, cut)
        first = f"{cut}\0"
    yield Range(first, LAST)


def _number(connection_id: str) -> int:
    """The id as a number in base 65; a character that is none of the alphabet counts as the next lower one."""
    number = 0
    for place in range(_PLACES):
        character = connection_id[place] if place < len(connection_id) else ""
        number = number * _BASE + _value(character)
    return number


def _value(character: str) -> int:
    if not character:
        return 0
    found = _DIGIT.get(character)
    return sum(other < character for other in _ALPHABET[1:]) if found is None else found


def _text(number: int) -> str:
    digits = []
    for _ in range(_PLACES):
        number, digit = divmod(number, _BASE)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
