"""What large publishes and events that wait cost in AWS calls, exactly. The table is quoted in lambdas/README.md."""

# Steps one after the other are a tuple of what they return, which is nothing.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import pytest

from tests.contract.counted import (
    DELETE,
    INVOKE,
    POST,
    QUERY,
    UPDATE,
    Step,
    check,
)

# operation: (what went before, what is counted, the AWS calls)
LARGE: dict[str, tuple[Step, Step, dict[str, int]]] = {
    "publish to as many as are delivered to at once": (
        lambda b: (b.readers("lobby", 5), b.limit(direct_readers=5)),
        lambda b: b.trigger("lobby"),
        {QUERY: 1, POST: 5},
    ),
    "publish to more than that": (
        lambda b: (b.readers("lobby", 6), b.limit(direct_readers=5, share_readers=2)),
        lambda b: b.trigger("lobby"),
        {QUERY: 2, INVOKE: 3},
    ),
    "a share of 6": (
        lambda b: (b.readers("lobby", 6), b.limit(direct_readers=5), b.trigger("lobby")),
        lambda b: b.deliver(),
        {UPDATE: 6, QUERY: 1, POST: 6},
    ),
    "a share of 6, while there are others": (
        lambda b: (
            b.readers("lobby", 6),
            b.limit(direct_readers=5, requests_per_second=500_000),
            b.ports.sharing().quota.reserve(1, 500_000, b.clock.now()),
            b.trigger("lobby"),
        ),
        lambda b: b.deliver(),
        {UPDATE: 5, QUERY: 1, POST: 6},
    ),
    "a share of 501": (
        lambda b: (
            b.readers("lobby", 501),
            b.limit(direct_readers=5, max_shares=1, requests_per_second=500_000),
            b.trigger("lobby"),
        ),
        lambda b: b.deliver(),
        {UPDATE: 4 + 2 * 2, QUERY: 1, POST: 501},
    ),
    "a share that is done already": (
        lambda b: (b.readers("lobby", 6), b.limit(direct_readers=5), b.trigger("lobby"), b.trigger("lobby")),
        lambda b: (b.ports.sharing().shares.finish(b.next_share(), 0), b.calls.clear(), b.deliver()),
        {UPDATE: 1},
    ),
    "publish to 3 that let events wait": (
        lambda b: (b.readers("lobby", 3, coalesce=50), b.limit(coalesce_max_ms=50)),
        lambda b: b.trigger("lobby"),
        {QUERY: 1, UPDATE: 1, INVOKE: 1},
    ),
    "publish to 3 that let events wait, while others wait": (
        lambda b: (b.readers("lobby", 3, coalesce=50), b.limit(coalesce_max_ms=50), b.trigger("lobby")),
        lambda b: b.trigger("lobby"),
        {QUERY: 1, UPDATE: 1},
    ),
    "the events that 3 let wait": (
        lambda b: (b.readers("lobby", 3, coalesce=50), b.limit(coalesce_max_ms=50), *[b.trigger("lobby")] * 4),
        lambda b: b.deliver(),
        {UPDATE: 1, QUERY: 1, POST: 3, DELETE: 1},
    ),
    "the events that 3 let wait, were they taken already": (
        lambda b: (b.readers("lobby", 3, coalesce=50), b.limit(coalesce_max_ms=50), b.trigger("lobby"), b.take()),
        lambda b: b.deliver(),
        {UPDATE: 1},
    ),
}


@pytest.mark.parametrize("operation", LARGE)
def test_the_aws_calls_of_large_publishes(operation, backend):
    check(LARGE[operation], backend)
