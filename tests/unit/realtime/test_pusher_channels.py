from __future__ import annotations

import pytest

from realtime.domain import channels
from realtime.domain.errors import SubscriptionRefused


@pytest.mark.parametrize(
    ("channel", "kinds"),
    [
        ("news", ""),
        ("private-x", "private"),
        ("private-", "private"),
        ("private-encrypted-x", "private encrypted"),
        ("presence-x", "presence"),
        ("cache-x", "cache"),
        ("private-cache-x", "private cache"),
        ("private-encrypted-cache-x", "private encrypted cache"),
        ("presence-cache-x", "presence cache"),
        # A prefix ends with its dash and begins with the name.
        ("privateer", ""),
        ("private", ""),
        ("presences-x", ""),
        ("private_x", ""),
        ("Private-x", ""),
        ("cached-x", ""),
        ("my-cache-x", ""),
        ("my-private-x", ""),
        ("x-presence-y", ""),
        ("encrypted-x", ""),
        ("encrypted-cache-x", ""),
        ("private-my-cache-x", "private"),
        ("private-encryptedx", "private"),
        ("private-encryptedcache-x", "private"),
        ("private-presence-x", "private"),
        ("private-encrypted-my-cache-x", "private encrypted"),
        ("presence-encrypted-x", "presence"),
        ("presence-private-cache-x", "presence"),
        ("presence-encrypted-cache-x", "presence"),
        ("cache-private-x", "cache"),
        ("cache-presence-cache-x", "cache"),
        ("#server-to-user-private-x", ""),
    ],
)
def test_the_kinds_of_a_channel_are_in_its_prefix(channel, kinds):
    found = {
        "presence": channels.is_presence(channel),
        "encrypted": channels.is_encrypted(channel),
        "cache": channels.is_cache(channel),
    }
    assert {kind for kind, is_one in found.items() if is_one} == set(kinds.split()) - {"private"}
    assert channels.needs_signature(channel) is bool({"private", "presence"} & set(kinds.split()))


@pytest.mark.parametrize("name", ["a", "A-Za-z0-9_-=@,.;", "x" * 164, "presence-a=@,.;b"])
def test_these_are_channels(name):
    assert channels.check_pusher_channel(name) == name
    assert channels.is_channel(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "InvalidChannel"),
        ("a b", "InvalidChannel"),
        ("a:b", "InvalidChannel"),
        ("a*", "InvalidChannel"),
        ("a\n", "InvalidChannel"),
        ("é", "InvalidChannel"),
        ("\ud800", "InvalidChannel"),
        ("team-１", "InvalidChannel"),
        ("#a", "InvalidChannel"),
        ("#server-to-user-u-9", "InvalidChannel"),
        ("x" * 165, "LimitReached"),
        ("é" * 165, "LimitReached"),
    ],
)
def test_these_are_not_channels(name, kind):
    assert not channels.is_channel(name)
    with pytest.raises(SubscriptionRefused) as refusal:
        channels.check_pusher_channel(name)
    assert (refusal.value.kind, refusal.value.status) == (kind, 4009)


@pytest.mark.parametrize("name", ["e", "client-typing", "x" * 200, "日本", "pusher", "pusherx:a", " pusher:a", "error"])
def test_a_server_may_publish_under_these_names(name):
    assert channels.is_event(name)


@pytest.mark.parametrize("name", ["", "x" * 201, "pusher:", "pusher:error", "pusher_internal:member_added"])
def test_a_server_may_not_publish_under_these_names(name):
    assert not channels.is_event(name)
