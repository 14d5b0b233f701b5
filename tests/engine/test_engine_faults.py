"""One kind of fault at a time: who hangs, who throttles, what is too large, and connections that drop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sinks.counting import CountingSink
from bench.sinks.plan import Plan, Reader, Step
from realtime.ports import Posted
from tests.engine import mixes
from tests.engine.harness import ATTEMPTS, DEADLINE, Time, clean_outbox, outbox_to
from tests.engine.oracle import budget, by_fate, frames_in_order

FRAME = '{"event":"e"}'
WELL = Step()
HANGS = Step(how="hang")


def to_all(names: list[str]) -> Iterator[tuple[str, str]]:
    return ((name, FRAME) for name in names)


def test_who_hangs_settles_after_all_others(plain_sink):
    # More than are in flight at once, unless it makes room.
    hanging = [f"hangs{number}" for number in range(250)]
    others = [f"c{number}" for number in range(300)]
    busy = {name: [Step(429), WELL] for name in others[::30]}
    plain_sink.follow(Plan({**{name: [HANGS] for name in hanging}, **busy}))
    with clean_outbox(plain_sink, 2 * DEADLINE) as outbox:
        # The worst order: they are in flight before anybody else is.
        posted = list(outbox.stream(to_all([*hanging, *others])))
    settled = [one.connection_id for one in posted]
    assert (sorted(settled[:300]), sorted(settled[300:])) == (sorted(others), sorted(hanging))
    assert {one.fate for one in posted[:300]} == {"delivered"}
    assert {(one.fate, one.reason, one.sent) for one in posted[300:]} == {("failed", "timed out", True)}


def test_an_answer_that_comes_too_late_is_nobody_elses(plain_sink):
    plain_sink.follow(Plan({"late": [Step(410, delay=2 * DEADLINE)]}))
    with clean_outbox(plain_sink, DEADLINE) as outbox:
        posted = [*outbox.stream([("late", FRAME)]), *outbox.stream([("next", FRAME)])]
    assert [(one.fate, one.reason) for one in posted] == [("failed", "timed out"), ("delivered", None)]


@pytest.mark.parametrize(("status", "fate"), [(503, "failed"), (500, "failed"), (429, "throttled")])
@pytest.mark.parametrize("readers", [1, 40, 300])
def test_an_endpoint_that_refuses_everything_is_not_asked_three_times_as_much(plain_sink, status, fate, readers):
    plain_sink.follow(Plan(otherwise=[Step(status)]))
    names = [f"c{number}" for number in range(readers)]
    with clean_outbox(plain_sink) as outbox:
        posted = list(outbox.stream(to_all(names)))
        asked = plain_sink.report().asked
    assert {(one.fate, one.reason) for one in posted} == {(fate, f"HTTP {status}")}
    assert len(posted) == readers
    assert asked == readers + min(budget(readers), readers * (ATTEMPTS - 1))


def test_the_budget_of_one_call_is_not_that_of_the_next(plain_sink):
    with clean_outbox(plain_sink) as outbox:
        plain_sink.follow(Plan(otherwise=[Step(503)]))
        list(outbox.stream(to_all([f"c{number}" for number in range(40)])))
        plain_sink.follow(Plan(otherwise=[Step(503), WELL]))
        assert by_fate(list(outbox.stream(to_all(["a", "b", "c"]))))["delivered"]
        assert plain_sink.report().taken == 3


def test_what_is_too_large_fails_at_once_with_its_reason_and_its_connection_stays(sink):
    sink.follow(Plan(otherwise=[Step(413)]))
    with clean_outbox(sink) as outbox:
        results = [outbox.post([f"c{number}"], FRAME) for number in range(5)]
        report = sink.report()
    assert [(result.failed, result.reasons) for result in results] == [
        ([f"c{number}"], {"HTTP 413": 1}) for number in range(5)
    ]
    assert (report.asked, report.accepted) == (5, 1)


def test_reasons_are_counted(plain_sink):
    plan = {"large": [Step(413)], "huge": [Step(413)], "flooded": [Step(429)], "down": [Step(502)], "gone": [Step(410)]}
    plain_sink.follow(Plan(plan))
    with clean_outbox(plain_sink) as outbox:
        result = outbox.post([*plan, "well"], FRAME)
    assert result.reasons == {"HTTP 413": 2, "HTTP 429": 1, "HTTP 502": 1}


def post_twice(sink: CountingSink, *steps: Step, rest: float = 0.0) -> tuple[Posted, Reader]:
    """Post a frame, which goes well, and another one so many seconds later over the connection that was kept."""
    sink.follow(Plan({"a": [WELL, *steps]}))
    clock = Time()
    with clean_outbox(sink, clock=clock) as outbox:
        list(outbox.stream([("a", FRAME)]))
        clock.ahead = rest
        (posted,) = outbox.stream([("a", FRAME)])
        return posted, sink.report().readers["a"]


LONG = 3600.0


@pytest.mark.parametrize("how", mixes.DROPS)
@pytest.mark.parametrize("taken", [False, True])
def test_a_request_on_a_connection_that_dropped_after_a_long_rest_is_sent_again(sink, how, taken):
    posted, reader = post_twice(sink, Step(how=how, taken=taken), WELL, rest=LONG)
    # Heard twice by a client at worst.
    assert (posted.fate, reader.asked, reader.taken) == ("delivered", 3, 3 if taken else 2)


@pytest.mark.parametrize("how", mixes.DROPS)
@pytest.mark.parametrize("rest", [0.0, LONG])
def test_a_request_is_sent_again_only_once(sink, how, rest):
    posted, reader = post_twice(sink, Step(how=how), Step(how=how), Step(how=how), rest=rest)
    assert (posted.fate, posted.sent, reader.asked <= 3) == ("failed", True, True)


@pytest.mark.parametrize("how", mixes.DROPS)
@pytest.mark.parametrize("taken", [False, True])
def test_a_request_that_was_read_on_a_connection_in_use_a_moment_ago_is_not_sent_again(sink, how, taken):
    posted, reader = post_twice(sink, Step(how=how, taken=taken), WELL)
    assert (posted.fate, posted.sent, reader.asked) == ("failed", True, 2)


@pytest.mark.parametrize("rest", [0.0, LONG])
def test_a_request_is_not_sent_again_once_its_answer_has_begun(sink, rest):
    posted, reader = post_twice(sink, Step(how="cut"), WELL, rest=rest)
    assert (posted.fate, posted.sent, reader.asked, reader.taken) == ("failed", True, 2, 2)


@pytest.mark.parametrize("how", ["cut", *mixes.DROPS])
def test_a_new_connection_that_drops_is_not_replaced(sink, how):
    sink.follow(Plan({"a": [Step(how=how), WELL]}))
    with clean_outbox(sink) as outbox:
        (posted,) = outbox.stream([("a", FRAME)])
        asked = sink.report().readers["a"].asked
    assert (posted.fate, posted.sent, asked) == ("failed", True, 1)


def test_a_connection_that_is_closed_after_each_answer_is_not_used_again(sink):
    sink.follow(Plan(otherwise=[Step(how="last")]))
    with clean_outbox(sink) as outbox:
        for number in range(5):
            (posted,) = outbox.stream([(f"c{number}", FRAME)])
            assert posted.fate == "delivered"
            # The end of the connection has arrived by then.
            assert sink.report().open == 0
        assert sink.report().asked == 5


def test_who_meets_a_closing_connection_is_in_the_result(sink):
    sink.follow(Plan(otherwise=[Step(how="last")]))
    names = [f"c{number}" for number in range(300)]
    with clean_outbox(sink) as outbox:
        posted = list(outbox.stream(to_all(names)))
        taken = {name for name, reader in sink.report().readers.items() if reader.taken == 1}
    assert sorted(one.connection_id for one in posted) == sorted(names)
    assert {one.connection_id for one in posted if one.fate == "delivered"} == taken


@given(
    st.lists(mixes.steps([*mixes.DEFINITE, *mixes.UNKNOWN]), min_size=1, max_size=30),
    st.integers(2, 6),
    st.integers(0, 3),
)
@settings(mixes.PROFILE, max_examples=40)
def test_the_frames_of_one_client_keep_their_order_whatever_happens(plain_sink, crowd, frames, well_before):
    everyone = {f"c{number}": [*[WELL] * well_before, *steps] for number, steps in enumerate(crowd)}
    plain_sink.follow(Plan(everyone, keep_frames=True))
    sent = [str(number) for number in range(frames)]
    with clean_outbox(plain_sink) as outbox:
        result = outbox.post_each([(name, frame) for frame in sent for name in everyone])
        readers = plain_sink.report().readers
    assert sorted(chain(result.delivered, result.gone, result.throttled, result.failed)) == sorted(everyone)
    for name, reader in readers.items():
        assert frames_in_order(reader.frames, sent), (everyone[name], reader)
        assert name not in result.delivered or set(reader.frames) == set(sent), (everyone[name], reader)


def test_frames_are_taken_as_they_are_needed(plain_sink):
    plain_sink.follow(Plan())
    taken = 0

    def frames() -> Iterator[tuple[str, str]]:
        nonlocal taken
        for taken in range(1, 100_001):
            yield f"c{taken}", FRAME

    outbox = outbox_to(plain_sink)
    stream = outbox.stream(frames())
    next(stream)
    assert taken <= 1000
    del stream
    outbox.hang_up()
