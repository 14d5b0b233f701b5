"""Deliver one share of a large publish, whatever comes in between.

What is promised: a share that fails is tried again whole, by Lambda, and passes over the readers that its progress
names as done; nobody is passed over who was not tried. After a failure that the run survived, nobody gets the event
twice. After a run that died, at most those do who were tried since it last noted, a CHUNK and those in flight then.
A run whose failure cannot be noted either counts as one that died.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from realtime.domain.connections import PUSHER, Reader
from realtime.domain.errors import ServiceError
from realtime.ports import Ports, Posted, Progress

from .delivery import FRESH_MS, NEVER_TOLD, Tally, sort, tell_failures
from .disconnect import forget
from .later import tell_failure
from .pace import CHUNK, Pace
from .parcel import frames_of
from .sharing import Share

# Rows read at a time: what of them is in memory stays small.
_PAGE = 1_000
# How long a run that says nothing has its share (ms). Lambda tries again after a minute.
_LEASE_MS = 30_000
# A run hands over when less than this is left of its time (ms): what is in flight ends within it.
_MARGIN_MS = 15_000
# So many posts that never left us: API Gateway is out of reach, and the rest need not be tried.
_UNSENT_MOST = 100
# In seconds.
_THROTTLED_PAUSE = 1.0
# How long to wait, in seconds, for those who have yet to be told of the channel: two seconds in all.
_LATE_PAUSES = (0.05, 0.15, 0.3, 0.5, 1.0)


def deliver_share(share: Share, ports: Ports, remaining_ms: Callable[[], int]) -> None:
    """Deliver it, or as much as there is time for, and have the rest delivered by another run.

    Raises ServiceError: it is to be tried again.
    """
    shares, now = ports.sharing().shares, ports.clock.now()
    progress = shares.claim(share.id, now, now + _LEASE_MS)
    if progress is not None:
        _Run(share, progress, ports, remaining_ms).run()


class _Run:
    """One run of a share."""

    def __init__(self, share: Share, progress: Progress, ports: Ports, remaining_ms: Callable[[], int]) -> None:
        self._share = share
        self._ports = ports
        self._remaining_ms = remaining_ms
        self._sharing = ports.sharing()
        self._frames = frames_of(share.parcel)
        self._channel = share.parcel.channel
        self._cursor = progress.cursor
        self._again = set(progress.open)
        self._pages = self._readers()
        self._in_flight: dict[str, Reader] = {}
        self._throttled: dict[str, Reader] = {}
        self._waiting: dict[str, Reader] = {}
        self._unsent: set[str] = set()
        self._tried_twice: set[str] = set()
        self._pace = Pace(ports)
        self._has_waited = False
        self._delayed = 0
        self._is_short_of_time = False
        self._failure: ServiceError | None = None
        self._tally = Tally()

    def run(self) -> None:
        self._stream(self._pages)
        if self._goes_on and self._waiting:
            self._stream(self._late())
        if self._goes_on and self._throttled:
            self._stream(self._second_tries())
        self._conclude()

    @property
    def _goes_on(self) -> bool:
        return self._failure is None and not self._is_short_of_time and len(self._unsent) < _UNSENT_MOST

    def _stream(self, readers: Iterable[Reader | float]) -> None:
        try:
            for posted in self._ports.outbox.stream(self._posts(readers)):
                self._settle(posted)
        except ServiceError as failure:
            self._failure = failure

    def _posts(self, readers: Iterable[Reader | float]) -> Iterator[tuple[str, str] | float]:
        """What is to be posted, and pauses. A failure ends it, and what is in flight settles all the same."""
        try:
            for reader in readers:
                if isinstance(reader, float):
                    yield reader
                    continue
                if self._pace.left == 0:
                    wait = self._begin_chunk()
                    if wait is None:
                        self._shed(reader)
                        return
                    if wait:
                        yield wait
                    if self._is_short_of_time:
                        return
                yield self._post(reader)
                if not self._goes_on:
                    return
        except ServiceError as failure:
            self._failure = failure

    def _post(self, reader: Reader) -> tuple[str, str]:
        frame = self._frames.of(reader)
        assert frame is not None, "it has been sorted out"
        self._pace.left -= 1
        if self._has_waited and reader.connection_id not in self._tried_twice:
            self._delayed += 1
        self._again.discard(reader.connection_id)
        self._waiting.pop(reader.connection_id, None)
        self._throttled.pop(reader.connection_id, None)
        self._in_flight[reader.connection_id] = reader
        self._cursor = max(self._cursor, reader.connection_id)
        return reader.connection_id, frame

    def _second_tries(self) -> Iterator[Reader | float]:
        """A client whose buffer was full may have read on; an account that took too many requests may not any more."""
        yield _THROTTLED_PAUSE
        for reader in list(self._throttled.values()):
            self._tried_twice.add(reader.connection_id)
            yield reader

    def _late(self) -> Iterator[Reader | float]:
        """Who is told of the channel after all. Who is not has failed, unless it has left."""
        for pause in _LATE_PAUSES:
            if not self._waiting:
                return
            yield pause
            ready, waiting = sort(self._channel, self._waiting.values(), self._frames, self._ports)
            self._waiting = {reader.connection_id: reader for reader in (*ready, *waiting)}
            yield from ready
        for connection_id in sorted(self._ports.subscriptions.existing(self._channel, set(self._waiting))):
            self._tally.add(Posted(connection_id, "failed", NEVER_TOLD, sent=False))
        self._waiting.clear()

    def _readers(self) -> Iterator[Reader | float]:
        """Those to try again, then those behind the cursor. Who has yet to be told of the channel is put aside."""
        if self._again:
            yield from self._open_readers()
        self._again.clear()
        within = self._share.within.after(self._cursor)
        for page in self._ports.subscriptions.readers(self._channel, self._ports.clock.now(), within, _PAGE):
            ready, waiting = sort(self._channel, self._who_may_know(page), self._frames, self._ports)
            self._waiting |= {reader.connection_id: reader for reader in waiting}
            # Behind the cursor nobody may be left that has not been tried.
            yield from sorted(ready)
            if len(self._throttled) >= CHUNK:
                # As many as a note can well name.
                yield from self._second_tries()

    def _open_readers(self) -> Iterator[Reader]:
        now = self._ports.clock.now()
        still = self._ports.subscriptions.existing(self._channel, self._again)
        rows = self._ports.connections.find_all(still).values()
        # As if they had just come: nobody knows which of them have yet to be told.
        readers = [Reader(row.connection_id, row.protocol, now, coalesce=row.coalesce) for row in rows]
        ready, waiting = sort(self._channel, readers, self._frames, self._ports)
        self._waiting |= {reader.connection_id: reader for reader in waiting}
        yield from ready

    def _who_may_know(self, page: list[Reader]) -> list[Reader]:
        """Of a cached event: without those who got it as they came, however long ago that is by now.

        Who came about when it was published is looked at as if it had just come: its row says what it knows. Plain
        clients get none as they come.
        """
        if self._frames.stamp is None:
            return page
        now, published_at = self._ports.clock.now(), self._share.published_at
        return [
            reader._replace(since=now) if reader.since > published_at - FRESH_MS else reader
            for reader in page
            if reader.protocol != PUSHER or reader.since <= published_at + FRESH_MS // 2
        ]

    def _begin_chunk(self) -> float | None:
        """Book the requests of a chunk; return the seconds until they may begin, None if it is too late for them.

        If they cannot begin within this run, it is short of time: the seconds until it has to end.
        """
        now = self._ports.clock.now()
        wait = self._pace.book(now)
        is_late = now + wait - self._share.published_at > self._ports.limits.max_age_seconds * 1000
        left = self._remaining_ms() - _MARGIN_MS
        self._is_short_of_time = not is_late and wait > left
        if is_late or self._is_short_of_time:
            # Else those who come too late would keep the others waiting until they are late as well.
            self._pace.give_back(now)
            wait = max(0, min(wait, left))
        if is_late:
            return None
        self._has_waited = wait > 0
        self._note(now + wait + _LEASE_MS)
        return wait / 1000

    def _settle(self, posted: Posted) -> None:
        reader = self._in_flight.pop(posted.connection_id)
        if posted.fate == "failed" and not posted.sent:
            self._unsent.add(posted.connection_id)
            return
        self._pace.was_throttled |= posted.fate == "throttled"
        if posted.fate == "throttled" and posted.connection_id not in self._tried_twice:
            self._throttled[posted.connection_id] = reader
        else:
            self._tried_twice.discard(posted.connection_id)
            self._tally.add(posted)

    def _shed(self, reader: Reader) -> None:
        """Give up this one and the rest, and say how many they are, as far as there is time to count."""
        known = {reader.connection_id, *self._waiting, *self._throttled}
        self._waiting.clear()
        self._throttled.clear()
        # Among the rest are second tries, of throttled ones, if it was in the middle of those.
        rest = takewhile(lambda _: self._remaining_ms() >= _MARGIN_MS, self._pages)
        others = sum(isinstance(each, Reader) and each.connection_id not in known for each in rest)
        # Pages have put aside more that wait.
        count = len(known) + others + len(self._waiting)
        self._waiting.clear()
        self._again.clear()
        self._cursor = self._share.within.last
        telemetry = self._ports.telemetry
        telemetry.count("DeliveriesShed", count)
        telemetry.log("ERROR", "deliveries shed", channel=self._channel.name, share=self._share.id, readers=count)

    def _note(self, until: int) -> None:
        unfinished = {*self._again, *self._in_flight, *self._throttled, *self._unsent, *self._waiting}
        # Who is behind the cursor is read again anyhow.
        unfinished = {connection_id for connection_id in unfinished if connection_id <= self._cursor}
        self._sharing.shares.note(self._share.id, Progress(self._cursor, frozenset(unfinished)), until)

    def _conclude(self) -> None:
        deliveries = self._tally.deliveries()
        self._ports.telemetry.count("Deliveries", self._tally.delivered)
        if self._delayed:
            self._ports.telemetry.count("DeliveriesDelayed", self._delayed)
        tell_failures(self._channel, deliveries, self._ports)
        now = self._ports.clock.now()
        if self._failure is None and not self._is_short_of_time and not self._unsent:
            self._finish(now)
        else:
            # In the past, so that the next run can have it at once.
            self._note(now - 1)
        if self._is_short_of_time and self._failure is None:
            self._sharing.invoker.start([self._share.job()])
        self._pace.end()
        forget(deliveries.gone, self._ports, channel=self._channel)
        if self._failure is not None:
            raise self._failure
        if self._unsent and not self._is_short_of_time:
            raise ServiceError("PostToConnection", "not sent")

    def _finish(self, now: int) -> None:
        try:
            self._sharing.shares.finish(self._share.id, now)
        except ServiceError as failure:
            # All is delivered. Tried again, the last chunk would be twice.
            tell_failure(failure, self._ports, share=self._share.id)
