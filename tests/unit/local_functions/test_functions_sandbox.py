from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from ops.local.faults import Faults
from ops.local.functions import Functions
from tests.unit.local_functions.doubles import ENDPOINT, REGION, Account, Ear, ManualClock

SET_BY_AWS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "PATH",
    "TZ",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
}


async def test_a_function_sees_its_zip_the_runtime_client_and_the_standard_library(
    account: Account, functions: Functions
) -> None:
    account.deploy(
        "looks",
        """
        import importlib, os, sys
        def handler(event, context):
            missing = []
            for name in event:
                try:
                    importlib.import_module(name)
                except ImportError:
                    missing.append(name)
            return {"missing": missing, "path": sys.path, "cwd": os.getcwd(), "root": __file__}
        """,
    )
    hidden = ["boto3", "botocore", "click", "moto", "ops", "pytest", "realtime", "tests", "pip"]

    invocation = await functions.invoke("looks", json.dumps([*hidden, "awslambdaric"]).encode())

    seen = json.loads(invocation.payload)
    assert seen["missing"] == hidden
    root = str(Path(seen["root"]).parent)
    assert (seen["path"][0], seen["cwd"]) == (root, root)
    assert not any("site-packages" in entry for entry in seen["path"])


async def test_its_environment_is_what_aws_sets_its_own_and_the_endpoint(
    account: Account, functions: Functions
) -> None:
    account.deploy(
        "env",
        "import os\ndef handler(event, context): return dict(os.environ)",
        Environment={"Variables": {"TABLE": "connections", "TZ": "Europe/Berlin"}},
        MemorySize=256,
    )

    env = json.loads((await functions.invoke("env", b"{}")).payload)

    assert set(env) == SET_BY_AWS | {"TABLE", "AWS_ENDPOINT_URL"}
    assert {name: env[name] for name in ("TABLE", "TZ", "AWS_ENDPOINT_URL", "_HANDLER")} == {
        "TABLE": "connections",
        "TZ": "Europe/Berlin",
        "AWS_ENDPOINT_URL": ENDPOINT,
        "_HANDLER": "app.handler",
    }
    assert env["AWS_REGION"] == REGION
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == "env"
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"


async def test_the_context_knows_the_request_and_the_time_that_is_left(account: Account, functions: Functions) -> None:
    account.deploy(
        "context",
        """
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            return [context.aws_request_id, 0 < left <= 30_000, context.function_name]
        """,
    )

    invocation = await functions.invoke("context", b"{}")

    assert json.loads(invocation.payload) == [invocation.request_id, True, "context"]


async def test_output_is_in_the_file_and_in_cloudwatch_between_start_and_end(
    account: Account, functions: Functions, tmp_path: Path
) -> None:
    account.logs.create_log_group(logGroupName="/aws/lambda/speaks")
    account.deploy(
        "speaks",
        """
        import logging, os, sys
        print("loading")
        def handler(event, context):
            logging.getLogger().warning("careful")
            print("to stderr", file=sys.stderr)
            print("x" * 100_000)
            os.write(1, b"unfinished")
        """,
    )

    invocation = await functions.invoke("speaks", b"{}")

    lines = (tmp_path / "logs" / "speaks.log").read_text().splitlines()
    rid = invocation.request_id
    assert lines[:2] == ["loading", f"START RequestId: {rid} Version: $LATEST"]
    assert lines[2].startswith("[WARNING]") and lines[2].endswith(f"{rid}\tcareful")
    assert lines[3:-1] == ["to stderr", "x" * 100_000, "unfinished", f"END RequestId: {rid}"]
    assert lines[-1].startswith(f"REPORT RequestId: {rid}\tDuration: ")
    assert "Init Duration" in lines[-1]
    streams = account.logs.describe_log_streams(logGroupName="/aws/lambda/speaks")["logStreams"]
    assert len(streams) == 1
    events = account.logs.get_log_events(
        logGroupName="/aws/lambda/speaks",
        logStreamName=streams[0]["logStreamName"],
        startFromHead=True,
    )["events"]
    assert [event["message"] for event in events] == lines


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import sys\ndef handler(e, c): sys.exit(3)", "exit status 3"),
        ("import time\ndef handler(e, c): time.sleep(600)", "Task timed out after 1.00 seconds"),
        ("import nothing", "Runtime.ImportModuleError"),
        ("def handler(e, c): raise ValueError('no')", "[ERROR] ValueError: no"),
    ],
)
async def test_a_failure_can_be_found_in_the_log(
    account: Account, functions: Functions, tmp_path: Path, source: str, expected: str
) -> None:
    account.deploy("fails", source, Timeout=1)

    invocation = await functions.invoke("fails", b"{}")

    log = (tmp_path / "logs" / "fails.log").read_text()
    assert expected in log
    assert log.index("START") < log.index(f"END RequestId: {invocation.request_id}")


async def test_close_leaves_no_process(
    account: Account, clock: ManualClock, ear: Ear, workdir: Path, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    account.deploy(
        "leaves",
        """
        import os, subprocess, time
        def handler(event, context):
            held = os.open(event["held"], os.O_WRONLY)
            subprocess.Popen(["sleep", "600"], pass_fds=[held])
            with open(event["ear"], "w") as ear:
                ear.write("holding\\n")
            if event["stay"]: time.sleep(600)
        """,
        Timeout=900,
    )
    functions = Functions(endpoint_url=ENDPOINT, workdir=workdir, faults=Faults(), clock=clock)
    await functions.start()
    # The pipe ends, and this read with it, when every process that holds its other end is gone.
    reading = asyncio.create_task(asyncio.to_thread(held.read_bytes))
    event = {"ear": str(ear.path), "held": str(held), "stay": True}
    busy = asyncio.create_task(functions.invoke("leaves", json.dumps(event).encode()))
    await ear.line()
    event["stay"] = False
    await functions.invoke("leaves", json.dumps(event).encode())

    await functions.close()

    assert busy.cancelled()
    assert await reading == b""


DAEMON = """
import asyncio, os, sys
from pathlib import Path
import moto
from ops.local.faults import Faults
from ops.local.functions import Functions
from tests.unit.local_functions.doubles import Account

async def main(workdir: Path) -> None:
    account = Account()
    source = f"import os\\nheld = open({sys.argv[2]!r}, 'w')\\ndef handler(e, c): return os.getpid()"
    account.deploy("holds", source)
    functions = Functions(endpoint_url="http://127.0.0.1:1", workdir=workdir, faults=Faults())
    await functions.start()
    await functions.invoke("holds", b"{}")
    print("running", flush=True)
    await asyncio.Event().wait()

with moto.mock_aws():
    asyncio.run(main(Path(sys.argv[1])))
"""


async def test_no_sandbox_outlives_a_daemon_that_is_killed(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    environment = {**os.environ, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "test"}
    daemon = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", DAEMON, str(tmp_path), str(held)),
        stdout=asyncio.subprocess.PIPE,
        env={**environment, "AWS_SECRET_ACCESS_KEY": "test", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    # The pipe ends, and this read with it, when the sandbox that holds its other end is gone.
    reading = asyncio.create_task(asyncio.to_thread(held.read_bytes))
    assert daemon.stdout
    assert await daemon.stdout.readline() == b"running\n"

    daemon.send_signal(signal.SIGKILL)
    await daemon.wait()

    assert await reading == b""
