"""What the server sends to Pusher clients, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import SubscriptionRefused
from realtime.domain.members import Member, member_of
from realtime.protocols import pusher

ANA = member_of('{"user_id":"u-9","user_info":{"name":"Ana"}}')
BO = member_of('{"user_id":"u-3"}')
TWO = member_of('{"user_id":2,"user_info":{"name":"Two"}}')
any_text = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            pusher.connection_established("40213.991827364"),
            r'{"event":"pusher:connection_established",'
            r'"data":"{\"socket_id\":\"40213.991827364\",\"activity_timeout\":120}"}',
        ),
        (
            pusher.error(4301, "client event rate limit exceeded"),
            '{"event":"pusher:error","data":{"code":4301,"message":"client event rate limit exceeded"}}',
        ),
        (pusher.error(None, "No."), '{"event":"pusher:error","data":{"code":null,"message":"No."}}'),
        (pusher.pong(), '{"event":"pusher:pong","data":{}}'),
        (
            pusher.subscription_succeeded("news", None),
            '{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}',
        ),
        (
            pusher.subscription_succeeded("presence-room-1", [ANA, BO]),
            r'{"event":"pusher_internal:subscription_succeeded","channel":"presence-room-1","data":"{\"presence\":'
            r"{\"ids\":[\"u-9\",\"u-3\"],\"hash\":{\"u-9\":{\"name\":\"Ana\"},\"u-3\":null},\"count\":2}}"
            r'"}',
        ),
        (
            pusher.subscription_succeeded("presence-a", [TWO]),
            r'{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":'
            r"{\"ids\":[2],\"hash\":{\"2\":{\"name\":\"Two\"}},\"count\":1}}"
            r'"}',
        ),
        (
            pusher.subscription_succeeded("presence-a", []),
            r'{"event":"pusher_internal:subscription_succeeded","channel":"presence-a",'
            r'"data":"{\"presence\":{\"ids\":[],\"hash\":{},\"count\":0}}"}',
        ),
        (
            pusher.subscription_error("private-x", SubscriptionRefused("AuthError", "No.", 401)),
            '{"event":"pusher:subscription_error","channel":"private-x",'
            '"data":{"type":"AuthError","error":"No.","status":401}}',
        ),
        (
            pusher.member_added("presence-a", ANA),
            r'{"event":"pusher_internal:member_added","channel":"presence-a",'
            r'"data":"{\"user_id\":\"u-9\",\"user_info\":{\"name\":\"Ana\"}}"}',
        ),
        (
            pusher.member_removed("presence-a", ANA),
            r'{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"u-9\"}"}',
        ),
        (
            pusher.member_removed("presence-a", TWO),
            r'{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":2}"}',
        ),
        (pusher.cache_miss("cache-scores"), '{"event":"pusher:cache_miss","channel":"cache-scores"}'),
        (pusher.event("news", "e", "hello"), '{"event":"e","channel":"news","data":"hello"}'),
        (
            pusher.event("presence-x", "client-typing", '{"on":true}', '"u-9"'),
            r'{"event":"client-typing","channel":"presence-x","data":"{\"on\":true}","user_id":"u-9"}',
        ),
        (
            pusher.event("presence-x", "client-a", "", "2"),
            '{"event":"client-a","channel":"presence-x","data":"","user_id":2}',
        ),
        (
            pusher.event("#server-to-user-u-9", "é", '{"a": "\ud800é"}'),
            r'{"event":"é","channel":"#server-to-user-u-9","data":"{\"a\": \"\ud800é\"}"}',
        ),
        (
            pusher.signin_success('{ "id":"u-9" }'),
            r'{"event":"pusher:signin_success","data":{"user_data":"{ \"id\":\"u-9\" }"}}',
        ),
        (
            pusher.watchlist([("online", ["u-3"]), ("offline", ("u-4", "u-5"))]),
            '{"event":"pusher_internal:watchlist_events","data":{"events":'
            '[{"name":"online","user_ids":["u-3"]},{"name":"offline","user_ids":["u-4","u-5"]}]}}',
        ),
    ],
)
def test_a_frame_byte_for_byte(frame, expected):
    assert frame.encode() == expected.encode()


@given(any_text, any_text, any_text, any_text)
def test_any_text_comes_out_as_it_went_in(channel, name, data, user):
    frame = json.loads(pusher.event(channel, name, data, json.dumps(user)).encode())
    assert json.dumps(frame) == json.dumps({"event": name, "channel": channel, "data": data, "user_id": user})
    assert pusher.error(None, data).encode() and pusher.signin_success(data).encode()


def presence(frame: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(json.loads(frame)["data"])["presence"]
    return shown


def full_channel(info: object, id_filling: str = "u") -> list[Member]:
    return [
        member_of(json.dumps({"user_id": f"{number:03}".ljust(128, id_filling), "user_info": info}))
        for number in range(100)
    ]


@pytest.mark.parametrize("info", ["x" * 460, '"' * 230, "\\" * 230, "\x01" * 75, ["é" * 220, 1.5], "\ud800" * 75])
@pytest.mark.parametrize("id_filling", ["u", "日", "😀", '"', "\\", "\x7f", "\u2028"])
def test_a_full_channel_fits_into_one_frame_with_every_member_in_it(info, id_filling):
    members = full_channel(info, id_filling)
    frame = pusher.subscription_succeeded("presence-" + "x" * 155, members)
    shown = presence(frame)
    assert len(frame.encode()) <= pusher.MAX_FRAME_BYTES
    assert shown["ids"] == list(shown["hash"]) == [member.user for member in members]
    assert shown["count"] == 100


def test_only_as_many_of_the_last_members_lose_their_info_as_must():
    # A name of two bytes for each quotation mark, and two more for each of both.
    members = full_channel({"name": '"' * 350})
    infos = list(presence(pusher.subscription_succeeded("presence-a", members))["hash"].values())
    kept = infos.index(None)
    assert 0 < kept < 100
    assert set(map(str, infos[kept:])) == {"None"}
    assert infos[:kept] == [{"name": '"' * 350}] * kept
    room = pusher.MAX_FRAME_BYTES - len(pusher.subscription_succeeded("presence-a", members).encode())
    assert room < len(json.dumps(json.dumps({"name": '"' * 350}))) - len('""null')


def test_an_info_that_is_shorter_than_null_is_never_replaced():
    members = full_channel({"name": '"' * 350})[:-1] + [member_of('{"user_id":"z","user_info":7}')]
    assert presence(pusher.subscription_succeeded("presence-a", members))["hash"]["z"] == 7


def test_a_channel_that_fits_loses_nothing():
    members = full_channel({"name": "x" * 500})
    infos = presence(pusher.subscription_succeeded("presence-a", members))["hash"].values()
    assert list(infos) == [{"name": "x" * 500}] * 100


@pytest.mark.parametrize("character", ["x", "\x01", "😀", "\ud800"])
def test_the_refusal_of_a_very_long_name_still_fits_into_a_frame(character):
    refusal = SubscriptionRefused("LimitReached", "Too long.", 4009)
    frame = pusher.subscription_error(character * 130_000, refusal)
    assert len(frame.encode()) <= pusher.MAX_FRAME_BYTES
    assert json.loads(frame)["channel"].startswith(character)
