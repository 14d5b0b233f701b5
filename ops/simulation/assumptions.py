"""Every number that a simulation starts from. The command's options are made of these fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ops.simulation import measured
from realtime.ports import Limits

_LIMITS = Limits()
RANDOM, BY_TIME = "random", "time"
# The channels that are simulated unless others are asked for.
READERS = (1_000, 10_000, 100_000, 1_000_000)
# Memory with which a function has one whole core (Lambda guide, "Configure Lambda function memory").
MB_OF_A_CORE = 1_769


def _given(default: Any, help_text: str, unit: str = "") -> Any:
    """A field: what it stands for, and its unit."""
    return field(default=default, metadata={"help": help_text, "unit": unit})


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Defaults are what is deployed by default, AWS's quotas for a new account, and guesses that say so."""

    publishes: int = _given(1, "Events published to the channel.")
    publish_rate: float = _given(1.0, "Events published a second.", "/s")
    frame_bytes: int = _given(200, "Size of a frame.", "bytes")
    ids: str = _given(RANDOM, "Connection ids: random, or beginning with the time of their connection.")
    direct_readers: int = _given(_LIMITS.direct_readers, "Readers up to which a publish delivers before it returns.")
    share_readers: int = _given(_LIMITS.share_readers, "Readers that a share is meant for.")
    max_shares: int = _given(_LIMITS.max_shares, "Shares of a publish at most.")
    requests_per_second: int = _given(_LIMITS.requests_per_second, "Posts that all shares together may send.", "/s")
    max_age_seconds: int = _given(_LIMITS.max_age_seconds, "What could not begin after so long is shed.", "s")
    latency_ms: float = _given(15.0, "Median time in which API Gateway answers a post (as reported).", "ms")
    latency_p99_ms: float = _given(100.0, "99th percentile of it, log-normal (a guess).", "ms")
    gateway_rate: int = _given(10_000, "Requests that API Gateway takes from the account (its quota).", "/s")
    gateway_burst: int = _given(5_000, "And at once (its quota).")
    other_rate: int = _given(0, "Of these, requests that others in the account send.", "/s")
    memory_mb: int = _given(512, "Memory of deliver, and with it its part of a core.", "MB")
    publisher_memory_mb: int = _given(MB_OF_A_CORE, "Memory of the function that publishes.", "MB")
    timeout_seconds: float = _given(120.0, "Time that a run of deliver has.", "s")
    event_age_seconds: float = _given(900.0, "Lambda drops an asynchronous invocation that is older.", "s")
    retries: int = _given(2, "Times that Lambda tries a failed run of deliver again.")
    concurrency: int = _given(1_000, "Lambda's invocations at the same time (its quota).")
    warm: int = _given(0, "Sandboxes of deliver that are warm already.")
    async_start_ms: float = _given(50.0, "From an asynchronous invocation to its start (a guess).", "ms")
    cold_start_ms: float = _given(300.0, "More, where no sandbox is warm (a guess).", "ms")
    invoke_ms: float = _given(20.0, "Until Lambda has accepted an asynchronous invocation (a guess).", "ms")
    delivery_us: float = _given(measured.DELIVERY_US, "CPU of one delivery on a whole core.", "µs")
    connect_us: float = _given(measured.CONNECT_US, "CPU of opening one TLS connection, on a whole core.", "µs")
    connect_ms: float = _given(5.0, "Time that it takes beyond that (a guess).", "ms")
    row_us: float = _given(measured.ROW_US, "CPU of reading and sorting one reader, on a whole core.", "µs")
    in_flight: int = _given(192, "Posts of one run in flight at once, beside those that take long.")
    most_in_flight: int = _given(512, "And with those.")
    dynamodb_ms: float = _given(5.0, "Time in which DynamoDB answers (a guess).", "ms")
    row_bytes: int = _given(200, "Size of a reader's row.", "bytes")
    partition_read_units: int = _given(3_000, "Reads that one partition takes (its limit).", "/s")
    partition_write_units: int = _given(1_000, "Writes that one item takes (its limit).", "/s")
    seed: int = _given(1, "Of the dice: the same seed gives the same figures.")

    def limits(self) -> Limits:
        """The settings of the share-out."""
        return Limits(
            self.direct_readers,
            self.share_readers,
            self.max_shares,
            self.requests_per_second,
            self.max_age_seconds,
        )
