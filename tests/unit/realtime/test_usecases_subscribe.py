from __future__ import annotations

import pytest

from realtime.domain.channels import MAX_CHANNELS_PER_CONNECTION
from realtime.domain.errors import ClientError, ErrorCode, ServiceError
from realtime.usecases.actions import subscribe, unsubscribe
from tests.fakes import NOW, World, call, connection, message, subscription


def refusal_of(action, world: World, **fields: object) -> ErrorCode:
    with pytest.raises(ClientError) as refusal:
        action(message(**fields), call(), world.ports)
    return refusal.value.code


def hear(world: World, **fields: object) -> list[str]:
    """What client c1 hears after it has asked for a channel."""
    subscribe(message(**fields), call(), world.ports)
    return world.outbox.frames("c1")


def readings(world: World) -> list[tuple[str, str]]:
    """Who reads what."""
    return [(channel.name, name) for channel, name in world.subscriptions.rows]


def test_subscribing_writes_the_subscription_with_user_and_expiry():
    world = World(connection())
    subscribe(message(channel="team-123"), call(), world.ports)
    assert list(world.subscriptions.rows.values()) == [subscription("team-123", "c1", user="u1")]


def test_subscribing_adds_the_channel_to_the_connection():
    world = World(connection(channels=["lobby"]))
    subscribe(message(channel="team-123"), call(), world.ports)
    assert world.connections.rows["c1"].channels == {"lobby", "team-123"}


def test_subscribing_notes_that_the_client_was_seen():
    world = World(connection())
    world.clock.time = NOW + 5
    subscribe(message(channel="lobby"), call(), world.ports)
    assert world.connections.rows["c1"].last_seen_at == NOW + 5


def test_subscribing_is_answered_with_channel_and_request_id():
    answer = '{"event":"subscribed","channel":"lobby","requestId":"r1"}'
    assert hear(World(connection()), channel="lobby", requestId="r1") == [answer]


def test_the_client_is_told_after_the_subscription_is_written_and_before_the_connection_names_it():
    world = World(connection())
    subscribe(message(channel="lobby"), call(), world.ports)
    assert world.journal.calls == [
        "connections.find",
        "subscriptions.add",
        "channels.occupy",
        "outbox.post_each",
        "connections.join",
    ]


def test_subscribing_again_changes_no_row_but_when_it_asked():
    world = World(connection(channels=["lobby"]))
    before = dict(world.connections.rows)
    subscribe(message(channel="lobby"), call(), world.ports)
    assert list(world.subscriptions.rows.values()) == [subscription("lobby", "c1")]
    assert world.connections.rows == before


def test_subscribing_again_is_answered_like_the_first_time():
    assert hear(World(connection(channels=["lobby"])), channel="lobby") == ['{"event":"subscribed","channel":"lobby"}']


@pytest.mark.parametrize("channel", ["team-456", "private-team-456", "presence-team-456", "private-x", "presence-x"])
def test_a_channel_that_the_token_does_not_open_is_forbidden(channel):
    assert refusal_of(subscribe, World(connection(team="123")), channel=channel) == ErrorCode.FORBIDDEN


@pytest.mark.parametrize("channel", ["lobby", "team-123", "private-team-123", "presence-team-123", "private-vip-7"])
def test_a_channel_that_the_token_opens_can_be_subscribed_to(channel):
    world = World(connection(team="123", patterns=["private-vip-*"]))
    subscribe(message(channel=channel), call(), world.ports)
    assert world.connections.rows["c1"].channels == {channel}


@pytest.mark.parametrize("channel", ["team-123", "private-x", "presence-team-123"])
def test_an_anonymous_connection_gets_public_channels_only(channel):
    assert refusal_of(subscribe, World(connection(user=None, team=None)), channel=channel) == ErrorCode.FORBIDDEN


def test_a_refused_subscribe_writes_nothing():
    world = World(connection())
    refusal_of(subscribe, world, channel="team-456")
    assert world.writes == []


def test_a_channel_beyond_the_limit_is_refused():
    world = World(connection(channels=[f"c-{n}" for n in range(MAX_CHANNELS_PER_CONNECTION)]))
    assert refusal_of(subscribe, world, channel="lobby") == ErrorCode.TOO_MANY_CHANNELS


def test_the_channel_that_reaches_the_limit_is_taken():
    world = World(connection(channels=[f"c-{n}" for n in range(MAX_CHANNELS_PER_CONNECTION - 1)]))
    subscribe(message(channel="lobby"), call(), world.ports)
    assert len(world.connections.rows["c1"].channels) == MAX_CHANNELS_PER_CONNECTION


def test_at_the_limit_a_channel_can_be_subscribed_to_again():
    world = World(connection(channels=[f"c-{n}" for n in range(MAX_CHANNELS_PER_CONNECTION)]))
    assert hear(world, channel="c-0") == ['{"event":"subscribed","channel":"c-0"}']


def test_a_connection_without_a_row_cannot_subscribe():
    assert refusal_of(subscribe, World(), channel="lobby") == ErrorCode.CONNECTION_UNKNOWN


@pytest.mark.parametrize("action", [subscribe, unsubscribe])
def test_a_bad_channel_name_touches_no_port(action):
    world = World(connection())
    refusal_of(action, world, channel="no spaces")
    assert world.journal.calls == []


def test_a_subscription_that_cannot_be_written_does_not_get_into_the_connection():
    world = World(connection())
    world.journal.failures["subscriptions.add"] = ServiceError("PutItem", "down")
    with pytest.raises(ServiceError):
        subscribe(message(channel="lobby"), call(), world.ports)
    assert world.connections.rows["c1"].channels == frozenset()


def test_unsubscribing_removes_the_subscription_of_this_connection_alone():
    world = World(connection("c1", channels=["lobby"]), connection("c2", channels=["lobby"]))
    unsubscribe(message(channel="lobby"), call(), world.ports)
    assert readings(world) == [("lobby", "c2")]


def test_unsubscribing_takes_the_channel_off_the_connection():
    world = World(connection(channels=["lobby", "team-123"]))
    unsubscribe(message(channel="lobby"), call(), world.ports)
    assert world.connections.rows["c1"].channels == {"team-123"}


def test_unsubscribing_is_answered_with_channel_and_request_id():
    world = World(connection(channels=["lobby"]))
    answer = unsubscribe(message(channel="lobby", requestId=7), call(), world.ports)
    assert answer == '{"event":"unsubscribed","channel":"lobby","requestId":7}'


def test_unsubscribing_from_what_was_not_subscribed_to_succeeds():
    world = World(connection())
    assert unsubscribe(message(channel="lobby"), call(), world.ports) == '{"event":"unsubscribed","channel":"lobby"}'


def test_unsubscribing_needs_no_permission():
    answer = unsubscribe(message(channel="team-456"), call(), World(connection()).ports)
    assert answer == '{"event":"unsubscribed","channel":"team-456"}'


def test_a_connection_without_a_row_is_told_so_when_it_unsubscribes():
    assert refusal_of(unsubscribe, World(), channel="lobby") == ErrorCode.CONNECTION_UNKNOWN


@pytest.mark.parametrize("action", [subscribe, unsubscribe])
def test_a_connection_of_the_other_protocol_is_refused(action):
    assert refusal_of(action, World(connection(protocol="pusher")), channel="lobby") == ErrorCode.FORBIDDEN


def test_a_presence_channel_needs_a_user():
    world = World(connection(user=None, patterns=["presence-*"]))
    assert refusal_of(subscribe, world, channel="presence-a") == ErrorCode.FORBIDDEN


def test_in_a_presence_channel_the_client_is_its_tokens_user():
    world = World(connection(patterns=["presence-*"]))
    subscribe(message(channel="presence-a"), call(), world.ports)
    (row,) = world.members.held.values()
    assert (row.user, row.member, readings(world)) == ("u1", '{"user_id":"u1"}', [])
    assert world.connections.rows["c1"].members == {"presence-a": "u1"}


def test_a_client_that_cannot_be_told_is_not_in():
    world = World(connection())
    world.outbox.fates["c1"] = "failed"
    assert refusal_of(subscribe, world, channel="lobby") == ErrorCode.CONNECTION_UNKNOWN
    assert (world.subscriptions.rows, world.channels.rows, world.connections.rows["c1"].channels) == (
        {},
        {},
        frozenset(),
    )


def test_unsubscribing_reads_the_connection_and_waits_for_a_subscribe_under_way():
    world = World(connection())
    world.clock.at(NOW + 20, lambda: subscribe(message(channel="lobby"), call(), world.ports))
    unsubscribe(message(channel="lobby"), call(received_at=NOW + 30), world.ports)
    assert (readings(world), world.connections.rows["c1"].channels) == ([], frozenset())


def test_unsubscribing_does_not_undo_a_subscribe_that_was_asked_for_later():
    world = World(connection(channels=["lobby"]))
    world.subscribe("lobby", world.connections.rows["c1"], since=NOW + 1)
    unsubscribe(message(channel="lobby"), call(received_at=NOW), world.ports)
    assert (readings(world), sorted(world.connections.rows["c1"].channels)) == ([("lobby", "c1")], ["lobby"])


def test_the_last_that_unsubscribes_vacates_the_channel():
    world = World(connection(channels=["lobby"]))
    unsubscribe(message(channel="lobby"), call(), world.ports)
    assert world.channels.rows == {}
