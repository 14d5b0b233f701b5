"""Opening a connection: who gets in, and what the row says of them."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import jwt
import pytest
import websocket
from jwt.warnings import InsecureKeyLengthWarning

from tests.integration.world import World


def refused(world: World, query: str = "", path: str = "") -> int:
    """The HTTP status that a handshake is refused with."""
    url = world.url + path + query
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        websocket.create_connection(url, timeout=30, http_no_proxy=["127.0.0.1"])
    status: int = refusal.value.status_code
    return status


def key_of(world: World) -> tuple[str, str]:
    name = world.deployment.outputs["apps_secret_name"]
    secret = world.deployment.client("secretsmanager").get_secret_value(SecretId=name)
    (key,) = json.loads(secret["SecretString"])["apps"][0]["keys"]
    return key["key"], key["secret"]


def signed(world: World, algorithm: str = "HS256", **claims: object) -> str:
    key, secret = key_of(world)
    now = int(time.time())
    complete = {"sub": "ana", "team": "123", "exp": now + 60, **claims}
    kept = {name: value for name, value in complete.items() if value is not None}
    with warnings.catch_warnings():
        # The key is right for HS256 and too short for what the test tries.
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        return jwt.encode(kept, secret, algorithm=algorithm, headers={"kid": key})


def test_a_token_opens_a_connection_and_its_row_tells_whose(world: World) -> None:
    world.connect("ana", "123", channels=["private-news-*"])
    row = world.connection_of("ana")
    assert row["teamId"] == "123"
    assert row["protocol"] == "plain"
    assert row["appId"] == world.deployment.outputs["app_id"]
    assert row["key"] == world.deployment.outputs["app_key"]
    assert row["access"] == ["private-news-*"]
    assert row["sourceIp"] == "127.0.0.1"
    assert int(row["expiresAt"]) > int(row["connectedAt"]) / 1000 + 7200


def test_without_a_token_it_is_anonymous_and_hears_public_channels_only(world: World) -> None:
    client = world.open()
    client.subscribe("news")
    assert client.ask("subscribe", channel="team-123")["code"] == "forbidden"
    assert client.ask("subscribe", channel="private-news")["code"] == "forbidden"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": 7},
        {"team": None},
        {"team": 7},
        {"team": ""},
        {"channels": "private-x"},
        {"channels": ["with space"]},
        {"algorithm": "HS512"},
    ],
    ids=str,
)
def test_a_token_that_is_not_right_gets_401_and_no_row(world: World, claims: dict[str, Any]) -> None:
    assert refused(world, f"?token={signed(world, **claims)}") == 401
    assert world.rows("connections") == []


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_gets_401(world: World, token: str) -> None:
    assert refused(world, f"?token={token}") == 401


def test_a_token_signed_by_somebody_else_gets_401(world: World) -> None:
    key, _ = key_of(world)
    claims = {"sub": "ana", "team": "123", "exp": int(time.time()) + 60}
    forged = jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": key})
    assert refused(world, f"?token={forged}") == 401


@pytest.mark.parametrize("path", ["/app/key", "/x", "x"])
def test_any_path_but_the_stage_gets_403(world: World, path: str) -> None:
    assert refused(world, path=path) == 403


def test_a_client_that_leaves_takes_its_rows_with_it(world: World) -> None:
    client = world.connect()
    for number in range(30):
        client.subscribe(f"news-{number}")
    assert len(world.rows("subscriptions")) == 30
    client.close()
    world.eventually(lambda: not world.rows("connections") and not world.rows("subscriptions"), "rows are gone")
