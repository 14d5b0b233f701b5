from __future__ import annotations

import pytest

from realtime.aws.http1 import Response
from realtime.aws.job import Failed, Outcome
from realtime.aws.lanes import Budget, Call, Lane, Rules, jittered
from realtime.ports import Posted

OK = Response(200, {})


class Sender:
    """Says what it was asked to send; `wait` is what the rate says."""

    wait = 0.0

    def request(self, connection_id: str, frame: str) -> bytes:
        return f"{connection_id} {frame}".encode()

    def reserve(self) -> float:
        return self.wait


def lane(*frames: str, attempts: int = 3, ends_at: float = float("inf"), wait: float = 0.0) -> Lane:
    """A lane at time 1000, whose n-th repeat waits n seconds."""
    sender = Sender()
    sender.wait = wait
    made = Lane(Call(sender, Rules(attempts, ends_at, lambda: 1000.0, float), Budget()), "c1", frames[0])
    for frame in frames[1:]:
        made.add(frame)
    return made


def failed(status: int) -> Response:
    return Response(status, {})


def test_the_frames_of_a_lane_go_one_after_the_other():
    one = lane("1", "2", "3")
    sent = [one.data()]
    while one.settle(OK) is not None:
        sent.append(one.data())
    assert (sent, one.posted()) == ([b"c1 1", b"c1 2", b"c1 3"], Posted("c1", "delivered"))


@pytest.mark.parametrize("outcome", [failed(429), failed(500), failed(503), Failed("refused", sent=False)])
def test_what_may_succeed_later_is_tried_again_after_pauses(outcome):
    one = lane("1")
    assert [one.settle(outcome) for _ in range(3)] == [1.0, 2.0, None]


@pytest.mark.parametrize("outcome", [*map(failed, (400, 403, 410, 413)), Failed("timed out", sent=True)])
def test_what_will_not_or_may_have_arrived_is_not(outcome):
    assert lane("1").settle(outcome) is None


def test_each_frame_is_tried_as_often():
    one = lane("1", "2")
    assert [one.settle(outcome) for outcome in (failed(500), OK, failed(500), failed(500), failed(500))] == [
        *(1.0, 0.0),
        *(1.0, 2.0, None),
    ]


def test_a_repeat_waits_for_the_rate_if_that_is_longer():
    assert (lane("1", wait=5.0).settle(failed(429)), lane("1", wait=0.5).settle(failed(429))) == (5.0, 1.0)


def test_a_further_frame_waits_for_the_rate():
    assert lane("1", "2", wait=5.0).settle(OK) == 5.0


def test_what_could_be_repeated_only_after_the_end_is_not():
    assert (lane("1", ends_at=1001.0).settle(failed(429)), lane("1", ends_at=1001.1).settle(failed(429))) == (None, 1.0)


@pytest.mark.parametrize(
    ("outcomes", "posted"),
    [
        ([failed(500), Failed("refused", sent=False)], Posted("c1", "failed", "HTTP 500", sent=True)),
        ([failed(429), Failed("timed out", sent=False)], Posted("c1", "throttled", "HTTP 429", sent=True)),
        ([failed(429), Failed("timed out", sent=True)], Posted("c1", "failed", "timed out", sent=True)),
        ([Failed("refused", sent=False)] * 2, Posted("c1", "failed", "refused", sent=False)),
        ([Failed("refused", sent=False), failed(413)], Posted("c1", "failed", "HTTP 413", sent=True)),
        ([failed(500), failed(410)], Posted("c1", "gone", "HTTP 410", sent=True)),
        ([failed(429), OK], Posted("c1", "delivered", None, sent=True)),
    ],
)
def test_what_is_said_of_several_tries(outcomes: list[Outcome], posted: Posted):
    one = lane("1")
    for outcome in outcomes:
        one.settle(outcome)
    assert one.posted() == posted


def test_who_got_a_part_of_its_frames_was_sent_something():
    one = lane("1", "2")
    one.settle(OK)
    one.settle(Failed("refused", sent=False))
    assert one.posted() == Posted("c1", "failed", "refused", sent=True)


@pytest.mark.parametrize(("lanes", "repeats"), [(0, 10), (100, 10), (200, 20), (1000, 100)])
def test_a_tenth_may_be_repeated_and_ten_in_any_case(lanes, repeats):
    budget = Budget()
    budget.lanes = lanes
    assert sum(budget.take() for _ in range(2000)) == repeats


@pytest.mark.parametrize(("number", "least"), [(1, 0.05), (2, 0.1), (3, 0.2)])
def test_pauses_double_and_vary(number, least):
    pauses = {jittered(number) for _ in range(100)}
    assert least <= min(pauses) < max(pauses) <= 2 * least
