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


def test_subscribing_writes_the_subscription_with_user_and_expiry():
    world = World(connection())
    subscribe(message(channel="team-123"), call(), world.ports)
    assert world.subscriptions.rows == {("team-123", "c1"): subscription("team-123", "c1", user="u1")}


def test_subscribing_adds_the_channel_to_the_connection():
    world = World(connection(channels=["lobby"]))
    subscribe(message(channel="team-123"), call(), world.ports)
    assert world.connections.rows["c1"].channels == {"lobby", "team-123"}


def test_subscribing_notes_that_the_client_was_seen():
    world = World(connection())
    subscribe(message(channel="lobby"), call(now=NOW + 5), world.ports)
    assert world.connections.rows["c1"].last_seen_at == NOW + 5


def test_subscribing_is_answered_with_channel_and_request_id():
    answer = subscribe(message(channel="lobby", requestId="r1"), call(), World(connection()).ports)
    assert answer == '{"event":"subscribed","channel":"lobby","requestId":"r1"}'


def test_the_subscription_is_written_before_the_connection_names_it():
    world = World(connection())
    subscribe(message(channel="lobby"), call(), world.ports)
    assert world.journal.calls == ["connections.find", "subscriptions.add", "connections.join"]


def test_subscribing_again_changes_no_row():
    world = World(connection(channels=["lobby"]))
    before = dict(world.subscriptions.rows), dict(world.connections.rows)
    subscribe(message(channel="lobby"), call(), world.ports)
    assert (world.subscriptions.rows, world.connections.rows) == before


def test_subscribing_again_is_answered_like_the_first_time():
    world = World(connection(channels=["lobby"]))
    assert subscribe(message(channel="lobby"), call(), world.ports) == '{"event":"subscribed","channel":"lobby"}'


@pytest.mark.parametrize("channel", ["team-456", "private-team-456", "presence-team-456", "private-x", "presence-x"])
def test_a_channel_that_the_token_does_not_open_is_forbidden(channel):
    assert refusal_of(subscribe, World(connection(team="123")), channel=channel) == ErrorCode.FORBIDDEN


@pytest.mark.parametrize("channel", ["lobby", "team-123", "private-team-123", "presence-team-123", "private-vip-7"])
def test_a_channel_that_the_token_opens_can_be_subscribed_to(channel):
    world = World(connection(team="123", patterns=["private-vip-*"]))
    subscribe(message(channel=channel), call(), world.ports)
    assert (channel, "c1") in world.subscriptions.rows


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
    assert subscribe(message(channel="c-0"), call(), world.ports) == '{"event":"subscribed","channel":"c-0"}'


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
    assert list(world.subscriptions.rows) == [("lobby", "c2")]


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
