"""What an app can choose: who has to authorize itself in time, and whom a team's channels are open to."""

from __future__ import annotations

import json

import pytest

from tests.integration.pusher_world import PusherWorld


def test_who_does_not_authorize_in_time_is_sent_away(pushers: PusherWorld) -> None:
    idle, private, user = (pushers.connected("hasty") for _ in range(3))
    private.subscribe(pushers.channel("private-"))
    user.signed_in(id=pushers.user())
    idle.subscribe(pushers.channel())
    error = idle.error()
    assert (error["code"], error["message"]) == (4009, "Connection not authorized within timeout.")
    # As with every end that API Gateway makes, pusher-js tries again.
    idle.wait("state", idle.wait("frame", event="pusher:error")["seq"], current="connecting")
    idle.ask("disconnect")
    for client in (private, user):
        client.settle()
        assert client.all("error") == []


def test_a_teams_channel_is_public_as_it_is_at_pusher(pushers: PusherWorld) -> None:
    pushers.connected().subscribe(f"team-{pushers.user()}")


def test_an_app_can_close_it_to_all_but_those_signed_in_with_the_team(pushers: PusherWorld) -> None:
    team = pushers.user("team")
    channel = f"team-{team}"
    stranger, member, other = (pushers.connected("closed") for _ in range(3))
    assert stranger.refused(channel)["status"] == 401
    member.signed_in(id=pushers.user("ana"), team_id=team)
    member.subscribe(channel)
    other.signed_in(id=pushers.user("ben"), team_id=pushers.user("others"))
    assert other.refused(channel)["status"] == 401


@pytest.mark.parametrize("by", ["private-team-", "presence-team-", "signin"])
def test_ops_lists_the_pusher_clients_of_a_team(pushers: PusherWorld, by: str) -> None:
    team = pushers.user("team")
    client = pushers.connected()
    if by == "signin":
        client.signed_in(id=pushers.user("ana"), team_id=team)
    else:
        client.subscribe(f"{by}{team}", member={"user_id": "ana"})
    # The client is told before its row names the team.
    pushers.world.eventually(lambda: [row for row in pushers.world.rows("connections") if row.get("teamId")], "it does")
    listed = json.loads(pushers.ops("connections", "list", "--team", team, "--json"))
    assert [row["protocol"] for row in listed] == ["pusher"]
