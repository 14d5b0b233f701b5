from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ops.local.faults import Faults
from ops.local.functions import FunctionNotFound, Functions, Settings, TooManyRequests
from tests.unit.local_functions.doubles import (
    ENDPOINT,
    REGION,
    Account,
    Ear,
    Gate,
    ManualClock,
)

ECHO = "def handler(event, context): return event"
WHO = """
    import os
    def handler(event, context): return [os.getpid(), context.invoked_function_arn]
"""
WAITS = """
    import os
    def handler(event, context):
        with open(event["ear"], "w") as ear:
            ear.write(f"{os.getpid()}\\n")
        with open(event["gate"]) as gate:
            gate.read()
        return os.getpid()
"""


def waiting(ear: Ear, gate: Gate) -> bytes:
    return json.dumps({"ear": str(ear.path), "gate": str(gate.path)}).encode()


async def test_answers_what_the_handler_returns(account: Account, functions: Functions) -> None:
    account.deploy("echo", ECHO)

    invocation = await functions.invoke("echo", '{"a": ["ü", 1]}'.encode())

    assert json.loads(invocation.payload) == {"a": ["ü", 1]}
    assert invocation.error is None
    assert invocation.executed_version == "$LATEST"


async def test_the_second_invocation_is_warm(account: Account, functions: Functions) -> None:
    account.deploy("who", WHO)

    first, second = [json.loads((await functions.invoke("who", b"{}")).payload) for _ in "ab"]

    assert first == second
    status = functions.status()["who"]
    assert isinstance(status, dict)
    assert (status["workers"], status["cold_starts"], status["invocations"]) == (1, 1, 2)
    assert status["last_init_ms"] > 0


async def test_an_invocation_after_cooling_is_cold(account: Account, functions: Functions) -> None:
    account.deploy("who", WHO)

    pids = []
    ended = []
    for _ in "ab":
        pids.append(json.loads((await functions.invoke("who", b"{}")).payload)[0])
        ended.append(functions.cool())

    assert (ended, functions.cool()) == ([1, 1], 0)
    assert pids[0] != pids[1]


async def test_cooling_leaves_alone_what_runs(account: Account, functions: Functions, ear: Ear, tmp_path: Path) -> None:
    account.deploy("waits", WAITS)
    gate = Gate(tmp_path / "gate")
    running = asyncio.create_task(functions.invoke("waits", waiting(ear, gate)))
    pid = await ear.line()

    assert functions.cool() == 0

    await gate.open()
    assert (await running).payload == pid.encode()


async def test_a_sandbox_that_works_can_be_killed(
    account: Account, functions: Functions, ear: Ear, tmp_path: Path
) -> None:
    account.deploy("waits", WAITS)
    running = asyncio.create_task(functions.invoke("waits", waiting(ear, Gate(tmp_path / "gate"))))
    await ear.line()

    assert (functions.kill("other"), functions.kill("waits")) == (0, 1)

    assert json.loads((await running).payload)["errorType"] == "Runtime.ExitError"


async def test_a_sandbox_that_is_idle_is_not_killed(account: Account, functions: Functions) -> None:
    account.deploy("who", WHO)
    await functions.invoke("who", b"{}")

    assert functions.kill("who") == 0


async def test_invocations_at_the_same_time_have_sandboxes_of_their_own(
    account: Account, functions: Functions, ear: Ear, tmp_path: Path
) -> None:
    account.deploy("waits", WAITS)
    gates = [Gate(tmp_path / "gate-1"), Gate(tmp_path / "gate-2")]

    calls = [asyncio.create_task(functions.invoke("waits", waiting(ear, gate))) for gate in gates]
    pids = {await ear.line(), await ear.line()}
    for gate in gates:
        await gate.open()

    assert {(await call).payload.decode() for call in calls} == pids
    assert len(pids) == 2


async def test_beyond_its_reserved_concurrency_a_function_is_throttled(
    account: Account, functions: Functions, ear: Ear, tmp_path: Path
) -> None:
    account.deploy("waits", WAITS)
    account.awslambda.put_function_concurrency(FunctionName="waits", ReservedConcurrentExecutions=1)
    gate = Gate(tmp_path / "gate")
    first = asyncio.create_task(functions.invoke("waits", waiting(ear, gate)))
    await ear.line()

    with pytest.raises(TooManyRequests):
        await functions.invoke("waits", waiting(ear, gate))

    await gate.open()
    assert (await first).error is None


async def test_reserved_concurrency_zero_switches_a_function_off(account: Account, functions: Functions) -> None:
    account.deploy("echo", ECHO)
    account.awslambda.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=0)

    with pytest.raises(TooManyRequests):
        await functions.invoke("echo", b"{}")


async def test_beyond_the_cap_an_invocation_waits_in_line(
    account: Account, clock: ManualClock, ear: Ear, workdir: Path
) -> None:
    account.deploy("waits", WAITS)
    functions = Functions(
        endpoint_url=ENDPOINT,
        workdir=workdir,
        faults=Faults(),
        settings=Settings(concurrency=1),
        clock=clock,
    )
    await functions.start()
    gates = [Gate(workdir / "gate-1"), Gate(workdir / "gate-2")]

    calls = [asyncio.create_task(functions.invoke("waits", waiting(ear, gate))) for gate in gates]
    first = await ear.line()
    await gates[0].open()
    second = await ear.line()
    await gates[1].open()
    await asyncio.gather(*calls)
    await functions.close()

    assert first == second


async def test_whoever_waits_too_long_in_line_is_throttled(
    account: Account, clock: ManualClock, ear: Ear, workdir: Path
) -> None:
    account.deploy("waits", WAITS)
    functions = Functions(
        endpoint_url=ENDPOINT,
        workdir=workdir,
        faults=Faults(),
        settings=Settings(concurrency=1, patience=0.01),
        clock=clock,
    )
    await functions.start()
    gate = Gate(workdir / "gate")
    first = asyncio.create_task(functions.invoke("waits", waiting(ear, gate)))
    await ear.line()

    with pytest.raises(TooManyRequests):
        await functions.invoke("waits", waiting(ear, gate))

    await gate.open()
    await first
    await functions.close()


async def test_a_caller_that_hangs_up_leaves_the_function_running(
    account: Account, functions: Functions, ear: Ear, tmp_path: Path
) -> None:
    account.deploy("waits", WAITS)
    gates = [Gate(tmp_path / "gate-1"), Gate(tmp_path / "gate-2")]
    caller = asyncio.create_task(functions.invoke("waits", waiting(ear, gates[0])))
    busy = await ear.line()
    caller.cancel()

    other = asyncio.create_task(functions.invoke("waits", waiting(ear, gates[1])))

    assert await ear.line() != busy
    for gate in gates:
        await gate.open()
    assert (await other).error is None


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("who", ""),
        ("who:$LATEST", ":$LATEST"),
        ("who:live", ":live"),
        ("who:1", ":1"),
        ("123456789012:function:who", ""),
        (f"arn:aws:lambda:{REGION}:123456789012:function:who", ""),
        (f"arn:aws:lambda:{REGION}:123456789012:function:who:live", ":live"),
        (
            f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
            f"arn:aws:lambda:{REGION}:123456789012:function:who:live/invocations",
            ":live",
        ),
    ],
)
async def test_a_function_has_many_names(account: Account, functions: Functions, form: str, suffix: str) -> None:
    arn = account.deploy("who", WHO)
    account.awslambda.publish_version(FunctionName="who")
    account.awslambda.create_alias(FunctionName="who", Name="live", FunctionVersion="1")

    invocation = await functions.invoke(form, b"{}")

    assert json.loads(invocation.payload)[1] == arn + suffix
    assert invocation.executed_version == ("$LATEST" if suffix in ("", ":$LATEST") else "1")


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "echo:7",
        "echo:live",
        "a:b:c",
        "",
        "arn:aws:lambda:eu-west-1:123456789012:function:echo",
        "arn:aws:sqs:us-east-1:123456789012:echo",
    ],
)
async def test_what_is_not_deployed_is_not_found(account: Account, functions: Functions, name: str) -> None:
    account.deploy("echo", ECHO)

    with pytest.raises(FunctionNotFound):
        await functions.invoke(name, b"{}")
    with pytest.raises(FunctionNotFound):
        functions.invoke_event(name, b"{}")


async def test_new_code_counts_from_the_next_invocation(account: Account, functions: Functions) -> None:
    account.deploy("version", "def handler(event, context): return 'old'")
    before = await functions.invoke("version", b"{}")
    account.redeploy("version", "def handler(event, context): return 'new'")

    after = await functions.invoke("version", b"{}")

    assert (before.payload, after.payload) == (b'"old"', b'"new"')
    status = functions.status()["version"]
    assert isinstance(status, dict)
    assert (status["workers"], status["cold_starts"]) == (1, 2)


async def test_a_new_environment_counts_from_the_next_invocation(account: Account, functions: Functions) -> None:
    source = "import os\ndef handler(event, context): return os.environ.get('COLOUR')"
    account.deploy("colour", source, Environment={"Variables": {"COLOUR": "red"}})
    before = await functions.invoke("colour", b"{}")
    account.awslambda.update_function_configuration(
        FunctionName="colour", Environment={"Variables": {"COLOUR": "blue"}}
    )

    after = await functions.invoke("colour", b"{}")

    assert (before.payload, after.payload) == (b'"red"', b'"blue"')


async def test_a_published_version_keeps_its_code(account: Account, functions: Functions) -> None:
    account.deploy("version", "def handler(event, context): return 'old'")
    account.awslambda.publish_version(FunctionName="version")
    account.redeploy("version", "def handler(event, context): return 'new'")

    assert (await functions.invoke("version:1", b"{}")).payload == b'"old"'
    assert (await functions.invoke("version", b"{}")).payload == b'"new"'
