from __future__ import annotations

import io
import json
from typing import Any

import pytest

from realtime.aws.telemetry import Source, Telemetry
from realtime.domain.errors import ErrorCode


class Recorded:
    """A Telemetry and what it wrote."""

    def __init__(self, level: str = "INFO") -> None:
        self.out = io.StringIO()
        self.telemetry = Telemetry(Source("dev", "milequest-dev-x", "MileQuest", level), self.out, lambda: 1_700_000.5)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_a_log_line_has_level_message_context_and_fields(recorded):
    recorded.telemetry.begin(requestId="r")
    recorded.telemetry.log("INFO", "swept", connections=2)
    assert recorded.lines == [{"level": "INFO", "message": "swept", "requestId": "r", "connections": 2}]


@pytest.mark.parametrize(
    ("level", "passes"),
    [
        ("DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("INFO", ["INFO", "WARNING", "ERROR"]),
        ("WARNING", ["WARNING", "ERROR"]),
        ("ERROR", ["ERROR"]),
    ],
)
def test_only_lines_of_the_level_or_above_are_written(level, passes):
    recorded = Recorded(level)
    for each in ("DEBUG", "INFO", "WARNING", "ERROR"):
        recorded.telemetry.log(each, "x")
    assert [line["level"] for line in recorded.lines] == passes


def test_what_is_counted_goes_out_as_one_metric_line(recorded):
    recorded.telemetry.begin(requestId="r")
    recorded.telemetry.count("Messages")
    recorded.telemetry.count("Deliveries", 3)
    recorded.telemetry.count("Deliveries", 2)
    recorded.telemetry.end(calls={"dynamodb:Query": 1})
    assert recorded.lines == [
        {
            "_aws": {
                "Timestamp": 1_700_000_500,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "MileQuest",
                        "Dimensions": [["Environment", "Function"]],
                        "Metrics": [{"Name": "Messages", "Unit": "Count"}, {"Name": "Deliveries", "Unit": "Count"}],
                    }
                ],
            },
            "Environment": "dev",
            "Function": "milequest-dev-x",
            "Messages": 1,
            "Deliveries": 5,
            "requestId": "r",
            "calls": {"dynamodb:Query": 1},
        }
    ]


def test_errors_go_out_by_code_in_a_line_each(recorded):
    recorded.telemetry.error(ErrorCode.FORBIDDEN)
    recorded.telemetry.error(ErrorCode.FORBIDDEN)
    recorded.telemetry.error("crash")
    recorded.telemetry.end()
    assert [
        (line["Code"], line["Errors"], line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) for line in recorded.lines
    ] == [("forbidden", 2, [["Environment", "Code"]]), ("crash", 1, [["Environment", "Code"]])]


def test_an_invocation_that_counted_nothing_writes_no_metrics(recorded):
    recorded.telemetry.begin(requestId="r")
    recorded.telemetry.end()
    assert recorded.lines == []


def test_the_next_invocation_does_not_repeat_the_counts_of_the_last(recorded):
    for _ in range(2):
        recorded.telemetry.begin(requestId="r")
        recorded.telemetry.count("Messages")
        recorded.telemetry.end()
    assert [line["Messages"] for line in recorded.lines] == [1, 1]


def test_the_next_invocation_does_not_repeat_the_errors_of_the_last(recorded):
    recorded.telemetry.error("crash")
    recorded.telemetry.begin(requestId="r")
    recorded.telemetry.end()
    assert recorded.lines == []


def test_the_next_invocation_does_not_keep_the_context_of_the_last(recorded):
    recorded.telemetry.begin(connectionId="c1")
    recorded.telemetry.begin(requestId="r2")
    recorded.telemetry.log("INFO", "x")
    assert recorded.lines == [{"level": "INFO", "message": "x", "requestId": "r2"}]


def test_each_record_is_one_line_whatever_it_holds(recorded):
    recorded.telemetry.log("INFO", "x", text="a\nb\u2028c", other=object())
    assert recorded.out.getvalue().count("\n") == 1


def test_a_line_is_flushed_at_once():
    class Out(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    out = Out()
    Telemetry(Source("dev", "f", "n", "INFO"), out, lambda: 0.0).log("INFO", "x")
    assert out.flushed == out.getvalue()
