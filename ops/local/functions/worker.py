"""One sandbox: a process with the deployed code, its runtime API and its log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from ops.local.functions import code, logs
from ops.local.functions.deployed import Function
from ops.local.functions.environment import Place, Setup, variables
from ops.local.functions.invocation import (
    Answered,
    Call,
    Exited,
    Invocation,
    Outcome,
    TimedOut,
    conclude,
    describe_exit,
)
from ops.local.functions.runtime_api import RuntimeApi

_LAUNCHER = Path(__file__).with_name("launcher.py")


class WorkerGone(Exception):
    """The process had ended before it got the invocation: another sandbox can have it."""


class Worker:
    """Runs invocations one after the other. `usable` says whether it can have another.

    `idle_since` belongs to the pool. Whatever happened, `close` must be called in the end.
    """

    def __init__(self, function: Function, setup: Setup) -> None:
        self.function = function
        self.usable = True
        self.idle_since = 0.0
        self.init_ms: float | None = None
        self._setup = setup
        self._log = logs.SandboxLog(function, setup.logs)
        self._output = logs.OutputPipe(self._log.write)
        self._api = RuntimeApi(self)
        self._loop = asyncio.get_running_loop()
        self._settled: asyncio.Future[Outcome | None] = self._loop.create_future()
        self._outcome: asyncio.Future[Outcome] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._began: float | None = None
        self._born = time.perf_counter()
        self._init_reported = False

    @property
    def pid(self) -> int | None:
        """The process id, None before it started."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process. Initialisation goes on after this returns.

        Raises ops.local.functions.code.InvalidZip, OSError.
        """
        task_root = await asyncio.to_thread(code.unpack, self.function, self._setup.functions)
        place = Place(task_root, self._log.stream, await self._api.start())
        setup, handler = self._setup, self.function.handler
        arguments = [str(task_root), str(setup.runtime_client), str(setup.lifeline), handler]
        self._born = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-B", "-X", "utf8", str(_LAUNCHER), *arguments),
            cwd=task_root,
            env=variables(self.function, place, setup),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output.writer,
            stderr=self._output.writer,
            pass_fds=(setup.lifeline,),
            # Ctrl-C in the terminal of the daemon is the daemon's, and a kill takes the
            # children of the function with it.
            start_new_session=True,
        )
        self._output.started()
        self._watch = asyncio.create_task(self._wait_for_exit(self._process))

    async def run(self, call: Call) -> Invocation:
        """Run one invocation to its end. Raises WorkerGone if it never got there."""
        self._began = None
        outcome = await self._initialised()
        if outcome is None:
            outcome = await self._answer(call)
        now = time.perf_counter()
        elapsed = now - (self._began or now)
        used = logs.peak_memory(self.pid) if self.pid else None
        if isinstance(outcome, TimedOut):
            await self._kill()
        report = logs.Report(
            duration_ms=elapsed * 1000,
            memory=self.function.memory,
            used=used,
            init_ms=self._init_to_report(),
            status=_status(outcome, init=self.init_ms is None),
        )
        self._log_end(call, outcome, report)
        return conclude(outcome, call, self.function.version)

    def kill(self) -> bool:
        """Kill the process and its children, as when it runs out of memory. False if there is none any more."""
        if self._process is None:
            return False
        # The group outlives its leader when the function left children behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
            return True
        return False

    async def close(self) -> None:
        """End the process and everything that belongs to it."""
        self.usable = False
        await self._kill()
        self._api.close()
        self._output.close()
        self._log.close()

    def polled(self) -> None:
        """The runtime client asks for work (Listener)."""
        if self.init_ms is None:
            self.init_ms = (time.perf_counter() - self._born) * 1000
        if not self._settled.done():
            self._settled.set_result(None)

    def delivered(self, request_id: str) -> None:
        """The runtime client gets its work (Listener)."""
        self._output.drain()
        self._log_start(request_id)

    def answered(self, answer: Answered) -> None:
        """The runtime client reports (Listener)."""
        self._decide(answer)

    def init_failed(self, error: bytes) -> None:
        """The runtime client could not load the function (Listener)."""
        self._decide(Answered(error, failed=True))

    def _decide(self, outcome: Outcome) -> None:
        """The first that happens is the outcome; a process that ends later changes nothing."""
        if not isinstance(outcome, Answered):
            self.usable = False
        if not self._settled.done():
            self.usable = False
            self._settled.set_result(outcome)
        elif self._outcome and not self._outcome.done():
            self._outcome.set_result(outcome)

    async def _initialised(self) -> Outcome | None:
        """Wait for the end of initialisation; return what went wrong with it, if anything."""
        if not self._settled.done():
            # AWS gives 10 s, then repeats it within the function's own timeout.
            seconds = max(self._setup.init_seconds, self.function.timeout)
            await asyncio.wait({self._settled}, timeout=seconds)
            if not self._settled.done():
                self._decide(TimedOut(seconds))
        return self._settled.result()

    async def _answer(self, call: Call) -> Outcome:
        if not self.usable:
            raise WorkerGone
        self._outcome = self._loop.create_future()
        seconds = self.function.timeout
        timer = self._loop.call_later(seconds, self._decide, TimedOut(seconds))
        self._api.offer(call, seconds)
        try:
            outcome = await self._outcome
        finally:
            timer.cancel()
        if isinstance(outcome, Exited) and self._began is None:
            raise WorkerGone
        return outcome

    async def _wait_for_exit(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self._output.drain()
        self._decide(Exited(code))

    async def _kill(self) -> None:
        self.usable = False
        if self._process is None or self._watch is None:
            return
        self.kill()
        await asyncio.wait({self._watch})

    def _init_to_report(self) -> float | None:
        """The time of initialisation, once: it belongs to the first invocation."""
        if self._init_reported:
            return None
        self._init_reported = True
        return self.init_ms

    def _log_start(self, request_id: str) -> None:
        self._began = time.perf_counter()
        self._log.write([f"START RequestId: {request_id} Version: {self.function.version}"])

    def _log_end(self, call: Call, outcome: Outcome, report: logs.Report) -> None:
        self._output.drain()
        if self._began is None:
            self._log_start(call.request_id)
        lines = [f"END RequestId: {call.request_id}", report.line(call.request_id)]
        match outcome:
            case TimedOut(seconds):
                text = f"Task timed out after {seconds:.2f} seconds"
                now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
                lines.insert(0, f"{now}Z {call.request_id} {text}")
            case Exited(exit_code):
                lines.insert(0, f"RequestId: {call.request_id} Error: {describe_exit(exit_code)}")
                lines.insert(1, "Runtime.ExitError")
        self._log.write(lines)


def _status(outcome: Outcome, *, init: bool) -> str | None:
    """The end of the REPORT line. What a handler raises is no error of the sandbox's."""
    match outcome:
        case TimedOut():
            return "timeout"
        case Exited():
            return "error\tError Type: Runtime.ExitError"
        case Answered(payload) if init:
            return f"error\tError Type: {json.loads(payload).get('errorType')}"
        case Answered():
            return None
