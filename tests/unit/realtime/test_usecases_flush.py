"""One flush after the other: order, and what fails or dies on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from realtime.domain.errors import ServiceError
from realtime.ports import Entry
from realtime.usecases.coalescing import flush
from realtime.usecases.publish import publish
from tests.fakes import NOW, World
from tests.unit.realtime.crowd import Died, Steps, dying, lambda_does, plain
from tests.unit.realtime.waiters import HALL, event, frames, names, publish_all, scene, waiting

# How long `deliver` may take (functions.tf), and after which a flush that took events must be dead.
FUNCTION_MS = 120_000
DEAD_MS = 130_001

# One flush after the other


def test_events_come_in_their_order_over_many_flushes():
    world = scene(waiting("w"))
    for nth in range(40):
        world.clock.at(NOW + nth * 70, partial(publish, event(f"e{nth}"), world.ports))
    world.clock.advance(0)
    while world.invoker.started or world.clock.time < NOW + 40 * 70:
        lambda_does(world)
        world.clock.advance(10)
    assert names(world, "w") == [f"e{nth}" for nth in range(40)]
    assert len(frames(world, "w")) < 20


def test_what_comes_while_a_flush_delivers_goes_out_behind_it():
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    world.outbox.on_post = lambda *_: once(world, lambda: publish(event("b"), world.ports))
    lambda_does(world)
    assert frames(world, "w") == [["a"], ["b"]]


def once(world: World, happens: Callable[[], object]) -> None:
    world.outbox.on_post = None
    happens()


def test_a_flush_waits_for_the_one_before():
    """The one before has taken its events and not yet delivered them."""
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    first = world.invoker.started.pop()
    entries = world.buffers.take(HALL, first["id"], NOW)
    publish(event("b"), world.ports)
    second = world.invoker.started.pop()
    world.clock.at(NOW + 2_000, lambda: flush(first, world.ports))
    flush(second, world.ports)
    assert (entries is not None, frames(world, "w")) == (True, [["a"], ["b"]])


def test_a_flush_gives_up_waiting_for_one_that_does_not_end_and_is_tried_again():
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    world.buffers.take(HALL, world.invoker.started.pop()["id"], NOW)
    publish(event("b"), world.ports)
    with pytest.raises(ServiceError):
        flush(world.invoker.started[0], world.ports)
    assert (world.clock.time <= NOW + 10_500, world.outbox.posts) == (True, [])


def test_the_last_try_of_a_flush_finds_the_one_before_dead_for_sure_and_takes_all():
    """Lambda tries after one minute, and after two more."""
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    world.buffers.take(HALL, world.invoker.started.pop()["id"], NOW)
    publish(event("b"), world.ports)
    lambda_does(world)
    assert (frames(world, "w"), world.buffers.is_empty) == ([["a", "b"]], True)


def test_a_flush_has_as_long_as_a_function_has_before_another_takes_over():
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    world.buffers.take(HALL, world.invoker.started.pop()["id"], NOW)
    world.clock.advance(FUNCTION_MS)
    assert world.buffers.take(HALL, "another", world.clock.time) is None


def test_a_flush_that_comes_twice_one_after_the_other_delivers_once():
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    job = world.invoker.started.pop()
    flush(job, world.ports)
    flush(job, world.ports)
    assert (frames(world, "w"), world.buffers.is_empty) == ([["a"]], True)


def test_a_flush_without_events_is_none():
    world = scene()
    flush({"kind": "flush", "id": "f", "app": "1", "channel": "hall", "wait": 50}, world.ports)
    assert (world.outbox.posts, world.telemetry.counts) == ([], {})


def test_who_is_gone_is_forgotten():
    world = scene()
    world.outbox.fates["w"] = "gone"
    publish(event(), world.ports)
    lambda_does(world)
    assert ("w" in world.connections.rows, names(world, "x")) == (False, ["e"])


def test_who_comes_in_before_the_flush_and_is_told_gets_it_after_that():
    world = scene(waiting("w"))
    publish(event(), world.ports)
    row = waiting("x")._replace(channels=frozenset())
    world.connections.rows["x"] = row
    world.subscribe("hall", row, since=NOW)
    world.clock.at(NOW + 250, lambda: world.connections.join("x", Entry("hall"), NOW))
    lambda_does(world)
    assert [names(world, name) for name in "wx"] == [["e"], ["e"]]


# Failures


def test_an_event_that_cannot_be_kept_does_not_wait():
    world = scene()
    world.journal.failures["buffers.append"] = ServiceError("append", "more events wait than a row can hold")
    publish_all(world, event("a"))
    assert [frames(world, name) for name in "wxpq"] == [[["a"]]] * 4
    assert world.telemetry.errors["internal_error"] == 2


def test_events_for_which_there_is_no_room_push_out_those_that_wait_and_come_after_them():
    world = scene(waiting("w"))
    publish_all(world, *(event(f"e{nth}", data=f'"{"x" * 10_000}"') for nth in range(60)))
    lambda_does(world)
    assert names(world, "w") == [f"e{nth}" for nth in range(60)]


def test_a_reader_that_hangs_delays_the_others_once_and_not_once_a_frame():
    world = scene(waiting("w"), waiting("x"))
    publish_all(world, *(event(f"e{nth}", data=f'"{"x" * 10_000}"') for nth in range(12)))
    world.outbox.fates["x"] = "failed"
    world.journal.calls.clear()
    lambda_does(world)
    assert world.journal.calls.count("outbox.post_each") == 1
    assert ([name for name, _ in world.outbox.posts].count("x"), len(frames(world, "w"))) == (1, 4)


def test_events_whose_flush_cannot_be_started_do_not_wait():
    """Else they would wait for somebody to publish again, and that would be told a success as well."""
    world = scene()
    world.journal.failures["invoker.start"] = ServiceError("Invoke", "down")
    publish_all(world, event("a"), event("b"))
    assert [frames(world, name) for name in "wxpq"] == [[["a"], ["b"]]] * 4
    assert (world.buffers.is_empty, world.telemetry.errors["internal_error"]) == (True, 2)


@pytest.mark.parametrize("call", ["buffers.take", "buffers.done"])
def test_an_event_that_waits_is_not_delivered_at_once_as_well_though_nothing_can_be_flushed(call):
    """It waits for the next flush. What that one cannot know is done comes twice, as after a flush that died."""
    world = scene()
    world.journal.failures |= {name: ServiceError("any", "down") for name in ("invoker.start", call)}
    assert publish(event("a"), world.ports).waiting == 2
    flushed = [["a"]] if call == "buffers.done" else []
    assert [frames(world, name) for name in "wxpq"] == [flushed, flushed, [["a"]], [["a"]]]
    assert world.telemetry.errors["internal_error"] == 2
    world.journal.failures.clear()
    world.clock.advance(DEAD_MS)
    publish(event("b"), world.ports)
    lambda_does(world)
    assert [frames(world, name) for name in "wxpq"] == [[*flushed, ["a", "b"]]] * 2 + [[["a"], ["b"]]] * 2


def test_events_whose_flush_was_lost_go_out_with_a_later_one():
    world = scene(waiting("w"))
    publish(event("a"), world.ports)
    world.invoker.started.clear()
    world.clock.advance(7_000)
    publish_all(world, event("b"), event("c"))
    lambda_does(world)
    assert frames(world, "w") == [["a", "b", "c"]]


def breaking() -> None:
    raise ServiceError("any", "down")


@pytest.mark.parametrize("ends", [dying, breaking])
@pytest.mark.parametrize("more", [0, 2])
def test_a_flush_that_ends_at_any_call_is_tried_again_and_nobody_misses_an_event_or_hears_it_out_of_order(ends, more):
    """Each event comes once, or all that the flush had taken once more: in their order both times."""
    calls = 0
    while True:
        calls += 1
        world = scene(waiting("w"), waiting("x"))
        publish_all(world, event("a"), event("b"))
        for nth in range(more):
            world.clock.at(NOW + 250 + nth, partial(publish, event(f"late{nth}"), world.ports))
        job = world.invoker.started.pop()
        world.journal.calls = steps = Steps(calls, ends)
        with suppress(Died, ServiceError):
            flush(job, world.ports)
        world.journal.calls = []
        if not steps.has_come:
            break
        world.clock.advance(300)
        world.invoker.started.append(job)
        lambda_does(world)
        expected = ["a", "b", *(f"late{nth}" for nth in range(more))]
        for name in "wx":
            found = names(world, name)
            assert found[-len(expected) :] == expected, (steps[-1], found)
            assert found[: -len(expected)] in ([], ["a", "b"]), (steps[-1], found)
        assert world.buffers.is_empty
    assert calls > 4


def test_another_flush_started_at_any_call_of_one_delivers_behind_it():
    calls = 0
    while True:
        calls += 1
        world = scene(waiting("w"))
        publish(event("a"), world.ports)
        first = world.invoker.started.pop()
        world.journal.calls = steps = Steps(calls, partial(_next_flush, world))
        flush(first, world.ports)
        world.journal.calls = []
        if not steps.has_come:
            break
        world.clock.advance(60_000)
        lambda_does(world)
        assert names(world, "w") == ["a", "b"], steps
    assert calls > 4


def _next_flush(world: World) -> None:
    """An event comes, and what it starts runs beside the flush that is under way; if in vain, later again."""
    publish(event("b"), world.ports)
    for job in world.invoker.started[:]:
        with suppress(ServiceError):
            flush(job, world.ports)


def test_a_flush_that_is_started_twice_at_once_delivers_twice_at_worst():
    calls = 0
    while True:
        calls += 1
        world = scene(waiting("w"))
        publish_all(world, event("a"), event("b"))
        job = world.invoker.started.pop()
        world.journal.calls = steps = Steps(calls, partial(flush, job, world.ports))
        flush(job, world.ports)
        if not steps.has_come:
            break
        assert frames(world, "w") in ([["a", "b"]], [["a", "b"], ["a", "b"]]), steps
    assert calls > 4


def test_a_publish_that_dies_at_any_call_has_later_ones_deliver_to_those_who_wait():
    calls = 0
    while True:
        calls += 1
        world = scene(waiting("w"), plain("p", "hall"))
        world.journal.calls = steps = Steps(calls, dying)
        with suppress(Died):
            publish(event("a"), world.ports)
        world.journal.calls = []
        if not steps.has_come:
            break
        world.clock.advance(7_000)
        publish(event("b"), world.ports)
        lambda_does(world)
        assert names(world, "w")[-1:] == ["b"], steps[-1]
        assert (names(world, "w").count("b"), names(world, "w").count("a") <= 1) == (1, True), steps[-1]
    assert calls > 4
