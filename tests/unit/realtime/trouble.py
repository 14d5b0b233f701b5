"""A share with one of everything in it, and a world for each of its port calls in which something happens there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from realtime.domain.connections import Channel
from tests.fakes import NOW, FakeOutbox, World
from tests.unit.realtime.crowd import (
    RETRIES,
    Steps,
    copied,
    crowd,
    heard,
    ids,
    joining,
    run,
    share,
    told,
)

HALL = Channel("1", "hall")
NAMES = ids(620, seed=2)
CROWD = crowd(NAMES)
# One of everything: throttled, not sent, gone, fresh and told, fresh within and fresh behind all others.
THROTTLED, UNSENT, GONE, REFUSED = NAMES[5], NAMES[505], NAMES[605], NAMES[606]
TOLD, FRESH, LAST = f"{NAMES[400]}0", f"{NAMES[300]}0", "~"
LIVE = [name for name in (*NAMES, TOLD, FRESH, LAST) if name not in (GONE, REFUSED)]
WINDOW = 20

Outbox = type[FakeOutbox]


def scene(outbox: Outbox = FakeOutbox) -> World:
    world = copied(CROWD, page=300)
    world.outbox = outbox(world.journal, world.clock)
    world.outbox.window = WINDOW
    world.outbox.fates |= {THROTTLED: "throttled", UNSENT: "failed", GONE: "gone", REFUSED: "failed"}
    world.outbox.unsent = {UNSENT}
    joining(world, TOLD, FRESH, LAST)
    told(world, TOLD)
    # All that can get better does: before the next run, or on the way.
    world.clock.at(NOW + 1_200, lambda: world.outbox.fates.pop(THROTTLED))
    world.clock.at(NOW + 50_000, lambda: world.outbox.fates.pop(UNSENT))
    for name, at in ((FRESH, 120), (LAST, 400)):
        world.clock.at(NOW + at, partial(told, world, name))
    return world


def again(world: World, times: int = 3) -> None:
    """Lambda tries again, until it has worked."""
    for _ in range(times):
        world.clock.advance(RETRIES[-1])
        if run(world, share()):
            return
    raise AssertionError("it never ends")


def disturbed(happens: Callable[[World], object], outbox: Outbox = FakeOutbox) -> Iterator[tuple[World, str]]:
    """For each port call of a share's first run: a world in which something happened right there, and its name.

    The name is "last" of the note with which a run ends that has to be tried again.
    """
    at = 0
    while True:
        at += 1
        world = scene(outbox)
        world.journal.calls = steps = Steps(at, partial(happens, world))
        run(world, share())
        world.journal.calls = []
        if not steps.has_come:
            assert at > 15, "there is nothing left of what was to be disturbed"
            return
        yield world, "last" if at == len(steps) else f"{at}: {steps[at - 1]}"


def missed(world: World) -> list[str]:
    return [name for name in LIVE if not heard(world)[name]]


def twice(world: World) -> list[str]:
    return [name for name, times in heard(world).items() if times > 1]
