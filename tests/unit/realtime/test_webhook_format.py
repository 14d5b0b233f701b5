from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.apps import App, Key, Settings, Webhook
from realtime.domain.webhooks import MAX_EVENTS, MAX_RECEIVES, Parcel, backoff, body_of, headers_for, pack, parcels

KEY = Key("7f3c1d9a52e84b06c1aa", "c0ffee5ec2e7d15ea5ed", active=True, created_at="2026-01-01T00:00:00Z")
URL, OTHER = "https://a.example.com/hook", "https://b.example.com/hook"


def app(*webhooks: Webhook) -> App:
    return App("1", "default", True, (KEY,), Settings(webhooks=webhooks))


def event(name: str = "channel_occupied", channel: str = "room-1", **fields: Any) -> dict[str, Any]:
    return {"name": name, "channel": channel, **fields}


def told(found: Sequence[Parcel]) -> dict[str, list[str]]:
    """What each endpoint hears: "name channel"."""
    result: dict[str, list[str]] = {}
    for parcel in found:
        result.setdefault(parcel.url, []).extend(f"{each['name']} {each['channel']}" for each in parcel.events)
    return result


def parcel(size: int, url: str = URL, app_id: str = "1") -> Parcel:
    return Parcel(app_id, url, ({},) * size, ("{}",) * size)


def test_the_signature_is_that_of_the_reference():
    body = body_of(['{"name":"member_added","channel":"presence-room-1","user_id":"u-9"}'], 1_735_689_600_123)
    headers = headers_for(KEY, body)
    assert headers["X-Pusher-Signature"] == "c693a3629010b96a1b9553c55c03cdef7bfb8b96d1222367f8928f17243e1195"


def test_the_headers_are_those_that_the_sdks_check():
    headers = headers_for(KEY, b"{}")
    assert (headers["Content-Type"], headers["X-Pusher-Key"]) == ("application/json", KEY.key)


def test_a_request_says_who_sends_it():
    assert headers_for(KEY, b"{}")["User-Agent"].startswith("MileQuest-Realtime")


def test_the_body_has_the_events_as_they_are_and_the_time():
    found = parcels(app(Webhook(URL)), [event("client_event", data='{"a": "é€😀"}', socket_id="1.2", event="client-e")])
    assert json.loads(body_of(found[0].texts, 7)) == {
        "time_ms": 7,
        "events": [event("client_event", data='{"a": "é€😀"}', socket_id="1.2", event="client-e")],
    }


def test_a_lone_surrogate_in_the_data_can_be_sent_and_signed():
    (found,) = parcels(app(Webhook(URL)), [event("client_event", data='"\ud800"')])
    body = body_of(found.texts, 7)
    assert headers_for(KEY, body) and json.loads(body)["events"][0]["data"] == '"\ud800"'


@pytest.mark.parametrize(
    ("name", "given_value", "sent"),
    [
        ("data", {"a": 1}, '{"a":1}'),
        ("data", None, "null"),
        ("data", '{"a": 1}', '{"a": 1}'),
        ("user_id", 7, "7"),
        ("user_id", "7", "7"),
        ("subscription_count", 7, 7),
    ],
)
def test_data_and_user_id_are_strings(name, given_value, sent):
    (found,) = parcels(app(Webhook(URL)), [event(**{name: given_value})])
    assert json.loads(found.texts[0])[name] == found.events[0][name] == sent


@pytest.mark.parametrize(
    ("webhook", "heard"),
    [
        (Webhook(URL), ["channel_occupied room-1", "member_added presence-a"]),
        (Webhook(URL, frozenset({"member_added"})), ["member_added presence-a"]),
        (Webhook(URL, prefixes=("room-", "x")), ["channel_occupied room-1"]),
        (Webhook(URL, frozenset({"member_added"}), ("room-",)), []),
    ],
)
def test_an_endpoint_hears_what_it_wants(webhook, heard):
    found = parcels(app(webhook), [event(), event("member_added", "presence-a")])
    assert told(found).get(URL, []) == heard


def test_every_endpoint_has_parcels_of_its_own():
    found = parcels(app(Webhook(URL), Webhook(OTHER, prefixes=("x",))), [event(), event(channel="x")])
    assert told(found) == {URL: ["channel_occupied room-1", "channel_occupied x"], OTHER: ["channel_occupied x"]}


def test_an_endpoint_that_is_listed_twice_hears_an_event_once():
    webhooks = (Webhook(URL), Webhook(URL, frozenset({"channel_occupied"})))
    assert told(parcels(app(*webhooks), [event()])) == {URL: ["channel_occupied room-1"]}


def test_an_endpoint_that_is_listed_twice_hears_what_either_wants():
    webhooks = (Webhook(URL, frozenset({"member_added"})), Webhook(URL, prefixes=("room-",)))
    found = parcels(app(*webhooks), [event(), event("member_added", "presence-a")])
    assert told(found) == {URL: ["channel_occupied room-1", "member_added presence-a"]}


def test_with_a_url_only_that_endpoint_hears():
    assert list(told(parcels(app(Webhook(URL), Webhook(OTHER)), [event()], OTHER))) == [OTHER]


def test_with_a_url_that_is_no_endpoint_any_more_nobody_hears():
    assert parcels(app(Webhook(URL)), [event()], OTHER) == []


def test_many_events_are_several_parcels():
    found = parcels(app(Webhook(URL)), [event(channel=str(number)) for number in range(45)])
    assert [len(parcel.events) for parcel in found] == [20, 20, 5]


def test_parcels_for_one_endpoint_share_a_request():
    assert pack([parcel(1), parcel(1, OTHER), parcel(1)]) == [[0, 2], [1]]


def test_two_apps_share_no_request():
    assert pack([parcel(1), parcel(1, app_id="2")]) == [[0], [1]]


def test_no_request_has_more_than_twenty_events():
    assert pack([parcel(12), parcel(8), parcel(1)]) == [[0, 1], [2]]


parcel_lists = st.lists(st.builds(parcel, st.integers(1, MAX_EVENTS), st.sampled_from([URL, OTHER])))


@given(parcel_lists)
def test_each_parcel_is_in_exactly_one_request_of_its_endpoint(given_parcels):
    requests = pack(given_parcels)
    assert sorted(index for request in requests for index in request) == list(range(len(given_parcels)))
    for request in requests:
        assert len({given_parcels[index].url for index in request}) == 1
        assert total(given_parcels[index] for index in request) <= MAX_EVENTS


def total(some: Iterable[Parcel]) -> int:
    return sum(len(each.events) for each in some)


def test_the_waits_double_and_come_to_about_four_minutes():
    waits = [backoff(receives) for receives in range(1, MAX_RECEIVES)]
    assert (waits, sum(waits)) == ([1, 2, 4, 8, 16, 32, 64, 64, 64], 255)


def test_a_message_that_has_come_absurdly_often_waits_no_longer():
    assert backoff(1_000_000_000) == 64
