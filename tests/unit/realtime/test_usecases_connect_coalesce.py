"""How long events may wait is asked for at connect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.connections import Connection
from realtime.usecases.connect import Door, Handshake, connect
from tests.fakes import NOW, FakeTokens, World


@pytest.mark.parametrize(
    ("asked", "longest", "given"),
    [
        *((None, 5_000, 0), ("", 5_000, 0), ("0", 5_000, 0), ("000", 5_000, 0)),
        *(("200", 5_000, 200), ("00200", 5_000, 200), ("5001", 5_000, 5_000), ("99999999", 5_000, 5_000)),
        *(("1", 5_000, 50), ("49", 5_000, 50), ("200", 20, 20), ("200", 0, 0), ("1", 0, 0)),
        *(("999999999999", 5_000, 0), ("-200", 5_000, 0), ("+200", 5_000, 0), ("2e2", 5_000, 0), ("0.5", 5_000, 0)),
        *((" 200", 5_000, 0), ("٢٠٠", 5_000, 0), ("²", 5_000, 0), ("200\n", 5_000, 0), ("true", 5_000, 0)),
    ],
)
def test_a_plain_client_asks_at_connect_for_how_long_events_may_wait(asked, longest, given):
    assert connected(Handshake("c1", NOW, coalesce=asked), longest).coalesce == given


@given(st.none() | st.text(), st.integers(0, 10_000))
def test_whatever_is_asked_for_is_kept_within_the_limit(asked, longest):
    assert 0 <= connected(Handshake("c1", NOW, coalesce=asked), longest).coalesce <= longest


def test_a_pusher_client_gets_each_event_at_once_whatever_it_asks_for():
    assert connected(Handshake("c1", NOW, key="key-1", protocol="7", coalesce="200"), 5_000).coalesce == 0


def connected(handshake: Handshake, longest: int) -> Connection:
    world = World()
    tables, tokens = world.tables, FakeTokens({})
    ports = (tables.connections, tables.state, world.invoker, world.telemetry)
    connect(handshake, Door("1", True, tokens, world.apps, *ports, coalesce_max_ms=longest))
    return world.connections.rows["c1"]
