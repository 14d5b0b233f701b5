"""What goes to a channel, and the same once it has been to another invocation and back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.connections import Channel, Reader
from realtime.domain.ranges import Range
from realtime.domain.sockets import socket_id
from realtime.usecases.delivery import Frames
from realtime.usecases.parcel import Event, Parcel, decode, decode_event, encode, encode_event, event_stamp, frames_of
from realtime.usecases.sharing import Share, share_of

LOBBY = Channel("1", "lobby")
NAMES = ("c1", "c2", "c3")
# Lone surrogates too. Two that make a pair are one character once they have been JSON, as they are to every client.
TEXTS = st.text(st.characters(), max_size=20).filter(lambda text: json.loads(json.dumps(text)) == text)
JSON = (st.none() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3)).map(json.dumps)
SENDERS = st.none() | st.sampled_from([socket_id(name) for name in NAMES])
PLAIN = [Reader(name, "plain", 0, coalesce=200) for name in NAMES]
OTHERS = [Reader("c1", "pusher", 0), Reader("c2", "plain", 0), Reader("c3", "other", 0)]


def events(plain: st.SearchStrategy[bool]) -> st.SearchStrategy[Event]:
    optional = st.none() | TEXTS
    return st.builds(Event, st.just(LOBBY), TEXTS, TEXTS | JSON, optional, st.none() | JSON, optional, SENDERS, plain)


PARCELS = st.builds(
    lambda event, coalesced: Parcel(LOBBY, [event], coalesced), events(st.booleans()), st.sampled_from([None, False])
) | st.builds(lambda many: Parcel(LOBBY, many, coalesced=True), st.lists(events(st.just(True)), min_size=1, max_size=4))


def travelled(value: Any) -> Any:
    return json.loads(json.dumps(value))


def event(name: str = "e", data: str = "1", sender: str | None = None, **fields: Any) -> Event:
    return Event(LOBBY, name, data, exclude=sender and socket_id(sender), **fields)


def got(frames: Frames) -> list[str | None]:
    return [frames.of(reader) for reader in (*PLAIN, *OTHERS)]


@given(PARCELS)
def test_a_parcel_comes_back_as_it_went(parcel):
    assert decode(travelled(encode(parcel))) == parcel


@given(PARCELS)
def test_everybody_gets_of_the_one_that_came_back_what_the_first_holds(parcel):
    assert frames_of(decode(travelled(encode(parcel)))) == frames_of(parcel)


@given(PARCELS)
def test_all_frames_can_be_sent(parcel):
    for frame in got(frames_of(parcel)):
        assert frame is None or json.loads(frame.encode())


@given(events(st.booleans()))
def test_an_event_comes_back_as_it_went(one):
    assert decode_event(LOBBY, travelled(encode_event(one))) == one


@given(PARCELS, TEXTS, TEXTS, TEXTS, st.integers(0, 2**53))
def test_a_share_comes_back_as_it_went(parcel, name, first, last, published_at):
    share = Share(name, parcel, Range(first, f"{last}\0"), published_at)
    assert share_of(travelled(share.job())) == share


def test_what_is_not_set_takes_no_room():
    assert encode_event(event()) == {"name": "e", "data": "1"}


def test_an_event_that_is_only_for_pushers_readers_stays_so():
    one = event(plain=False)
    assert decode_event(LOBBY, travelled(encode_event(one))).plain is False


def test_an_event_goes_to_both_protocols():
    frames = frames_of(Parcel(LOBBY, [event(data='{"n":1}', user_id="u1", user='"u1"')]))
    assert [json.loads(frames.of(reader) or "null") for reader in OTHERS] == [
        {"event": "e", "channel": "lobby", "data": '{"n":1}', "user_id": "u1"},
        {"event": "e", "channel": "lobby", "data": {"n": 1}, "userId": "u1"},
        None,
    ]


def test_what_is_not_for_plain_readers_is_not():
    frames = frames_of(Parcel(LOBBY, [event(plain=False)]))
    assert [frames.of(reader) is None for reader in OTHERS] == [False, True, True]


def test_the_sender_gets_nothing():
    assert [frame is None for frame in got(frames_of(Parcel(LOBBY, [event(sender="c1")])))] == [
        *(True, False, False),
        *(True, False, True),
    ]


def test_without_those_that_let_events_wait_the_others_get_it():
    frames = frames_of(Parcel(LOBBY, [event()], coalesced=False))
    assert [frame is None for frame in got(frames)] == [True, True, True, False, False, True]


def test_only_those_that_let_events_wait_get_a_frame_of_several():
    frames = frames_of(Parcel(LOBBY, [event("one"), event("two")], coalesced=True))
    assert [frame is None for frame in got(frames)] == [False, False, False, True, True, True]


def test_several_events_are_one_frame_in_their_order():
    frame = frames_of(Parcel(LOBBY, [event("one"), event("two", "nonsense")], coalesced=True)).of(PLAIN[0])
    assert json.loads(frame or "") == {
        "events": [
            {"event": "one", "channel": "lobby", "data": 1},
            {"event": "two", "channel": "lobby", "data": "nonsense"},
        ]
    }


def test_one_event_alone_is_an_ordinary_frame():
    frames = frames_of(Parcel(LOBBY, [event()], coalesced=True))
    assert frames.of(PLAIN[0]) == frames_of(Parcel(LOBBY, [event()])).by_protocol["plain"]


def test_each_sender_gets_the_frame_without_its_own_events():
    parcel = Parcel(LOBBY, [event("a", sender="c1"), event("b", sender="c2"), event("c", sender="c1")], coalesced=True)
    frames = frames_of(parcel)
    names = [[part["event"] for part in parts(frames.of(reader))] for reader in PLAIN]
    assert names == [["b"], ["a", "c"], ["a", "b", "c"]]


def test_who_sent_all_of_them_gets_no_frame():
    parcel = Parcel(LOBBY, [event("a", sender="c1"), event("b", sender="c1")], coalesced=True)
    assert [frames_of(parcel).of(reader) is None for reader in PLAIN] == [True, False, False]


@given(st.lists(events(st.just(True)), min_size=1, max_size=6))
def test_of_several_everybody_gets_all_but_its_own_in_their_order(many):
    frames = frames_of(Parcel(LOBBY, many, coalesced=True))
    for reader in PLAIN:
        others = [one.name for one in many if one.exclude != socket_id(reader.connection_id)]
        assert [part["event"] for part in parts(frames.of(reader))] == others


def parts(frame: str | None) -> list[dict[str, Any]]:
    """The events of a frame, of several or of one."""
    if frame is None:
        return []
    found: dict[str, Any] = json.loads(frame)
    events: list[dict[str, Any]] = found.get("events", [found])
    return events


def test_an_event_that_is_kept_has_a_stamp():
    frames = frames_of(Parcel(LOBBY, [event(event_id="0123")]))
    assert (frames.stamp, frames_of(Parcel(LOBBY, [event()])).stamp) == (event_stamp(LOBBY, "0123"), None)


def test_the_same_event_id_in_another_channel_is_another_stamp():
    assert event_stamp(LOBBY, "0123") != event_stamp(Channel("2", "lobby"), "0123")
