"""The fast way to sign against the plain one, and against botocore's."""

from __future__ import annotations

import datetime
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from realtime.aws.http1 import Request
from realtime.aws.series import Series
from realtime.aws.sigv4 import Credentials, Signer

NOW = 1_700_000_000.9
HOST = "abc.execute-api.eu-west-1.amazonaws.com"
FOLDER = "/production/@connections/"
TOKENS = st.sampled_from([None, "token", "tok/en+="])


def signer(token: str | None) -> Signer:
    return Signer(Credentials("AKIA", "secret", token), "eu-west-1", "execute-api")


def plain(token: str | None, method: str, name: str, body: bytes, now: float) -> bytes:
    target = FOLDER + quote(name, safe="")
    return Request(method, target, signer(token).sign(method, target, {"host": HOST}, body, now), body).encode()


@given(st.text(), st.binary(), st.sampled_from(["POST", "GET", "DELETE"]), TOKENS, st.floats(0, 4e9))
def test_a_request_is_byte_for_byte_the_one_signed_the_plain_way(name, body, method, token, now):
    series = Series(signer(token), method, HOST, FOLDER, body)
    assert series.request(name, now) == plain(token, method, name, body, now)


@given(st.from_regex("[A-Za-z0-9_-]{11,15}={0,2}", fullmatch=True))
def test_an_id_of_the_usual_form_is_signed_the_same(name):
    assert Series(signer(None), "POST", HOST, FOLDER, b"x").request(name, NOW) == plain(None, "POST", name, b"x", NOW)


@given(st.lists(st.integers(0, 4_000_000_000), min_size=2, max_size=4))
def test_a_series_goes_on_through_seconds_and_days(times):
    series = Series(signer(None), "POST", HOST, FOLDER, b"x")
    assert [series.request("a=", now) for now in times] == [plain(None, "POST", "a=", b"x", now) for now in times]


def test_two_series_of_one_signer_do_not_mix():
    shared = signer(None)
    one, other = (Series(shared, "POST", HOST, FOLDER, body) for body in (b"1", b"2"))
    assert [series.request("a=", NOW) for series in (one, other, one)] == [
        plain(None, "POST", "a=", body, NOW) for body in (b"1", b"2", b"1")
    ]


@pytest.mark.parametrize("name", ["L0SM9cOFvHcCIhw=", "a+b/c d?e#f%3D", "plain", "é"])
@pytest.mark.parametrize("token", [None, "tok/en+="])
def test_the_signature_is_botocores(monkeypatch, name, token):
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    request = AWSRequest("POST", f"https://{HOST}{FOLDER}{quote(name, safe='')}", {"host": HOST}, b"frame")
    SigV4Auth(BotoCredentials("AKIA", "secret", token), "execute-api", "eu-west-1").add_auth(request)
    ours = Series(signer(token), "POST", HOST, FOLDER, b"frame").request(name, NOW)
    assert f"\r\nauthorization: {request.headers['Authorization']}\r\n".encode() in ours
