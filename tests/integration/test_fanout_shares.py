"""A channel too large for its publish: real readers, real invocations for their shares, and what may go wrong."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ops.environments import Deployment
from ops.local.control import Running
from realtime.usecases.pace import CHUNK
from tests.integration.pusher_apps import App
from tests.integration.readers import Reader, Readers
from tests.integration.tuning import lines, publisher, pusher_url, total, tuned
from tests.integration.world import World

PLAIN, PUSHER = 540, 20
READERS = PLAIN + PUSHER
CHANNEL = "crowded"
# At this rate the first chunk takes some seconds: time to book the quota before the second is.
SLOW = CHUNK // 5


class Crowd:
    """The readers of a large channel, who stay there for all tests; each test has an event of its own."""

    def __init__(self, world: World, readers: Readers, server: Any) -> None:
        self.world = world
        self.readers = readers
        self._server = server
        self._names = (f"event-{number}" for number in itertools.count())
        self._ids: dict[str, str] = {}

    @property
    def by_id(self) -> dict[str, Reader]:
        """The readers by their connection ids, in the order of those."""
        if not self._ids:
            self._ids = {row["userAgent"]: row["connectionId"] for row in self.world.rows("connections")}
        return dict(sorted((self._ids[reader.name], reader) for reader in self.readers.all))

    def publish(self, data: object = "x") -> str:
        """Publish an event; return its name."""
        name = next(self._names)
        self._server.trigger(CHANNEL, name, data)
        return name

    def reached(self, event: str) -> int:
        """How many have heard an event."""
        return sum(1 for reader in self.readers.all if reader.counts[event])

    def hear(self, event: str, most: int = READERS) -> None:
        """Wait until so many have heard it."""
        self.readers.until(lambda: self.reached(event) >= most, f"{most} readers heard {event}")

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.world.eventually(lambda: not self.world.busy("deliver"), "the shares are done")
        self.readers.catch_up()

    def times(self, event: str) -> dict[int, list[str]]:
        """Who heard an event how often: connection ids by count."""
        counts: dict[int, list[str]] = {}
        for connection_id, reader in self.by_id.items():
            counts.setdefault(reader.counts[event], []).append(connection_id)
        return counts

    def share(self, **wanted: Any) -> dict[str, Any]:
        """The row of the only share that is not done, once it has all of these attributes."""
        (row,) = self.world.eventually(lambda: self._shares(wanted), f"a share has {wanted}")
        return row

    def _shares(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        rows = [row for row in self.world.rows("state") if row["id"].startswith("share:") and "done" not in row]
        return [row for row in rows if wanted.items() <= row.items()]

    def kill(self) -> None:
        """Kill the only share's run, and have Lambda try again when its lease and what it had booked are over."""
        before = self.errors()
        assert self.world.daemon.call("POST", "functions/kill", {"match": "deliver"}) == {"killed": 1}
        self.world.eventually(lambda: self.errors() > before, "Lambda knows that the run died")
        row = self.share()
        self._state("update_item", row["id"], leasedUntil={"Value": {"N": "0"}, "Action": "PUT"})
        self._state("delete_item", "quota")
        self.retry()

    def retry(self) -> None:
        """Have Lambda try again what waits for it."""
        self.world.eventually(self.retried, "something waits to be tried again")

    def retried(self) -> int:
        """Have Lambda try again what waits for it by now; return how many that is."""
        retried: int = self.world.daemon.call("POST", "functions/retry", {"match": "deliver"})["retried"]
        return retried

    def errors(self) -> int:
        """How many runs of shares have failed."""
        errors: int = self.status()["errors"]
        return errors

    def status(self) -> dict[str, Any]:
        """What the local AWS says of the function that delivers."""
        name = self.world.deployment.outputs["function_names"]["deliver"]
        status: dict[str, Any] = self.world.daemon.call("GET", "status")["functions"][name]
        return status

    def book(self, seconds: int) -> int:
        """Book the quota for so long from now on; return until when (µs)."""
        until = (int(time.time()) + seconds) * 1_000_000
        self._state("update_item", "quota", bookedUntil={"Value": {"N": str(until)}, "Action": "PUT"})
        return until

    def booked_until(self) -> int:
        """Until when (µs) the quota is booked."""
        return next(int(row["bookedUntil"]) for row in self.world.rows("state") if row["id"] == "quota")

    def forget_bookings(self) -> None:
        """As if nothing had been sent for long."""
        self._state("delete_item", "quota")

    def _state(self, operation: str, row: str, **updates: Any) -> None:
        client = self.world.deployment.client("dynamodb")
        extra = {"AttributeUpdates": updates} if updates else {}
        getattr(client, operation)(TableName=self.world.deployment.table("state"), Key={"id": {"S": row}}, **extra)


@pytest.fixture(scope="module")
def readers_of_all_tests(deployment: Deployment, daemon: Running, apps: dict[str, App]) -> Iterator[Crowd]:
    with World(deployment, daemon) as world, Readers() as readers:
        readers.enter(CHANNEL, [f"{world.url}?token={world.token()}"] * PLAIN)
        readers.enter(CHANNEL, [pusher_url(world, apps["default"])] * PUSHER)
        yield Crowd(world, readers, publisher(world, apps["default"]))
        # The world removes their rows by itself: 560 Lambdas less.
        world.fault("disconnect-lost")
        readers.leave()
        world.eventually(lambda: daemon.call("GET", "status")["connections"]["live"] == 0, "all have left")


@pytest.fixture
def crowd(readers_of_all_tests: Crowd) -> Iterator[Crowd]:
    yield readers_of_all_tests
    readers_of_all_tests.world.daemon.clear_fault(None)
    readers_of_all_tests.forget_bookings()


def test_every_reader_hears_each_event_once(crowd: Crowd) -> None:
    events = [crowd.publish() for _ in range(3)]
    for event in events:
        crowd.hear(event)
    crowd.settle()
    assert [list(crowd.times(event)) for event in events] == [[1]] * 3


def test_several_shares_reach_everybody_once(crowd: Crowd) -> None:
    before = len(lines(crowd.world, "deliver"))
    with tuned(crowd.world, FANOUT_SHARE_READERS=150):
        event = crowd.publish()
        crowd.hear(event)
        crowd.settle()
    assert list(crowd.times(event)) == [1]
    delivered = [line["Deliveries"] for line in lines(crowd.world, "deliver")[before:] if "Deliveries" in line]
    assert len(delivered) > 1
    assert sum(delivered) == READERS


def test_the_payload_travels_once_a_share(crowd: Crowd) -> None:
    before = len(lines(crowd.world, "http-api"))
    with tuned(crowd.world, FANOUT_SHARE_READERS=150):
        crowd.hear(crowd.publish("x" * 10_000))
        crowd.settle()
    (published,) = [line for line in lines(crowd.world, "http-api")[before:] if "Shares" in line]
    assert published["calls"]["lambda:InvokeFunction"] == published["Shares"] > 1
    assert not [name for name in published["calls"] if "ManageConnections" in name]


def test_a_publish_returns_before_its_shares_and_a_share_that_fails_is_tried_again(crowd: Crowd) -> None:
    errors = crowd.errors()
    crowd.world.fault("dynamodb-error", match=f"UpdateItem {crowd.world.deployment.table('state')}")
    event = crowd.publish()
    crowd.world.eventually(lambda: crowd.errors() > errors, "the share failed")
    crowd.readers.catch_up()
    assert crowd.reached(event) == 0
    crowd.world.daemon.clear_fault(None)
    crowd.retry()
    crowd.hear(event)
    crowd.settle()
    assert list(crowd.times(event)) == [1]


def test_who_had_it_before_a_run_died_between_two_chunks_does_not_get_it_again(crowd: Crowd) -> None:
    last = list(crowd.by_id)[CHUNK - 1]
    with tuned(crowd.world, FANOUT_REQUESTS_PER_SECOND=SLOW):
        event = crowd.publish()
        crowd.hear(event, 1)
        # So long a time lies between the chunks.
        crowd.book(60)
        crowd.hear(event, CHUNK)
        row = crowd.share(reached=last)
        crowd.kill()
        crowd.hear(event)
        crowd.settle()
    times = crowd.times(event)
    assert times.keys() <= {1, 2}
    assert set(times.get(2, ())) <= set(row.get("unfinished", ())), "only of these nobody knew"


def test_after_a_run_that_died_within_a_chunk_nobody_misses_the_event(crowd: Crowd) -> None:
    *_, slow = crowd.by_id
    crowd.world.fault("slow-post", seconds=3600, match=slow)
    event = crowd.publish()
    crowd.hear(event, READERS - 1)
    row = crowd.share(reached=list(crowd.by_id)[CHUNK - 1])
    crowd.world.daemon.clear_fault("slow-post")
    crowd.kill()
    crowd.hear(event)
    crowd.settle()
    times = crowd.times(event)
    assert times.keys() <= {1, 2}
    tried_since = {connection_id for connection_id in crowd.by_id if connection_id > row["reached"]}
    assert set(times.get(2, ())) <= tried_since | set(row.get("unfinished", ()))


def test_shares_that_lambda_starts_twice_reach_nobody_twice(crowd: Crowd) -> None:
    runs = crowd.status()["invocations"]
    crowd.world.fault("duplicate-async", match="deliver")
    event = crowd.publish()
    crowd.hear(event)
    crowd.world.eventually(lambda: crowd.status()["invocations"] >= runs + 2, "both have run")
    crowd.settle()
    # If the other was refused while the first was at it, it comes again, and finds it done.
    crowd.world.eventually(lambda: not crowd.retried() and not crowd.world.busy("deliver"), "no run is left")
    crowd.settle()
    assert list(crowd.times(event)) == [1]


def test_shares_keep_to_the_rate_together(crowd: Crowd) -> None:
    before = len(lines(crowd.world, "deliver"))
    rate = 1_000
    with tuned(crowd.world, FANOUT_SHARE_READERS=150, FANOUT_REQUESTS_PER_SECOND=rate):
        before_all = crowd.book(5)
        event = crowd.publish()
        crowd.hear(event)
        crowd.settle()
    written = lines(crowd.world, "deliver")[before:]
    shares = [line for line in written if "Deliveries" in line]
    assert len(shares) > 1
    assert total(written, "DeliveriesShed") == 0
    # Who had to wait did so for all of its readers, and each booked its own behind that of the others.
    assert total(written, "DeliveriesDelayed") > 0
    assert all(line.get("DeliveriesDelayed", line["Deliveries"]) == line["Deliveries"] for line in shares)
    assert crowd.booked_until() >= before_all + READERS * 1_000_000 // rate


def test_what_could_not_begin_in_time_is_shed_and_counted(crowd: Crowd) -> None:
    before = len(lines(crowd.world, "deliver"))
    with tuned(crowd.world, FANOUT_REQUESTS_PER_SECOND=SLOW, FANOUT_MAX_AGE_SECONDS=40):
        event = crowd.publish()
        crowd.hear(event, 1)
        crowd.book(60)
        crowd.hear(event, CHUNK)
        crowd.settle()
    served, others = list(crowd.by_id)[:CHUNK], list(crowd.by_id)[CHUNK:]
    assert crowd.times(event) == {1: served, 0: others}
    written = lines(crowd.world, "deliver")[before:]
    assert total(written, "DeliveriesShed") == len(others)
    assert [line["readers"] for line in written if line.get("message") == "deliveries shed"] == [len(others)]
