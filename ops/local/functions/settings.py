"""What can be set about the local Lambda service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds; the defaults are AWS's where AWS has one.

    `concurrency` caps the sandboxes of a function without reserved concurrency (AWS: 1,000 for
    the account, too many processes for one machine); beyond it an invocation waits in line for
    at most `patience`. `retry_delays` follow the first and the second function error of an
    event; a throttled one waits `throttle_first`, doubled each time up to `throttle_most`.
    """

    concurrency: int = 20
    patience: float = 10.0
    init_seconds: float = 10.0
    idle_seconds: float = 300.0
    reap_seconds: float = 15.0
    schedule_seconds: float = 1.0
    retry_delays: tuple[float, float] = (60.0, 120.0)
    throttle_first: float = 1.0
    throttle_most: float = 300.0
