from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from handlers import deliver, http_api, sweep, webhooks, websocket_connect, websocket_disconnect, websocket_subscribe
from realtime.aws.service import Account
from realtime.aws.telemetry import Telemetry
from realtime.bootstrap import Crashed, Invocation, lambda_handler, message_handler
from realtime.settings import Anything, Environ, SettingsError
from realtime.usecases.actions import broadcast

ENVIRON = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "AWS_LAMBDA_FUNCTION_NAME": "milequest-dev-x",
    "ENVIRONMENT": "dev",
}
EVENT = {"requestContext": {"connectionId": "c1"}}
LAMBDAS = Path(__file__).parents[3] / "lambdas"


class Context:
    """What the runtime hands to a handler."""

    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        return 1234


def build_telemetry(_reader: Environ, _account: Account, telemetry: Telemetry) -> Telemetry:
    return telemetry


def crash(_invocation: Invocation, telemetry: Telemetry) -> Mapping[str, Any]:
    telemetry.count("Messages")
    raise KeyError("what the client sent")


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def crashed_lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    with pytest.raises(Crashed):
        lambda_handler(build_telemetry, crash, ENVIRON)(EVENT, Context())
    return lines_of(capsys)


def test_a_handler_builds_once():
    built = []

    def build(reader: Environ, *_: object) -> int:
        built.append(reader)
        return len(built)

    handler = lambda_handler(build, lambda _, app: {"app": app}, ENVIRON)
    assert [handler(EVENT, Context()) for _ in range(3)] == [{"app": 2}] * 3
    assert [type(reader) for reader in built] == [Anything, Environ]


def test_what_is_built_before_the_first_event_knows_nothing_of_the_environment():
    seen = []

    def build(reader: Environ, account: Account, _telemetry: Telemetry) -> None:
        seen.append((reader.text("ENVIRONMENT"), account.region, *account.credentials))

    lambda_handler(build, lambda *_: {}, ENVIRON)
    assert seen == [("-", "-", "-", "-", None)]


def test_a_handler_that_could_not_start_tries_again_at_the_next_event():
    environ: dict[str, str] = {}
    handler = lambda_handler(build_telemetry, lambda *_: {"statusCode": 200}, environ)
    with pytest.raises(SettingsError):
        handler(EVENT, Context())
    environ.update(ENVIRON)
    assert handler(EVENT, Context()) == {"statusCode": 200}


def test_an_invocation_knows_its_connection_and_its_remaining_time():
    def handle(invocation: Invocation, _: object) -> Mapping[str, Any]:
        return {"id": invocation.connection_id, "left": invocation.remaining_ms()}

    assert lambda_handler(build_telemetry, handle, ENVIRON)(EVENT, Context()) == {"id": "c1", "left": 1234}


def test_a_crash_is_told_by_the_name_of_its_class_alone():
    with pytest.raises(Crashed) as bug:
        lambda_handler(build_telemetry, crash, ENVIRON)(EVENT, Context())
    assert (str(bug.value), bug.value.__cause__, bug.value.__suppress_context__) == ("KeyError", None, True)


def test_the_log_line_of_a_crash_says_where_it_was(capsys):
    line = crashed_lines(capsys)[0]
    assert (line["level"], line["message"], line["error"]) == ("ERROR", "crashed", "KeyError")
    assert line["stack"][-1].startswith("test_bootstrap.py:") and line["stack"][-1].endswith(" crash")


def test_the_log_line_of_a_crash_lets_one_find_invocation_and_connection(capsys):
    line = crashed_lines(capsys)[0]
    assert (line["requestId"], line["connectionId"]) == ("r1", "c1")


def test_nothing_that_is_written_about_a_crash_repeats_its_message(capsys):
    assert "what the client sent" not in json.dumps(crashed_lines(capsys))


def test_the_metrics_of_an_invocation_that_crashed_are_written(capsys):
    metrics = [line for line in crashed_lines(capsys) if "_aws" in line]
    assert [(line.get("Messages"), line.get("Code"), line.get("Errors")) for line in metrics] == [
        (1, None, None),
        (None, "crash", 1),
    ]


def test_the_aws_calls_that_are_written_down_are_those_of_one_invocation(capsys):
    def build(_reader: Environ, account: Account, telemetry: Telemetry) -> tuple[Account, Telemetry]:
        return account, telemetry

    def handle(_: Invocation, app: tuple[Account, Telemetry]) -> Mapping[str, Any]:
        app[0].calls["dynamodb:Query"] += 1
        app[1].count("Messages")
        return {}

    handler = lambda_handler(build, handle, ENVIRON)
    for _ in range(2):
        handler(EVENT, Context())
    assert [line["calls"] for line in lines_of(capsys)] == [{"dynamodb:Query": 1}] * 2


def test_the_invocation_after_a_crash_is_handled(capsys):
    def handle(invocation: Invocation, _: object) -> Mapping[str, Any]:
        return {"statusCode": 100 // invocation.event["divisor"]}

    handler = lambda_handler(build_telemetry, handle, ENVIRON)
    with pytest.raises(Crashed):
        handler({"divisor": 0}, Context())
    assert handler({"divisor": 1}, Context()) == {"statusCode": 100}


TABLES = {f"{name}_TABLE" for name in ("CONNECTIONS", "SUBSCRIPTIONS", "MEMBERS", "CHANNELS", "STATE")}
PORTS = {*TABLES, "MANAGEMENT_ENDPOINT", "APPS_SECRET_ID", "TASKS_QUEUE_URL", "DELIVER_FUNCTION"}
CONNECT = {"CONNECTIONS_TABLE", "STATE_TABLE", "APP_ID", "APPS_SECRET_ID", "DELIVER_FUNCTION"}


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*ENVIRON, "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"}:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_environment")
@pytest.mark.parametrize(
    ("handler", "names"),
    [
        (websocket_subscribe.handler, PORTS),
        (websocket_connect.handler, CONNECT),
        (websocket_disconnect.handler, PORTS),
        (deliver.handler, PORTS),
        (webhooks.handler, PORTS),
        (http_api.handler, PORTS),
        (sweep.handler, {*PORTS, "SILENT_AFTER_SECONDS"}),
    ],
    ids=["subscribe", "connect", "disconnect", "deliver", "webhooks", "http-api", "sweep"],
)
def test_a_function_names_all_that_its_environment_lacks_at_once(handler, names):
    with pytest.raises(SettingsError) as wrong:
        handler(EVENT, Context())
    problems = str(wrong.value).removeprefix("Wrong environment: ").split("; ")
    assert sorted(problems) == sorted(f"{name} is not set" for name in names | ENVIRON.keys())


@pytest.mark.usefixtures("no_environment")
def test_a_wrong_data_limit_is_named_with_the_rest(monkeypatch):
    monkeypatch.setenv("MAX_DATA_BYTES", "lots")
    with pytest.raises(SettingsError, match=r"MAX_DATA_BYTES has value 'lots'.*MANAGEMENT_ENDPOINT is not set"):
        message_handler(broadcast)(EVENT, Context())


def test_a_wrong_endpoint_override_is_a_settings_error():
    environ = {**ENVIRON, "AWS_ENDPOINT_URL": "localhost"}
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL has value 'localhost'"):
        lambda_handler(build_telemetry, lambda *_: {}, environ)(EVENT, Context())


@pytest.mark.parametrize("service", ["DYNAMODB", "SQS", "LAMBDA", "SECRETS_MANAGER", "APIGATEWAYMANAGEMENTAPI"])
def test_each_service_may_have_an_endpoint_of_its_own(service):
    environ = {**ENVIRON, f"AWS_ENDPOINT_URL_{service}": "localhost"}
    with pytest.raises(SettingsError, match=f"AWS_ENDPOINT_URL_{service} has value 'localhost'"):
        lambda_handler(build_telemetry, lambda *_: {}, environ)(EVENT, Context())


def test_a_message_has_the_time_at_which_the_gateway_took_it_in():
    event = {"requestContext": {"connectionId": "c1", "requestTimeEpoch": 1_731_324_924_561}}
    handler = lambda_handler(build_telemetry, lambda invocation, _: {"at": invocation.received_at}, ENVIRON)
    assert handler(event, Context()) == {"at": 1_731_324_924_561}


USECASES = "realtime.usecases"


@pytest.mark.parametrize(
    ("handler", "unused"),
    [
        (
            "websocket_connect",
            (
                *(f"realtime.aws.tables.{name}" for name in ("subscriptions", "members", "channels", "sharing")),
                *("realtime.aws.queue", "realtime.protocols", f"{USECASES}.actions"),
            ),
        ),
        (
            "deliver",
            (f"{USECASES}.actions", f"{USECASES}.disconnect", f"{USECASES}.connect", "realtime.protocols.plain"),
        ),
        ("http_api", (f"{USECASES}.actions", f"{USECASES}.messages", "realtime.protocols.pusher_messages")),
        ("websocket_heartbeat", (f"{USECASES}.frames", f"{USECASES}.messages", "realtime.protocols.pusher_messages")),
    ],
)
def test_what_a_function_does_not_use_it_does_not_load(handler, unused):
    loaded = printed(f"import handlers.{handler}; print(*sys.modules)").split()
    assert f"handlers.{handler}" in loaded
    assert [name for name in loaded if name.startswith((*unused, "jwt", "asyncio", "dataclasses"))] == []


def test_garbage_is_collected_once_a_function_is_loaded():
    assert printed("import handlers.deliver, gc; print(gc.isenabled())") == "True\n"


def printed(code: str) -> str:
    """What a process writes that finds the Lambdas' code."""
    code = f"import sys; sys.path.insert(0, sys.argv[1]); {code}"
    done = subprocess.run([sys.executable, "-c", code, str(LAMBDAS)], capture_output=True, text=True, check=True)
    return done.stdout


IMPORT_UNDER_WATCH = """
import importlib, os, sys
lambdas, module = sys.argv[1:]
sys.path.insert(0, lambdas)
seen = []

class Watched(dict):
    def _note(self, name):
        caller = sys._getframe(2)
        while caller.f_code.co_filename.endswith(("os.py", "_collections_abc.py")):
            caller = caller.f_back
        if caller.f_code.co_filename.startswith(lambdas):
            seen.append(f"reads {name}")

    def __getitem__(self, name):
        self._note(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self._note(name)
        return super().get(name, default)

os.environ = Watched()
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
importlib.import_module(module)
print(seen)
"""

MODULES = sorted(
    ".".join(path.relative_to(LAMBDAS).with_suffix("").parts)
    for folder in ("handlers", "realtime")
    for path in (LAMBDAS / folder).rglob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("module", MODULES)
def test_importing_it_reads_no_environment_and_opens_no_socket(module):
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_UNDER_WATCH, str(LAMBDAS), module],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")
