from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from ops.local.functions import Functions, Invocation
from tests.unit.local_functions.doubles import Account, ManualClock

GOOD = "def handler(event, context): return 'good'"


def error(invocation: Invocation) -> dict[str, Any]:
    assert invocation.error == "Unhandled"
    answer: dict[str, Any] = json.loads(invocation.payload)
    return answer


async def test_what_a_handler_raises_is_the_answer(account: Account, functions: Functions) -> None:
    account.deploy(
        "raises",
        """
        import os
        def handler(event, context):
            if event:
                raise ValueError("too many ü")
            return os.getpid()
        """,
    )
    before = await functions.invoke("raises", b"null")

    invocation = await functions.invoke("raises", b'{"a": 1}')

    answer = error(invocation)
    assert answer["errorType"] == "ValueError"
    assert answer["errorMessage"] == "too many ü"
    assert answer["requestId"] == invocation.request_id
    assert 'raise ValueError("too many ü")' in "".join(answer["stackTrace"])
    assert "app.py" in answer["stackTrace"][0]
    assert (await functions.invoke("raises", b"null")).payload == before.payload


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import not_in_the_zip",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'not_in_the_zip'",
        ),
        (
            "",
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        (
            "",
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler'",
        ),
        (
            "def handler(:",
            "app.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app'",
        ),
        ("raise KeyError('config')", "app.handler", "KeyError", "'config'"),
    ],
)
async def test_what_does_not_load_says_so_until_it_is_mended(
    account: Account, functions: Functions, source: str, handler: str, kind: str, message: str
) -> None:
    account.deploy("broken", source, Handler=handler)

    for _ in "ab":
        answer = error(await functions.invoke("broken", b"{}"))
        assert answer["errorType"] == kind
        assert message in answer["errorMessage"]

    account.redeploy("broken", GOOD)
    account.awslambda.update_function_configuration(FunctionName="broken", Handler="app.handler")
    assert (await functions.invoke("broken", b"{}")).payload == b'"good"'


@pytest.mark.parametrize(
    ("crash", "words"),
    [
        ("import sys; sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("import os; os._exit(0)", "Runtime exited without providing a reason"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "Runtime exited with error: signal: killed",
        ),
    ],
)
async def test_a_crash_is_an_exit_error_and_the_next_has_a_fresh_sandbox(
    account: Account, functions: Functions, crash: str, words: str
) -> None:
    account.deploy("crash", f"def handler(event, context):\n    if event: {crash}\n    return 'up'")
    await functions.invoke("crash", b"{}")

    invocation = await functions.invoke("crash", b'{"go": true}')

    assert error(invocation) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {invocation.request_id} Error: {words}",
    }
    assert (await functions.invoke("crash", b"{}")).payload == b'"up"'


async def test_a_process_that_ends_while_it_loads_is_an_exit_error(account: Account, functions: Functions) -> None:
    account.deploy("ends", "import os\nos._exit(9)")

    answer = error(await functions.invoke("ends", b"{}"))

    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 9")


async def test_a_handler_that_takes_too_long_is_killed(account: Account, functions: Functions) -> None:
    account.deploy(
        "sleeps",
        """
        import os, time
        def handler(event, context):
            if event: time.sleep(600)
            return os.getpid()
        """,
        Timeout=1,
    )
    pid = int((await functions.invoke("sleeps", b"{}")).payload)

    invocation = await functions.invoke("sleeps", b'{"go": true}')

    assert error(invocation) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {invocation.request_id} Error: Task timed out after 1.00 seconds",
    }
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_sandbox_that_dies_while_idle_costs_nobody_an_invocation(
    account: Account, functions: Functions
) -> None:
    account.deploy("who", "import os\ndef handler(event, context): return os.getpid()")
    pid = int((await functions.invoke("who", b"{}")).payload)
    os.kill(pid, signal.SIGKILL)
    # What was handed to a sandbox as it died is lost, here as on AWS: wait until it is known to be dead.
    with pytest.raises(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)

    invocation = await functions.invoke("who", b"{}")

    assert invocation.error is None
    assert int(invocation.payload) != pid


async def test_an_answer_over_six_megabytes_is_an_error(account: Account, functions: Functions) -> None:
    account.deploy("big", "def handler(event, context): return 'x' * event['size']")

    small = await functions.invoke("big", b'{"size": 6000000}')
    answer = error(await functions.invoke("big", b'{"size": 7000000}'))

    assert len(small.payload) == 6_000_002
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"


async def test_code_that_is_no_zip_is_an_error(account: Account, functions: Functions) -> None:
    account.deploy("garbled", GOOD)
    account.awslambda.update_function_code(FunctionName="garbled", ZipFile=b"not a zip")

    assert error(await functions.invoke("garbled", b"{}"))["errorType"] == "InvalidZipFileException"


async def test_sandboxes_with_nothing_to_do_are_ended(
    account: Account, functions: Functions, clock: ManualClock
) -> None:
    account.deploy("who", "import os\ndef handler(event, context): return os.getpid()")
    pid = (await functions.invoke("who", b"{}")).payload
    await clock.sleeping(15.0)
    clock.advance(15.0)
    await clock.sleeping(15.0)
    assert (await functions.invoke("who", b"{}")).payload == pid

    clock.advance(300.0)
    await clock.sleeping(15.0)

    status = functions.status()["who"]
    assert isinstance(status, dict)
    assert status["workers"] == 0


async def test_sandboxes_of_a_deleted_function_are_ended(
    account: Account, functions: Functions, clock: ManualClock
) -> None:
    account.deploy("gone", GOOD)
    await functions.invoke("gone", b"{}")
    account.awslambda.delete_function(FunctionName="gone")
    await clock.sleeping(15.0)
    clock.advance(15.0)
    await clock.sleeping(15.0)

    status = functions.status()["gone"]
    assert isinstance(status, dict)
    assert status["workers"] == 0
