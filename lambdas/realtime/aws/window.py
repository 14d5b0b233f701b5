"""One run of a transport: jobs in, at most a window of them in flight, jobs out as they are finished."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Generic

from .connection import Broken, Connection
from .exchange import ConnectionPool, Exchange, RunLimits
from .flight import InFlight
from .http1 import Response
from .intake import Intake, JobT
from .job import Failed, Outcome
from .poller import Poller

# An exchange that takes longer (s) gives its place in the window to another: API Gateway's usual is 15 ms.
SLOW_SECONDS = 0.25
# How many handshakes at once: each costs 1 ms of CPU, for which the answers of the others wait, and the connections
# that are there already may have done what is to be done before.
_MAX_HANDSHAKES = 16
_TIMED_OUT = "timed out"


class Run(Generic[JobT]):
    """It works in phases, each over all that is ready: read, parse and settle, take and sign, write.

    Each piece of code runs while it is in the caches, and not right after a system call and a cipher, which leave
    nothing of it there. A delivery takes 1.9 times the CPU of a bare send and receive (40 µs); with one dealt with
    after the other it was 3.6 times (70 µs).
    """

    def __init__(
        self,
        connections: ConnectionPool,
        intake: Intake[JobT],
        limits: RunLimits,
        clock: Callable[[], float],
        poller: Callable[[], Poller],
    ) -> None:
        self._connections = connections
        self._intake = intake
        self._ends_at = limits.ends_at
        self._clock = clock
        self._new_poller = poller
        self._flight: InFlight[JobT] = InFlight(limits, SLOW_SECONDS)
        # Answered and not yet asked again.
        self._free: dict[int, Exchange[JobT]] = {}
        self._opening: set[int] = set()
        self._done: list[JobT] = []

    def jobs(self) -> Generator[JobT, None, None]:
        """Yield each job when it is finished. To close this leaves nothing in flight."""
        # Here: a run that is never asked for anything has opened nothing.
        self._poller = self._new_poller()
        try:
            while True:
                self._fill()
                if self._done:
                    done, self._done = self._done, []
                    yield from done
                if self._clock() >= self._ends_at:
                    yield from self._end()
                    return
                if self._flight or self._intake:
                    self._step()
                else:
                    return
        finally:
            self._close()

    def _fill(self) -> None:
        """Begin as many exchanges as there are jobs and places for."""
        if self._flight.room() > 0 and (begun := self._take()):
            self._send(begun)

    def _take(self) -> list[Exchange[JobT]]:
        """Jobs, each with a connection, for the places that are free."""
        begun: list[Exchange[JobT]] = []
        take, clock, free = self._intake.take, self._clock, self._free
        fast, room = self._flight.fast, self._flight.room()
        while len(begun) < room:
            # Each time, as to ask the source may take a while.
            now = clock()
            job = take(now) if now < self._ends_at else None
            if job is None:
                break
            exchange = free.popitem()[1] if free else self._connect(job)
            if exchange is not None:
                exchange.job = job
                # Noted before anything can fail: what is noted is closed in the end.
                fast[exchange.fd] = exchange
                begun.append(exchange)
            elif not self._may_open():
                self._intake.put_back(job)
                break
        return begun

    def _send(self, begun: list[Exchange[JobT]]) -> None:
        """Ask for all requests, and then write them."""
        requests = [exchange.job.data() for exchange in begun]
        # Only now: what the source took for the later ones is not taken from the time of the first.
        began = self._clock()
        for exchange, request in zip(begun, requests, strict=True):
            exchange.began = began
            connection = exchange.connection
            connection.begin(request)
            if connection.interest != connection.watched:
                self._watch(connection)

    def _connect(self, job: JobT) -> Exchange[JobT] | None:
        """A connection to begin with. Without one the job either has to wait or is told that it failed."""
        connection = self._connections.idle()
        if connection is not None:
            return self._add(connection, job)
        return self._open(job) if self._may_open() else None

    def _may_open(self) -> bool:
        """Whether a handshake is worth its CPU now: not one more for each that hangs, while enough others go on."""
        if self._flight.slow and self._flight.is_half_full():
            return False
        return len(self._opening) < _MAX_HANDSHAKES

    def _open(self, job: JobT) -> Exchange[JobT] | None:
        try:
            connection = self._connections.open()
        except OSError as failure:
            self._settle(job, Failed(failure.strerror or type(failure).__name__, sent=False))
            return None
        self._opening.add(connection.fd)
        return self._add(connection, job)

    def _add(self, connection: Connection, job: JobT) -> Exchange[JobT]:
        self._poller.register(connection.fd, connection.interest)
        connection.watched = connection.interest
        return Exchange(connection, job)

    def _watch(self, connection: Connection) -> None:
        self._poller.modify(connection.fd, connection.interest)
        connection.watched = connection.interest

    def _step(self) -> None:
        """Wait until something happens, and deal with it."""
        events = self._poller.poll(self._patience())
        if self._free:
            for fd, _ in events:
                if fd in self._free:
                    # Nobody asked it anything: it is being closed.
                    self._drop(self._free.pop(fd).connection)
        for exchange, data in self._receive(events):
            try:
                response = exchange.connection.answer(data)
            except Broken as failure:
                self._broken(exchange, failure)
                continue
            if response is not None:
                self._finish(exchange, response)
        self._age()

    def _receive(self, events: Sequence[tuple[int, int]]) -> list[tuple[Exchange[JobT], bytes]]:
        """What has come over the connections that are ready. The others among them get on with what they are at."""
        arrived = []
        fast, slow = self._flight.fast, self._flight.slow
        for fd, _ in events:
            exchange = fast.get(fd) or slow.get(fd)
            if exchange is None:
                continue
            connection = exchange.connection
            try:
                data = connection.advance()
            except Broken as failure:
                self._broken(exchange, failure)
                continue
            if data is not None:
                arrived.append((exchange, data))
            elif connection.ready:
                self._opening.discard(fd)
            if connection.interest != connection.watched:
                self._watch(connection)
        return arrived

    def _patience(self) -> float:
        """How long (s) nothing has to be done unless a connection becomes ready."""
        next_at = min(self._ends_at, self._flight.next_at())
        if self._flight.room() > 0:
            next_at = min(next_at, self._intake.next_at())
        return max(0.0, next_at - self._clock())

    def _age(self) -> None:
        """Let those that have become slow out of the window, and end those that have had their time."""
        now = self._clock()
        for exchange in self._flight.age(now):
            self._opening.discard(exchange.fd)
        for exchange in self._flight.late(now):
            self._time_out(exchange)

    def _finish(self, exchange: Exchange[JobT], response: Response) -> None:
        self._flight.remove(exchange)
        if exchange.connection.reusable:
            exchange.again = False
            self._free[exchange.fd] = exchange
        else:
            self._drop(exchange.connection)
        self._settle(exchange.job, response)

    def _broken(self, exchange: Exchange[JobT], failure: Broken) -> None:
        connection, job = exchange.connection, exchange.job
        self._flight.remove(exchange)
        again = connection.stale and not exchange.again
        self._drop(connection)
        if not again:
            self._settle(job, Failed(str(failure), connection.sent))
        # Over a new one: another that is idle may have been closed likewise.
        elif (fresh := self._open(job)) is not None:
            fresh.again = True
            self._flight.fast[fresh.fd] = fresh
            self._send([fresh])

    def _time_out(self, exchange: Exchange[JobT]) -> None:
        self._flight.remove(exchange)
        self._drop(exchange.connection)
        self._settle(exchange.job, Failed(_TIMED_OUT, exchange.connection.sent))

    def _settle(self, job: JobT, outcome: Outcome) -> None:
        delay = job.settle(outcome)
        if delay is None:
            self._done.append(job)
        elif delay <= 0:
            self._intake.put_back(job)
        else:
            self._intake.put_off(job, self._clock() + delay)

    def _end(self) -> Iterator[JobT]:
        """The time is over, for what is in flight, for what waits, and for what has not even been read."""
        for exchange in self._flight.all():
            self._time_out(exchange)
        yield from self._done
        for job in self._intake.rest():
            job.settle(Failed(_TIMED_OUT, sent=False))
            yield job

    def _drop(self, connection: Connection) -> None:
        self._opening.discard(connection.fd)
        self._poller.unregister(connection.fd)
        connection.close()

    def _close(self) -> None:
        for exchange in self._flight.all():
            exchange.connection.close()
        self._poller.close()
        for exchange in self._free.values():
            self._connections.keep(exchange.connection)
        self._flight.clear()
        self._free.clear()
