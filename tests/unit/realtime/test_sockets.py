from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.sockets import is_socket_id, socket_id


def test_a_socket_id_is_two_integers_of_forty_bits_from_the_hash_of_the_connection_id():
    # SHA-256 begins with a6689c75d1 c97a69b365.
    assert socket_id("L0SM9cOFvHcCIhw=") == f"{0xA6689C75D1}.{0xC97A69B365}" == "714719655377.865342174053"


@given(st.text())
def test_every_connection_has_a_socket_id_that_server_libraries_take(connection_id):
    assert is_socket_id(socket_id(connection_id))
    assert max(map(int, socket_id(connection_id).split("."))) < 2**40


@pytest.mark.parametrize("text", ["1203.88461", "0.0", "1" * 50 + ".2"])
def test_these_are_socket_ids(text):
    assert is_socket_id(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".1", "1", "1.2.3", "1,2", "-1.2", "1.2\n", "\n1.2", " 1.2", "1e3.2", "１.２", "1.²", "\ud800"]
    + ["L0SM9cOFvHcCIhw=", "1203.88461:private-x"],
)
def test_these_are_not_socket_ids(text):
    assert not is_socket_id(text)
