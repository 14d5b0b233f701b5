"""Virtual time. What runs side by side in it is written as if it ran alone: it waits by `advance` and `wait_until`.

Each piece of work has a thread, because the code that is simulated waits wherever it likes; only one of them ever runs,
the one whose time is earliest, so that a run is the same each time. Work keeps running until it is ahead of the others
by more than a millisecond: as exact as anything here, and a hundredth of the switches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

_AHEAD = 0.001
_NEVER = float("inf")
# Deep enough for what runs in them; there may be thousands.
_STACK_BYTES = 512 * 1024


class OutOfTime(BaseException):
    """The deadline of this work has come. No `except Exception` is to keep it alive."""


class _Ended(BaseException):
    """The whole simulation has ended."""


class _Work:
    """One piece: its thread, and the lock that it waits for."""

    __slots__ = ("baton", "deadline", "thread")

    def __init__(self, run: Callable[[_Work], None]) -> None:
        self.baton = threading.Lock()
        self.baton.acquire()
        self.deadline = _NEVER
        self.thread = threading.Thread(target=run, args=(self,), daemon=True)


class Timeline:
    """`now` is in seconds, and that of whichever work asks."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, _Work]] = []
        self._numbers = count()
        self._current: _Work | None = None
        self._until = _NEVER
        self._ours = threading.Lock()
        self._ours.acquire()
        self._failure: BaseException | None = None
        self._is_over = False

    def begin(self, at: float, work: Callable[[], None]) -> None:
        """Have `work` done from `at` on, beside whatever else is."""

        def run(this: _Work) -> None:
            this.baton.acquire()
            try:
                if not self._is_over:
                    work()
            except _Ended:
                pass
            except BaseException as failure:
                self._failure = self._failure or failure
            finally:
                self._ours.release()

        self._put(at, _Work(run))

    def run(self) -> None:
        """Let everything happen. Raises what any of the work raised."""
        previous = threading.stack_size(_STACK_BYTES)
        try:
            while self._waiting and self._failure is None:
                self.now, _, work = heappop(self._waiting)
                self._resume(work)
        finally:
            self._end()
            threading.stack_size(previous)
        if self._failure is not None:
            raise self._failure

    def advance(self, seconds: float) -> None:
        """Let so much time pass for the work that asks. Raises OutOfTime at its deadline."""
        self.now += seconds
        if self.now > self._until:
            self._pause(self.now)

    def wait_until(self, at: float) -> None:
        """Let time pass until then; the past is now. Raises OutOfTime at the deadline."""
        if at > self.now:
            self.advance(at - self.now)

    def limit(self, deadline: float) -> None:
        """End the work that asks with OutOfTime at that time."""
        assert self._current is not None
        self._current.deadline = deadline
        self._look_ahead()

    def _pause(self, until: float) -> None:
        """Stand back for those that are behind."""
        work = self._current
        assert work is not None
        late = until > work.deadline
        self._put(min(until, work.deadline), work)
        self._ours.release()
        work.baton.acquire()
        if self._is_over:
            raise _Ended
        if late:
            work.deadline = _NEVER
            self._look_ahead()
            raise OutOfTime

    def _put(self, at: float, work: _Work) -> None:
        heappush(self._waiting, (at, next(self._numbers), work))
        self._look_ahead()

    def _look_ahead(self) -> None:
        first = self._waiting[0][0] if self._waiting else _NEVER
        deadline = self._current.deadline if self._current else _NEVER
        self._until = min(first + _AHEAD, deadline)

    def _resume(self, work: _Work) -> None:
        self._current = work
        self._look_ahead()
        if not work.thread.is_alive():
            work.thread.start()
        work.baton.release()
        self._ours.acquire()

    def _end(self) -> None:
        self._is_over = True
        for _, _, work in self._waiting:
            if work.thread.is_alive():
                self._resume(work)
        self._waiting.clear()
