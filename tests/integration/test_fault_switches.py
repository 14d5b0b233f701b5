"""What can go wrong is switched on; nothing may be lost or left behind."""

from __future__ import annotations

import json
import threading
import time

import boto3
import pytest

from tests.integration.client import Client, Closed
from tests.integration.world import World


def test_a_lost_disconnect_is_found_by_the_sweep(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("disconnect-lost")
    ana.close()
    world.eventually(lambda: world.struck("disconnect-lost"), "the disconnect was lost")
    world.make_silent("ana")
    assert world.sweep() == {
        "connections": 1,
        "subscriptions": 0,
        "members": 0,
        "channels": 0,
        "complete": True,
    }
    world.assert_nothing_left()


def test_the_sweep_leaves_a_silent_client_alone_that_is_still_there(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.make_silent("ana")
    assert world.sweep()["connections"] == 0
    assert ana.ask("heartbeat")["event"] == "heartbeat"


BEFORE_APPS = {"channel": {"S": "team-9"}, "connectionId": {"S": "AAAAAAAAAAAAAAA="}, "expiresAt": {"N": "4000000000"}}
OF_AN_APP = {**BEFORE_APPS, "channel": {"S": "1:team-9"}, "protocol": {"S": "plain"}, "since": {"N": "1"}}


@pytest.mark.parametrize("item", [OF_AN_APP, BEFORE_APPS], ids=["of an app", "of before there were apps"])
def test_the_sweep_removes_subscriptions_without_a_connection(world: World, item: dict[str, dict[str, str]]) -> None:
    table = world.deployment.table("subscriptions")
    world.deployment.client("dynamodb").put_item(TableName=table, Item=item)
    assert world.sweep()["subscriptions"] == 1
    world.assert_nothing_left()


def test_a_lost_disconnect_is_found_by_the_next_broadcast(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    ben.subscribe("other")
    world.fault("disconnect-lost")
    ben.close()
    world.eventually(lambda: world.struck("disconnect-lost"), "the disconnect was lost")
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert cleo.receive()["event"] == "e"
    world.eventually(
        lambda: sorted(row["userId"] for row in world.rows("connections")) == ["ana", "cleo"], "ben's row is gone"
    )
    world.eventually(
        lambda: {row["channel"] for row in world.rows("subscriptions")} == {world.key("team-123")},
        "ben is gone everywhere",
    )
    world.eventually(
        lambda: [row["channel"] for row in world.rows("channels")] == ["team-123"], "the channel that ben had alone too"
    )


def test_a_late_disconnect_does_no_harm(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("disconnect-late", seconds=0.5)
    ana.close()
    (again,) = world.subscribed("team-123", ["ana"])
    world.eventually(lambda: len(world.rows("connections")) == 1, "the late disconnect removes the first connection")
    assert again.ask("heartbeat")["event"] == "heartbeat"
    assert [row["channel"] for row in world.rows("subscriptions")] == [world.key("team-123")]


def test_cut_connections_are_removed(world: World) -> None:
    clients = world.subscribed("team-123", ["ana", "ben", "cleo"])
    world.cut()
    for client in clients:
        client.close()
    world.assert_nothing_left()


def test_one_that_is_gone_is_forgotten_and_told_so_when_it_speaks(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    ben_id = world.connection_of("ben")["connectionId"]
    world.fault("gone", match=ben_id)
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert cleo.receive()["event"] == "e"
    world.eventually(lambda: len(world.rows("connections")) == 2, "ben's row is gone")
    world.daemon.clear_fault("gone")
    assert ben.ask("heartbeat")["code"] == "connection_unknown"


def test_a_storm_of_410_leaves_no_rows(world: World) -> None:
    ana, *_ = world.subscribed("news", ["ana", "ben", "cleo", "dan", "eve"])
    world.fault("gone")
    ana.send("broadcast", channel="news", event="e", data=1)
    world.eventually(lambda: len(world.rows("connections")) == 1, "all but the sender are forgotten")
    world.daemon.clear_fault("gone")
    assert [row["userId"] for row in world.rows("subscriptions")] == ["ana"]


def test_a_throttled_delivery_is_tried_again(world: World) -> None:
    ana, ben = world.subscribed("team-123", ["ana", "ben"])
    world.fault("throttled", times=2, match=world.connection_of("ben")["connectionId"])
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert ben.receive()["event"] == "e"
    assert world.struck("throttled") == 2


def test_a_slow_reader_costs_its_own_event_only(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    world.fault("slow-reader", match=world.connection_of("ben")["connectionId"])
    ana.send("broadcast", channel="team-123", event="e", data=1)
    assert cleo.receive()["event"] == "e"
    world.eventually(lambda: world.struck("slow-reader") == 3, "ben's delivery was given up")
    world.daemon.clear_fault("slow-reader")
    assert len(world.rows("subscriptions")) == 3
    assert ben.ask("heartbeat")["event"] == "heartbeat"


def test_a_slow_post_does_not_delay_the_others(world: World) -> None:
    ana, ben, cleo = world.subscribed("team-123", ["ana", "ben", "cleo"])
    world.fault("slow-post", seconds=3, match=world.connection_of("ben")["connectionId"])
    first: list[str] = []
    both = [
        threading.Thread(target=_note, args=(client, name, first)) for client, name in ((ben, "ben"), (cleo, "cleo"))
    ]
    for thread in both:
        thread.start()
    ana.send("broadcast", channel="team-123", event="e", data=1)
    for thread in both:
        thread.join()
    assert first == ["cleo", "ben"]


def _note(client: Client, name: str, first: list[str]) -> None:
    client.receive()
    first.append(name)


def test_an_event_that_arrives_twice_sweeps_once(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("disconnect-lost")
    ana.close()
    world.eventually(lambda: world.struck("disconnect-lost"), "the disconnect was lost")
    world.make_silent("ana")
    world.fault("duplicate-async")
    name = world.deployment.outputs["function_names"]["sweep"]
    before, errors = sweeps(world), errors_of(world, name)
    world.deployment.client("lambda").invoke(FunctionName=name, InvocationType="Event")
    world.eventually(lambda: sweeps(world) == before + 2, "the sweep ran twice")
    assert errors_of(world, name) == errors
    world.assert_nothing_left()


def errors_of(world: World, function: str) -> int:
    errors: int = world.daemon.call("GET", "status")["functions"][function]["errors"]
    return errors


def sweeps(world: World) -> int:
    name = world.deployment.outputs["function_names"]["sweep"]
    functions = world.daemon.call("GET", "status")["functions"][name]
    return 0 if functions["busy"] else functions["invocations"]


def test_dynamodb_that_fails_for_a_moment_is_not_noticed(world: World) -> None:
    client = world.connect()
    world.fault("dynamodb-error", times=3)
    client.subscribe("team-123")
    assert len(world.rows("subscriptions")) == 1


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem"])
def test_dynamodb_that_fails_for_good_is_told_and_heals(world: World, operation: str) -> None:
    client = world.connect()
    world.fault("dynamodb-error", match=operation)
    answer = client.ask("subscribe", channel="team-123", requestId="r")
    assert (answer["code"], answer["requestId"]) == ("internal_error", "r")
    world.daemon.clear_fault(None)
    client.subscribe("team-123")
    client.close()
    world.assert_nothing_left()


def test_a_disconnect_that_failed_is_made_good_by_the_sweep(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("dynamodb-error", match="BatchWriteItem")
    ana.close()
    world.eventually(lambda: world.struck("dynamodb-error") >= 4, "the disconnect gave up")
    world.eventually(lambda: not world.rows("connections"), "the connection's row is gone")
    world.daemon.clear_fault(None)
    assert len(world.rows("subscriptions")) == 1
    world.sweep()
    world.assert_nothing_left()


def test_a_user_agent_that_is_not_utf_8_opens_a_connection(world: World) -> None:
    world.open(f"?token={world.token('ana')}", header=["User-Agent: caf\xe9"])
    assert world.connection_of("ana")["userAgent"].startswith("caf")


def test_a_lambda_that_crashes_gives_awss_frame_and_leaves_a_trace(world: World) -> None:
    client = world.connect("ana")
    row = world.connection_of("ana")
    # A row without what it must have is what no client can cause: the handler has a bug, or another program wrote it.
    world.deployment.client("dynamodb").update_item(
        TableName=world.deployment.table("connections"),
        Key={"connectionId": {"S": row["connectionId"]}},
        UpdateExpression="REMOVE appId",
    )
    answer = client.ask("heartbeat")
    assert answer["message"] == "Internal server error"
    assert answer["connectionId"] == row["connectionId"]
    events = world.eventually(lambda: crashes(world), "the crash is in the log")
    assert events[-1]["error"] == "KeyError"
    assert events[-1]["connectionId"] == row["connectionId"]
    world.deployment.client("dynamodb").delete_item(
        TableName=world.deployment.table("connections"), Key={"connectionId": {"S": row["connectionId"]}}
    )
    assert client.ask("heartbeat")["code"] == "connection_unknown"


def crashes(world: World) -> list[dict[str, str]]:
    name = world.deployment.outputs["function_names"]["websocket-heartbeat"]
    found = world.deployment.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
    lines = [event["message"] for event in found["events"] if event["message"].startswith("{")]
    return [line for line in map(json.loads, lines) if line.get("message") == "crashed"]


def test_secrets_and_payloads_are_in_no_log(world: World) -> None:
    canary = f"canary-{time.time_ns()}"
    ana, ben = world.subscribed("team-123", ["ana", "ben"])
    ana.send("broadcast", channel="team-123", event="e", data=canary)
    assert ben.receive()["data"] == canary
    ana.send_text('{"action": "broadcast", "channel": 7, "event": "e", "data": "' + canary + '"}')
    assert ana.receive()["code"] == "invalid_message"
    name = world.deployment.outputs["apps_secret_name"]
    secret = world.deployment.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    forbidden = [canary, world.token()[:24], json.loads(secret)["apps"][0]["keys"][0]["secret"]]
    for path in (world.daemon.folder / "logs").glob("*.log"):
        text = path.read_text(errors="replace")
        assert not [value for value in forbidden if value in text], path.name


def test_a_connection_that_the_operator_deletes_closes_with_1000_and_leaves_nothing(world: World) -> None:
    client = world.connect("ana")
    connection_id = world.connection_of("ana")["connectionId"]
    endpoint = world.deployment.outputs["management_endpoint"]
    client_of_aws = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client_of_aws.delete_connection(ConnectionId=connection_id)
    with pytest.raises(Closed) as closed:
        client.receive()
    assert closed.value.code == 1000
    world.assert_nothing_left()
