"""Faults of AWS that can be switched on while the local AWS runs.

Each one imitates something that users of the real service met: see the names below. Whatever
could fail asks `Faults.strike` at the moment it could; nothing else knows about faults.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

NAMES: dict[str, str] = {
    "disconnect-lost": "the $disconnect handler is never invoked; subject: connection id",
    "disconnect-late": "$disconnect is invoked after `seconds`; subject: connection id",
    "gone": "@connections answers 410 although the connection lives; subject: connection id",
    "throttled": "@connections answers 429 LimitExceededException; subject: connection id",
    "slow-post": "@connections answers after `seconds`; subject: connection id",
    "slow-reader": "posts get 429, the client side buffer is full; subject: connection id",
    "dead-socket": "a post answers 200 and delivers nothing; subject: connection id",
    "gone-but-delivered": "a post answers 410 although it was delivered; subject: connection id",
    "duplicate-async": "an asynchronous invocation runs twice; subject: function name",
    "duplicate-queue": "a message of a queue is handed to its function twice; subject: queue name",
    "dynamodb-error": "DynamoDB answers 500 or throttles, by turns; subject: 'Operation table'",
}
"""The closed set of faults, each with what it does and what `match` is compared with."""

TIMED = frozenset({"disconnect-late", "slow-post"})
"""Faults that mean nothing without `seconds`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is switched on, as it stood when it struck.

    `rate` is the probability of a strike, `times` how many strikes remain (None: no end),
    `seconds` the delay of a timed fault, `match` a substring of the subjects it strikes
    (None: all) and `struck` how often it struck since it was set, this strike included.
    """

    name: str
    rate: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    match: str | None = None
    struck: int = 0

    def meets(self, subject: str) -> bool:
        """Tell whether this fault may strike `subject` now, the dice apart."""
        return self.times != 0 and (self.match is None or self.match in subject)

    def spent(self) -> Fault:
        """Return this fault after one more strike."""
        times = None if self.times is None else self.times - 1
        return replace(self, times=times, struck=self.struck + 1)

    def as_dict(self) -> dict[str, object]:
        """Return the settings and the count of strikes, ready for JSON."""
        return {
            "rate": self.rate,
            "times": self.times,
            "seconds": self.seconds,
            "match": self.match,
            "struck": self.struck,
        }


def check(fault: Fault) -> None:
    """Raise ValueError that says which setting of `fault` is wrong and what would be right."""
    if fault.name not in NAMES:
        raise ValueError(f"unknown fault {fault.name!r}; choose one of: {', '.join(NAMES)}")
    if not (0 < fault.rate <= 1):
        raise ValueError(f"rate {fault.rate!r} is not a probability: use more than 0, at most 1")
    if fault.times is not None and fault.times < 1:
        raise ValueError(f"times {fault.times!r} would never strike: use 1 or more, or leave it")
    if fault.seconds < 0 or not math.isfinite(fault.seconds):
        raise ValueError(f"seconds {fault.seconds!r} is not a delay: use 0 or more")
    if fault.name in TIMED and not fault.seconds:
        raise ValueError(f"{fault.name} needs seconds: how late should it be?")


class Faults:
    """The faults that are on. For the tasks of one event loop, not for several threads."""

    def __init__(self, dice: random.Random | None = None) -> None:
        self._dice = dice or random.Random()  # noqa: S311 - dice, not keys
        self._on: dict[str, Fault] = {}

    def set(
        self,
        name: str,
        *,
        rate: float = 1.0,
        times: int | None = None,
        seconds: float = 0.0,
        match: str | None = None,
    ) -> None:
        """Switch a fault on, in place of an earlier setting of it; ValueError if malformed."""
        fault = Fault(name, rate=rate, times=times, seconds=seconds, match=match)
        check(fault)
        self._on[name] = fault

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all of them; ValueError if there is no such fault."""
        if name is None:
            self._on.clear()
            return
        if name not in NAMES:
            raise ValueError(f"unknown fault {name!r}; choose one of: {', '.join(NAMES)}")
        self._on.pop(name, None)

    def strike(self, name: str, subject: str = "") -> Fault | None:
        """Return the fault if it is on, meets `subject` and the dice say so; count it."""
        assert name in NAMES, name
        fault = self._on.get(name)
        if fault is None or not fault.meets(subject):
            return None
        if fault.rate < 1 and self._dice.random() >= fault.rate:
            return None
        struck = fault.spent()
        self._on[name] = struck
        return struck

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Return what is on: name to its settings and how often it struck."""
        return {name: fault.as_dict() for name, fault in self._on.items()}
