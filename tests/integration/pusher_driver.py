"""Pusher's Node libraries in a process of their own (tests/clients/driver.js): commands in, what is heard out."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ops.paths import ROOT

CLIENTS = ROOT / "tests" / "clients"

# Only a bound for a test that would otherwise hang.
PATIENCE_SECONDS = 30

# What a client heard: `seq`, `client`, `kind`, and what belongs to the kind.
Heard = dict[str, Any]


class Failure(Exception):
    """What a library threw. `status` and `body` are those of the HTTP answer, if there was one."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(f"{told['name']}: {told['message']}")
        self.status: int | None = told["status"]
        self.body: str | None = told["body"]


class Driver:
    """The process. Asked from one thread at a time; it hears all the while."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node and (CLIENTS / "node_modules").is_dir(), "`make test` installs the Node packages; it needs Node 18"
        self._process = subprocess.Popen(
            [node, "driver.js"], cwd=CLIENTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ids = itertools.count(1)
        self._news = threading.Condition()
        self._heard: list[Heard] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        self._process.stdout.close()

    def ask(self, do: str, **fields: Any) -> Any:
        """The result of a command. Raises Failure with what the library threw."""
        number = next(self._ids)
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": number, "do": do, **fields}) + "\n")
        self._process.stdin.flush()
        answer = self._until(lambda: self._answers.pop(number, None), f"the answer to {do}")
        if "failure" in answer:
            raise Failure(answer["failure"])
        return answer["result"]

    def all(self, matches: Callable[[Heard], bool]) -> list[Heard]:
        """What was heard so far that matches."""
        with self._news:
            return [heard for heard in self._heard if matches(heard)]

    def wait(self, matches: Callable[[Heard], bool], what: Callable[[], str]) -> Heard:
        """The first thing heard that matches, once it was."""
        seen = 0

        def found() -> Heard | None:
            nonlocal seen
            fresh, seen = self._heard[seen:], len(self._heard)
            return next(filter(matches, fresh), None)

        return self._until(found, what)

    def _until(self, found: Callable[[], Heard | None], what: Callable[[], str] | str) -> Heard:
        result: Heard | None = None

        def done() -> bool:
            nonlocal result
            result = found()
            return result is not None or self._ended

        with self._news:
            self._news.wait_for(done, PATIENCE_SECONDS)
        told = what if isinstance(what, str) else what()
        crashes = [heard["error"]["message"] for heard in self._heard if heard["kind"] == "crash"]
        why = f"{'the Node process ended' if self._ended else 'not in time'}; it threw {crashes}"
        assert result is not None, f"{why}: {told}"
        return result

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            message = json.loads(line)
            with self._news:
                if "answer" in message:
                    self._answers[message["answer"]] = message
                else:
                    self._heard.append(message)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
