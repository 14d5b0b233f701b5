"""What the candidates send and say."""

from __future__ import annotations

import itertools
import json

import pytest

from bench.__main__ import main
from bench.candidates.signing import BODY, Signing
from bench.candidates.task import FRAME, Result, Task, ids
from bench.candidates.wrk import counted, script
from bench.faults import plan_of
from bench.sinks.plan import Step

TASK = Task("https://127.0.0.1:8443", "ca.pem", 10, 1)


@pytest.fixture
def signing(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return Signing(TASK)


def test_the_frame_is_an_event_of_200_bytes():
    assert json.loads(FRAME)["event"] and len(FRAME.encode()) == 200


def test_connection_ids_are_as_long_as_those_of_api_gateway():
    assert {len(name) for name in ids(3)} == {len("BFaT_fALIAMCKug=")}


def test_connection_ids_are_made_when_they_are_asked_for():
    assert len(set(itertools.islice(ids(10**12), 5))) == 5


def test_wrk_posts_to_the_same_paths_as_the_others(signing):
    (name,) = ids(1)
    target, _ = signing.parts(name)
    path = script().partition('string.format("')[2].partition('"')[0]
    assert path % 0 == target


def test_wrk_posts_the_same_frame_as_the_others():
    assert f"wrk.body = '{FRAME}'" in script()


def test_what_wrk_counted_is_read_from_its_last_words():
    output = "Running 4s test\n  noise\ncounted 120000 4000000 3\n"
    assert counted(output, cpu=3.0) == Result(120_000, 4.0, 3.0, 3)


def test_wrk_that_did_not_finish_is_no_result():
    with pytest.raises(ValueError, match="unable to connect"):
        counted("unable to connect to 127.0.0.1", 0.0)


def test_a_result_counts_those_that_got_it_by_the_second_and_the_cpu_by_the_reader():
    result = Result(readers=1_000, seconds=2.0, cpu=0.05, errors=100)
    assert result.rate == 450.0
    assert result.each == pytest.approx(50.0)


def test_a_request_taken_apart_leaves_the_length_to_who_sends_it(signing):
    target, lines = signing.parts("abc=")
    assert target == "/production/@connections/abc%3D"
    assert [line.partition(":")[0] for line in lines] == ["host", "x-amz-date", "authorization"]


def test_a_whole_request_ends_with_the_frame(signing):
    assert signing.request("abc=").endswith(f"content-length: {len(BODY)}\r\n\r\n".encode() + BODY)


def test_faults_are_spread_evenly_over_the_readers():
    plan = plan_of({25: Step(410), 75: Step(429)})
    named = [index for index, name in enumerate(ids(10_000)) if name in plan.by_id]
    assert named == [index for index in range(10_000) if index % 50 == 25]


def test_a_part_that_is_not_there_is_refused_with_the_names_of_those_that_are(capsys):
    assert main(["deliver", "nonsense"]) == 2
    assert "No part nonsense; there are: package, init, deliver" in capsys.readouterr().err
