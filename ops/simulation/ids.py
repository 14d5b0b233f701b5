"""Connection ids as API Gateway gives them out: eleven bytes in padded base64url. How it draws them is not known."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from ops.simulation.assumptions import BY_TIME

_BYTES = 11
_TIME_BYTES = 5
# Connections live for two hours at most.
_SPREAD_MS = 7_200_000


def draw(count: int, kind: str, seed: int) -> Sequence[str]:
    """So many different ids in the order of DynamoDB's keys."""
    dice = random.Random(seed)  # noqa: S311 - dice, not keys
    drawn: set[str] = set()
    while len(drawn) < count:
        drawn.add(_by_time(dice) if kind == BY_TIME else _text(dice.randbytes(_BYTES)))
    return sorted(drawn)


def _by_time(dice: random.Random) -> str:
    opened = 0x4D_15_C0_00_00 + dice.randrange(_SPREAD_MS)
    return _text(opened.to_bytes(_TIME_BYTES, "big") + dice.randbytes(_BYTES - _TIME_BYTES))


def _text(drawn: bytes) -> str:
    return urlsafe_b64encode(drawn).decode()
