"""From a publish to the last of 200 readers, end to end on the local AWS, beside a chat written as in AWS's samples."""

from __future__ import annotations

import asyncio
from statistics import median

from bench import chat, crowd
from bench.figures import Figure, Table
from bench.local_aws import LocalAws, local_aws
from bench.racing import ROUNDS

_READERS = 200


def run() -> Table:
    """Medians, the two taking turns, each warmed up."""
    with local_aws() as aws:
        ours, theirs = asyncio.run(_measure(aws))
    table = Table(f"publish to the last of {_READERS} readers on the local AWS, end to end", "AWS's sample")
    table.figures.append(Figure("median", median(ours), "ms", median(theirs)))
    table.figures.append(Figure("slowest", max(ours), "ms", max(theirs)))
    return table


async def _measure(aws: LocalAws) -> tuple[list[float], list[float]]:
    deployed = chat.deploy(aws.deployment)
    times: tuple[list[float], list[float]] = [], []
    async with crowd.samples(aws, deployed, _READERS) as theirs, crowd.ours(aws, _READERS) as ours:
        await asyncio.sleep(crowd.SETTLED_SECONDS)
        for one in (ours, theirs):
            await one.hear()
        for _ in range(ROUNDS):
            for one, measured in zip((ours, theirs), times, strict=True):
                measured.append(await one.hear())
    return times
