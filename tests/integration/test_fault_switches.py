"""What can go wrong is switched on; nothing may be lost or left behind."""

from __future__ import annotations

import json
import threading
import time

import boto3
import pytest

from tests.integration.client import Client, Closed
from tests.integration.world import World


def assert_nothing_left(world: World) -> None:
    world.eventually(lambda: not world.rows("connections") and not world.rows("subscriptions"), "no row is left behind")


def test_a_lost_disconnect_is_found_by_the_sweep(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("disconnect-lost")
    ana.close()
    world.eventually(lambda: world.struck("disconnect-lost"), "the disconnect was lost")
    world.make_silent("ana")
    assert world.sweep() == {"connections": 1, "subscriptions": 0, "complete": True}
    assert_nothing_left(world)


def test_the_sweep_leaves_a_silent_client_alone_that_is_still_there(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.make_silent("ana")
    assert world.sweep()["connections"] == 0
    assert ana.ask("heartbeat")["event"] == "heartbeat"


def test_the_sweep_removes_subscriptions_without_a_connection(world: World) -> None:
    item = {"channel": {"S": "team-9"}, "connectionId": {"S": "AAAAAAAAAAAAAAA="}, "expiresAt": {"N": "4000000000"}}
    table = world.deployment.table("subscriptions")
    world.deployment.client("dynamodb").put_item(TableName=table, Item=item)
    assert world.sweep()["subscriptions"] == 1
    assert_nothing_left(world)


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
        lambda: {row["channel"] for row in world.rows("subscriptions")} == {"team-123"}, "ben is gone everywhere"
    )


def test_a_late_disconnect_does_no_harm(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("disconnect-late", seconds=0.5)
    ana.close()
    (again,) = world.subscribed("team-123", ["ana"])
    world.eventually(lambda: len(world.rows("connections")) == 1, "the late disconnect removes the first connection")
    assert again.ask("heartbeat")["event"] == "heartbeat"
    assert [row["channel"] for row in world.rows("subscriptions")] == ["team-123"]


def test_cut_connections_are_removed(world: World) -> None:
    clients = world.subscribed("team-123", ["ana", "ben", "cleo"])
    world.cut()
    for client in clients:
        client.close()
    assert_nothing_left(world)


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
    before = sweeps(world)
    world.deployment.client("lambda").invoke(FunctionName=name, InvocationType="Event")
    world.eventually(lambda: sweeps(world) == before + 2, "the sweep ran twice")
    assert world.daemon.call("GET", "status")["functions"][name]["errors"] == 0
    assert_nothing_left(world)


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
    assert_nothing_left(world)


def test_a_disconnect_that_failed_is_made_good_by_the_sweep(world: World) -> None:
    (ana,) = world.subscribed("team-123", ["ana"])
    world.fault("dynamodb-error", match="BatchWriteItem")
    ana.close()
    world.eventually(lambda: world.struck("dynamodb-error") >= 4, "the disconnect gave up")
    world.eventually(lambda: not world.rows("connections"), "the connection's row is gone")
    world.daemon.clear_fault(None)
    assert len(world.rows("subscriptions")) == 1
    world.sweep()
    assert_nothing_left(world)


def test_two_subscribes_and_a_disconnect_that_race_leave_nothing(world: World) -> None:
    for _ in range(10):
        client = world.connect()
        client.send("subscribe", channel="team-123")
        client.send("subscribe", channel="news")
        client.vanish()
    world.eventually(lambda: world.daemon.call("GET", "status")["connections"]["live"] == 0, "all are disconnected")
    world.eventually(lambda: idle(world), "every Lambda has ended")
    assert_nothing_left(world)


def idle(world: World) -> bool:
    functions = world.daemon.call("GET", "status")["functions"]
    return all(function["busy"] == 0 for function in functions.values())


def test_subscribes_that_race_do_not_pass_the_limit_of_channels(world: World) -> None:
    client = world.connect("ana")
    for number in range(90):
        client.subscribe(f"news-{number}")
    for number in range(90, 120):
        client.send("subscribe", channel=f"news-{number}")
    answers = [client.receive() for _ in range(30)]
    refused = [answer for answer in answers if answer.get("code") == "too_many_channels"]
    assert len(refused) == 20
    assert len(world.connection_of("ana")["channels"]) == 100
    assert len(world.rows("subscriptions")) == 100


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
    assert_nothing_left(world)
