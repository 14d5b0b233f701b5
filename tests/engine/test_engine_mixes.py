"""Random mixes of answers: who gets the frame how often, and what the result says about it."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.sinks.plan import Plan, Step
from tests.engine import mixes
from tests.engine.harness import DEADLINE, clean_outbox
from tests.engine.oracle import check

FRAME = '{"event":"e","data":"é"}'


@given(mixes.plans())
@settings(mixes.PROFILE, max_examples=40)
def test_definite_answers_deliver_exactly_once(plain_sink, plan):
    plain_sink.follow(plan)
    names = list(plan.by_id)
    with clean_outbox(plain_sink) as outbox:
        posted = list(outbox.stream((name, FRAME) for name in names))
        report = plain_sink.report()
    check(plan, names, posted, report)
    delivered = {one.connection_id for one in posted if one.fate == "delivered"}
    assert {name: reader.frames for name, reader in report.readers.items() if reader.frames} == {
        name: [FRAME] for name in delivered
    }


@given(mixes.plans([*mixes.DEFINITE, *mixes.UNKNOWN]))
@example(Plan({"reset": [Step(how="reset"), mixes.WELL], "other": [mixes.WELL]}, keep_frames=True))
@settings(mixes.PROFILE, max_examples=40)
def test_broken_connections_deliver_at_most_twice_and_are_in_the_result(plain_sink, plan):
    plain_sink.follow(plan)
    names = list(plan.by_id)
    with clean_outbox(plain_sink) as outbox:
        posted = list(outbox.stream((name, FRAME) for name in names))
        report = plain_sink.report()
    check(plan, names, posted, report)


@given(mixes.plans([*mixes.DEFINITE, *mixes.UNKNOWN, *mixes.HANGS]))
@settings(mixes.PROFILE, max_examples=6)
def test_who_hangs_costs_no_other_the_frame(plain_sink, plan):
    plain_sink.follow(plan)
    names = list(plan.by_id)
    with clean_outbox(plain_sink, DEADLINE) as outbox:
        posted = list(outbox.stream((name, FRAME) for name in names))
        report = plain_sink.report()
    check(plan, names, posted, report)


@given(mixes.plans([*mixes.DEFINITE, *mixes.UNKNOWN], most=40))
@settings(mixes.PROFILE, max_examples=15)
def test_over_tls_it_is_the_same(tls_sink, plan):
    tls_sink.follow(plan)
    names = list(plan.by_id)
    with clean_outbox(tls_sink) as outbox:
        posted = list(outbox.stream((name, FRAME) for name in names))
        report = tls_sink.report()
    check(plan, names, posted, report)


@given(st.lists(mixes.plans([*mixes.DEFINITE, *mixes.UNKNOWN], most=40), min_size=2, max_size=5))
@settings(mixes.PROFILE, max_examples=10)
def test_one_event_after_the_other_over_the_same_connections(plain_sink, plans):
    with clean_outbox(plain_sink) as outbox:
        for plan in plans:
            plain_sink.follow(plan)
            names = list(plan.by_id)
            posted = list(outbox.stream((name, FRAME) for name in names))
            check(plan, names, posted, plain_sink.report())
