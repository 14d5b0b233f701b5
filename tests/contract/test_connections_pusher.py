"""What the Connections port does for Pusher's clients alone: one suite over the fake and over the adapter."""

from __future__ import annotations

import pytest

from realtime.domain.connections import TELLING, TOLD, Connection
from realtime.ports import Connections, SignIn, Tables
from tests.fakes import NOW, connection

PUSHER = connection(user=None, team=None, protocol="pusher")


@pytest.fixture
def connections(tables: Tables) -> Connections:
    return tables.connections


def hold(connections: Connections, *rows: Connection) -> None:
    for row in rows:
        connections.add(row)


def test_signing_in_names_the_client(connections):
    hold(connections, PUSHER)
    assert connections.sign_in("c1", SignIn("u7", '{"id":"u7"}', "123", frozenset({"u8"})), NOW + 5)
    expected = PUSHER._replace(
        identity=PUSHER.identity._replace(user_id="u7", team_id="123"),
        user_data='{"id":"u7"}',
        watching=frozenset({"u8"}),
        last_seen_at=NOW + 5,
    )
    assert connections.find("c1") == expected


def test_signing_in_without_a_team_keeps_the_team_and_with_one_replaces_it(connections):
    hold(connections, connection("c1", user=None), connection("c2", user=None))
    connections.sign_in("c1", SignIn("u7", "{}"), NOW)
    connections.sign_in("c2", SignIn("u7", "{}", "456"), NOW)
    assert [row.identity.team_id for row in (connections.find(name) for name in ("c1", "c2"))] == ["123", "456"]


def test_signing_in_again_keeps_whom_the_client_watched(connections):
    hold(connections, PUSHER)
    connections.sign_in("c1", SignIn("u7", "{}", watching=frozenset({"u8"})), NOW)
    assert connections.sign_in("c1", SignIn("u7", '{"a":1}', watching=frozenset({"u9"})), NOW)
    found = connections.find("c1")
    assert found is not None
    assert (found.user_data, found.watching) == ('{"a":1}', {"u8", "u9"})


def test_a_connection_is_claimed_by_one_user_and_changes_in_nothing_else(connections):
    hold(connections, PUSHER)
    assert [connections.claim_user("c1", user) for user in ("u7", "u8", "u7")] == [True, False, True]
    assert connections.find("c1") == PUSHER._replace(identity=PUSHER.identity._replace(user_id="u7"))
    assert not connections.sign_in("c1", SignIn("u8", "{}"), NOW)
    assert connections.sign_in("c1", SignIn("u7", "{}"), NOW)


def test_nobody_signs_in_as_somebody_else(connections):
    hold(connections, connection(user="u1"))
    assert not connections.sign_in("c1", SignIn("u2", "{}", watching=frozenset({"u3"})), NOW + 5)
    assert connections.find("c1") == connection(user="u1")


def test_the_first_to_claim_a_welcome_gets_the_row(connections):
    hold(connections, PUSHER)
    assert connections.claim_welcome("c1", NOW) == PUSHER._replace(welcome=TELLING)
    assert connections.claim_welcome("c1", NOW) is None


def test_a_refusal_is_claimed_as_a_welcome_is(connections):
    hold(connections, PUSHER._replace(refusal=4001))
    assert connections.claim_welcome("c1", NOW) == PUSHER._replace(refusal=4001, welcome=TELLING)


@pytest.mark.parametrize(("later", "claimed"), [(9_999, False), (10_000, True)])
def test_a_welcome_that_was_begun_can_be_claimed_after_a_while(connections, later, claimed):
    hold(connections, PUSHER)
    connections.claim_welcome("c1", NOW)
    assert (connections.claim_welcome("c1", NOW + later) is not None) is claimed


def test_a_welcome_that_is_claimed_again_is_so_for_as_long(connections):
    hold(connections, PUSHER)
    connections.claim_welcome("c1", NOW)
    connections.claim_welcome("c1", NOW + 10_000)
    assert connections.claim_welcome("c1", NOW + 19_999) is None


def test_who_has_been_welcomed_is_not_again(connections):
    hold(connections, PUSHER)
    connections.claim_welcome("c1", NOW)
    connections.welcomed("c1")
    assert connections.claim_welcome("c1", NOW + 100_000) is None
    assert connections.find("c1") == PUSHER._replace(welcome=TOLD)
