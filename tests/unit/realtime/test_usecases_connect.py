"""A client opens a connection."""

from __future__ import annotations

import pytest

from realtime.domain.apps import Key
from realtime.domain.connections import Connection, Identity
from realtime.domain.errors import ServiceError, Unauthorized
from realtime.usecases.connect import REFUSALS, Door, Handshake, connect
from tests.fakes import NOW, FakeApps, FakeTokens, World, app

IDENTITY = Identity("u1", "123", frozenset({"private-*"}), "key-1")
HANDSHAKE = Handshake("c1", NOW, "good", "192.0.2.1", "agent/1.0")
PUSHER = Handshake("c1", NOW, None, "192.0.2.1", "agent/1.0", "key-1", "7", "8.4.0")
OLD_KEY = Key("key-0", "secret-0", False, "2025-01-01T00:00:00Z")
NEW_KEY = Key("key-1", "secret-1", True, "2026-01-01T00:00:00Z")


def door(world: World, *, allow_anonymous: bool = False) -> Door:
    tokens = FakeTokens({"good": IDENTITY})
    tables = world.tables
    return Door(
        "1", allow_anonymous, tokens, world.apps, tables.connections, tables.state, world.invoker, world.telemetry
    )


def enter(world: World, handshake: Handshake, *, allow_anonymous: bool = False) -> Connection:
    connect(handshake, door(world, allow_anonymous=allow_anonymous))
    return world.connections.rows[handshake.connection_id]


def refusal(handshake: Handshake, world: World | None = None) -> int | None:
    """The code with which a Pusher client is to be sent away; it has a row, and is spoken to, in any case."""
    world = world or World()
    row = enter(world, handshake)
    assert (row.protocol, row.welcome, world.invoker.welcomed) == ("pusher", None, ["c1"])
    return row.refusal


def test_a_good_token_writes_the_row_of_its_bearer():
    assert enter(World(), HANDSHAKE) == Connection(
        connection_id="c1",
        identity=IDENTITY,
        protocol="plain",
        app_id="1",
        connected_at=NOW,
        last_seen_at=NOW,
        expires_at=1_700_000_000 + 7_800,
        channels=frozenset(),
        source_ip="192.0.2.1",
        user_agent="agent/1.0",
    )


@pytest.mark.parametrize("handshake", [HANDSHAKE, PUSHER], ids=["plain", "pusher"])
def test_a_connection_is_counted(handshake):
    world = World()
    enter(world, handshake)
    assert world.telemetry.counts == {"Connects": 1}


@pytest.mark.parametrize("allow_anonymous", [True, False])
def test_a_bad_token_is_refused_even_where_none_is_needed(allow_anonymous):
    with pytest.raises(Unauthorized):
        enter(World(), HANDSHAKE._replace(token="bad"), allow_anonymous=allow_anonymous)


@pytest.mark.parametrize("token", [None, "", "bad"])
def test_a_refused_plain_client_has_no_row(token):
    world = World()
    with pytest.raises(Unauthorized):
        enter(world, HANDSHAKE._replace(token=token))
    assert (world.connections.rows, world.telemetry.counts) == ({}, {})


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_a_client_is_anonymous_where_that_is_allowed(token):
    assert enter(World(), HANDSHAKE._replace(token=token), allow_anonymous=True).identity == Identity()


def test_a_plain_client_is_not_spoken_to_first():
    world = World()
    enter(world, HANDSHAKE)
    assert world.invoker.welcomed == []


def test_a_key_writes_the_row_of_a_pusher_client_and_has_it_welcomed():
    world = World()
    row = enter(world, PUSHER)
    assert (row.protocol, row.app_id, row.identity, row.refusal) == ("pusher", "1", Identity(key="key-1"), None)
    assert world.journal.calls == ["connections.add", "invoker.welcome"]


def test_the_key_tells_the_app():
    world = World()
    world.apps = FakeApps(app("1"), app("2", keys=[Key("key-2", "secret-2", True, "")]))
    assert enter(world, PUSHER._replace(key="key-2")).app_id == "2"


@pytest.mark.parametrize("protocol", [None, "4", "5", "6", "7", "07"])
def test_the_protocols_in_use_are_spoken(protocol):
    assert refusal(PUSHER._replace(protocol=protocol)) is None


@pytest.mark.parametrize("protocol", ["", "3", "8", "70", "-7", "7.0", "seven", "٧", " 7", "7" * 5000])
def test_others_are_refused(protocol):
    assert refusal(PUSHER._replace(protocol=protocol)) == 4007


@pytest.mark.parametrize("version", [None, "8.4.0", "8.4.0-rc.1", "2.2.8+build_5", "v1", "x" * 64])
def test_any_usual_version_is_taken(version):
    assert refusal(PUSHER._replace(version=version)) is None


@pytest.mark.parametrize("version", ["", ".1", "8 4", "8.4\n", "<script>", "x" * 65])
def test_what_is_no_version_is_refused(version):
    assert refusal(PUSHER._replace(version=version)) == 4006


@pytest.mark.parametrize("key", ["unknown", "", "key-0"], ids=["unknown", "empty", "disabled"])
def test_a_key_that_is_none_is_refused_without_keeping_it(key):
    world = World()
    world.apps = FakeApps(app(keys=[OLD_KEY, NEW_KEY]))
    assert refusal(PUSHER._replace(key=key), world) == 4001
    assert world.connections.rows["c1"].identity.key == ("key-0" if key == "key-0" else None)


def test_a_disabled_app_is_refused():
    world = World()
    world.apps = FakeApps(app(enabled=False))
    assert refusal(PUSHER, world) == 4003


@pytest.mark.parametrize(("origin", "code"), [(None, None), ("https://a.example.com", None), ("https://b.com", 4009)])
def test_an_app_may_name_its_origins(origin, code):
    world = World()
    world.apps.set(origins=("https://a.example.com",))
    assert refusal(PUSHER._replace(origin=origin), world) == code


def test_an_app_has_as_many_connections_as_it_may():
    world = World()
    world.apps.set(max_connections=2)
    rows = [enter(world, PUSHER._replace(connection_id=f"c{n}")) for n in range(3)]
    assert [(row.refusal, row.counted) for row in rows] == [(None, True), (None, True), (4004, False)]
    assert world.state.counts == {"connections:1": 2}


def test_who_is_refused_for_another_reason_does_not_count():
    world = World()
    world.apps.set(max_connections=2)
    assert (refusal(PUSHER._replace(protocol="3"), world), world.state.counts) == (4007, {})


def test_a_connection_that_cannot_be_written_takes_no_place():
    world = World()
    world.apps.set(max_connections=2)
    world.journal.failures["connections.add"] = ServiceError("PutItem", "down")
    with pytest.raises(ServiceError):
        connect(PUSHER, door(world))
    assert (world.state.counts, world.invoker.welcomed) == ({"connections:1": 0}, [])


def test_without_a_quota_nothing_is_counted():
    world = World()
    assert (enter(world, PUSHER).counted, world.state.counts) == (False, {})


def test_a_refusal_is_logged_and_counted_by_its_code():
    world = World()
    refusal(PUSHER._replace(key="unknown"), world)
    assert (world.telemetry.errors, world.telemetry.lines) == ({"4001": 1}, [("INFO", "refused", {"code": 4001})])


def test_every_refusal_has_a_text():
    assert sorted(REFUSALS) == [4001, 4003, 4004, 4006, 4007, 4009]
