"""A stand-in for @connections that counts every frame and misbehaves as it is told, in a process of its own.

    python -m bench.sinks.counting CERTIFICATE KEY      (or neither: then it speaks HTTP without TLS)

It writes its port, and then one line of JSON for each that it reads: null asks for the report, a plan
(bench/sinks/plan.py) replaces the one before and is answered with null. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.sinks.certificates import Certificate, make_certificate
from bench.sinks.plan import Plan, Report
from bench.sinks.server import Sink

_ROOT = Path(__file__).parents[2]
_BACKLOG = 1024
_PATIENCE_SECONDS = 30.0


class CountingSink:
    """A running sink; it ends when this is left, and with this process. One thread at a time may use it."""

    def __init__(self, plan: Plan | None = None, *, tls: bool = True) -> None:
        self._plan = plan
        self._tls = tls
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of its process: to read what it costs."""
        return self._running().pid

    def __enter__(self) -> CountingSink:
        with ExitStack() as stack:
            arguments: list[str] = []
            if self._tls:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sink-"))
                self.certificate = make_certificate(Path(folder), "127.0.0.1")
                arguments = [str(path) for path in self.certificate]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.sinks.counting", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                # Ctrl-C is for who uses it.
                start_new_session=True,
            )
            stack.callback(self._end)
            self.port = int(self._read())
            if self._plan is not None:
                self.follow(self._plan)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def follow(self, plan: Plan) -> None:
        """From now on, do what this plan says, and forget what was counted. Connections stay open."""
        self._ask(plan._asdict())

    def report(self) -> Report:
        """What was counted since the plan was given."""
        return Report.from_json(self._ask(None))

    def _ask(self, question: Any) -> Any:
        process = self._running()
        assert process.stdin
        process.stdin.write(json.dumps(question).encode() + b"\n")
        process.stdin.flush()
        return json.loads(self._read())

    def _read(self) -> bytes:
        process = self._running()
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the counting sink has ended")
        return line

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the counting sink does not run")
        return self._process

    def _end(self) -> None:
        process = self._running()
        try:
            # Closes its standard input, which ends it.
            process.communicate(timeout=_PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
            self._process = None


class _Control:
    """Questions come in on one pipe, answers go out on the other."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def read(self) -> None:
        data = os.read(sys.stdin.fileno(), 65_536)
        if not data:
            self._sink.end()
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self.say(self._answer(json.loads(line)))

    def say(self, answer: Any) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def _answer(self, question: Any) -> Any:
        if question is None:
            return self._sink.report()._asdict()
        self._sink.follow(Plan.from_json(question))
        return None


def main(arguments: list[str]) -> None:
    """Serve until standard input ends. The arguments are a certificate and its key, or none."""
    tls = Certificate(*map(Path, arguments)).server() if arguments else None
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        sink = Sink(listener, tls)
        control = _Control(sink)
        control.say(listener.getsockname()[1])
        sink.serve(sys.stdin.fileno(), control.read)
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(sys.argv[1:])
