from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.errors import SubscriptionRefused
from realtime.domain.signatures import check_auth, matches, sign

KEY, SECRET = "7f3c1d9a52e84b06c1aa", "c0ffee5ec2e7d15ea5ed"
PRIVATE = "1203.88461:private-orders-7"
GOOD = "bd93e6eb2628ab0b4e2f5ae22342d91cc2216ffe693073cfdba461e5de171ddb"
HTTP = "auth_key=7f3c1d9a52e84b06c1aa&auth_timestamp=1735689600&auth_version=1.0"
any_text = st.text(st.characters(codec=None))


def secret_of(key: str) -> str | None:
    return {KEY: SECRET, "other-key": "other-secret"}.get(key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PRIVATE, GOOD),
        (
            '1203.88461:presence-room-1:{"user_id":"u-9","user_info":{"name":"Ana"}}',
            "5c1b769a6a6bc81582030487c8e89cf7de4701170b371f8494a7c87ecc348b47",
        ),
        (
            '1203.88461::user::{"id":"u-9","user_info":{"name":"Ana"},"watchlist":["u-3"]}',
            "9b6d7e42c9691599fa8ccb7d0804339a7cd15cf59024fe4da76db1a07ae21fb4",
        ),
        (
            '{"time_ms":1735689600123,"events":[{"name":"member_added","channel":"presence-room-1","user_id":"u-9"}]}',
            "c693a3629010b96a1b9553c55c03cdef7bfb8b96d1222367f8928f17243e1195",
        ),
        (
            f"POST\n/apps/414243/events\n{HTTP}&body_md5=47fdc565bd3dc6825befd3cfef1ea207",
            "91d68f398d5010146bc333f086ec2caa0e69413be188d461692d035b7087929d",
        ),
        (
            f"GET\n/apps/414243/channels\n{HTTP}&filter_by_prefix=presence-&info=user_count",
            "4581d696e9c2af58d9ef1ad438ffed97d02ba2ce9a482c561e9f11e2b9cbc8ad",
        ),
        (
            f"GET\n/apps/414243/channels\n{HTTP}&body_md5=d41d8cd98f00b204e9800998ecf8427e"
            "&filter_by_prefix=presence-&info=user_count",
            "91b8969f3ed36c469e35c012376f354fffce97bae1027e0c513ba4fdea7ecd2c",
        ),
    ],
    ids=["private", "presence", "signin", "webhook", "publish", "channels", "channels by the Python library"],
)
def test_the_vectors_of_the_reference(text, expected):
    assert sign(SECRET, text) == expected
    assert matches(SECRET, text, expected)


def test_the_presence_vector_that_pusher_prints_is_that_of_another_name():
    """Its page shows "Mr. Channels" beside the digest of "Mr. Pusher"; both as measured, with the page's secret."""
    digests = {
        name: sign(
            "7ad3773142a6692b25b8",
            f'1234.1234:presence-foobar:{{"user_id":10,"user_info":{{"name":"Mr. {name}"}}}}',
        )
        for name in ("Pusher", "Channels")
    }
    assert digests["Pusher"].startswith("afaed369")
    assert digests["Channels"].startswith("31935e7d")


@pytest.mark.parametrize(
    "digest",
    ["", GOOD.upper(), GOOD[:-1], GOOD + "0", f" {GOOD}", f"{GOOD}\n", "é" * 64, "\ud800", GOOD.replace("b", "ｂ")],
)
def test_anything_but_the_very_digest_does_not_match(digest):
    assert not matches(SECRET, PRIVATE, digest)


@given(any_text, any_text, any_text)
def test_no_string_makes_the_comparison_fail(secret, text, digest):
    assert matches(secret, text, sign(secret, text))
    assert not matches(secret, text, digest)


@pytest.mark.parametrize(("one", "other"), [("?", "\ud800"), ("\ufffd", "\ud800"), ("\\ud800", "\ud800")])
def test_a_lone_surrogate_is_signed_as_nothing_else_is(one, other):
    assert sign(SECRET, one) != sign(SECRET, other)


@pytest.mark.parametrize(("key", "secret"), [(KEY, SECRET), ("other-key", "other-secret")])
def test_any_active_key_of_the_app_may_have_signed(key, secret):
    check_auth(f"{key}:{sign(secret, PRIVATE)}", secret_of, PRIVATE)


@pytest.mark.parametrize(
    "auth",
    [
        None,
        "",
        ":",
        KEY,
        f"{KEY}:",
        f":{GOOD}",
        GOOD,
        f"{KEY}::user::{GOOD}",
        f"{KEY}:{GOOD}:",
        f"{KEY} :{GOOD}",
        f"{KEY.upper()}:{GOOD}",
        f"unknown:{GOOD}",
        f"other-key:{GOOD}",
        f"{KEY}:{GOOD.upper()}",
        f"{KEY}:{sign(SECRET, '1203.88461:private-orders-8')}",
        f"{KEY}:é\ud800",
    ],
)
def test_an_auth_that_is_wrong_in_any_way_is_an_auth_error(auth):
    with pytest.raises(SubscriptionRefused) as refusal:
        check_auth(auth, secret_of, PRIVATE)
    assert (refusal.value.kind, refusal.value.status) == ("AuthError", 401)


@given(st.none() | any_text | any_text.map(lambda rest: f"{KEY}:{rest}"), any_text)
def test_a_refusal_tells_neither_the_secret_nor_what_was_expected_nor_what_was_sent(auth, signed):
    with pytest.raises(SubscriptionRefused) as refusal:
        check_auth(auth, secret_of, f"1.2:{signed}")
    told = f"{refusal.value} {refusal.value.message} {refusal.value!r}"
    assert all(hidden not in told for hidden in (SECRET, sign(SECRET, f"1.2:{signed}"), KEY))
    assert refusal.value.__context__ is None
