"""The signature of Pusher's HTTP API, with the vectors of Pusher's documentation and of its Python library."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, unquote, urlencode

import pytest

from realtime.protocols.http_auth import Credentials, check_signature, credentials_of
from realtime.protocols.http_messages import HttpError, Request, params_of

KEY, SECRET = "7f3c1d9a52e84b06c1aa", "c0ffee5ec2e7d15ea5ed"
SECONDS = 1_735_689_600
EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
BODY = (
    b'{"name":"order-updated","channels":["private-orders-7"],'
    b'"data":"{\\"id\\":7,\\"state\\":\\"paid\\"}","socket_id":"1203.88461"}'
)
AUTH = f"auth_key={KEY}&auth_timestamp={SECONDS}&auth_version=1.0"

# name → (method, path, query, body, signature), each as the reference computed it.
VECTORS = {
    "publish": (
        "POST",
        "/apps/414243/events",
        f"{AUTH}&body_md5=47fdc565bd3dc6825befd3cfef1ea207",
        BODY,
        "91d68f398d5010146bc333f086ec2caa0e69413be188d461692d035b7087929d",
    ),
    "list": (
        "GET",
        "/apps/414243/channels",
        f"{AUTH}&filter_by_prefix=presence-&info=user_count",
        b"",
        "4581d696e9c2af58d9ef1ad438ffed97d02ba2ce9a482c561e9f11e2b9cbc8ad",
    ),
    "list of the Python library": (
        "GET",
        "/apps/414243/channels",
        f"{AUTH}&body_md5={EMPTY_MD5}&filter_by_prefix=presence-&info=user_count",
        b"",
        "91b8969f3ed36c469e35c012376f354fffce97bae1027e0c513ba4fdea7ecd2c",
    ),
}


def check(method: str, path: str, query: str, body: bytes = b"", *, now: int = SECONDS * 1000, secret: str = SECRET):
    check_signature(Request(method, path, query, {}, body), params_of(query), secret, now)


def signed(method: str, path: str, text: str, *, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{method}\n{path}\n{text}".encode(), hashlib.sha256).hexdigest()


def refusal(*request: str | bytes, **changes: int | str) -> HttpError:
    with pytest.raises(HttpError) as caught:
        check(*request, **changes)  # type: ignore[arg-type]  # what a table holds
    return caught.value


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_passes(name):
    method, path, query, body, signature = VECTORS[name]
    check(method, path, f"{query}&auth_signature={signature}", body)


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("part", ["method", "path", "query", "signature", "secret"])
def test_a_vector_of_which_a_part_is_changed_is_refused(name, part):
    method, path, query, body, signature = VECTORS[name]
    last = "e" if part == "signature" else signature[-1]
    failure = refusal(
        "PUT" if part == "method" else method,
        path + "s" if part == "path" else path,
        f"{query}{'&x=1' if part == 'query' else ''}&auth_signature={signature[:-1]}{last}",
        body,
        secret=SECRET + "x" if part == "secret" else SECRET,
    )
    assert failure.status == 401


def test_the_example_of_pushers_documentation_passes():
    query = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"
    query += "&body_md5=ec365a775a4cd0599faeb73354201b6f"
    query += "&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
    body = b'{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}'
    check("POST", "/apps/3/events", query, body, now=1_353_088_179_000, secret="7ad3773142a6692b25b8")


def test_the_order_of_the_parameters_and_the_case_of_their_names_do_not_matter():
    _, path, _, _, signature = VECTORS["list"]
    query = f"info=user_count&Filter_By_Prefix=presence-&AUTH_SIGNATURE={signature}&auth_version=1.0"
    check("GET", path, f"{query}&Auth_Timestamp={SECONDS}&auth_key={KEY}")


def test_values_are_signed_as_they_are_before_they_are_escaped():
    text = f"{AUTH}&filter_by_prefix=a=@,.;é b"
    query = f"{AUTH}&{urlencode({'filter_by_prefix': 'a=@,.;é b'})}"
    check("GET", "/apps/1/channels", f"{query}&auth_signature={signed('GET', '/apps/1/channels', text)}")


def test_a_name_that_is_repeated_is_signed_in_its_order():
    text = f"{AUTH}&channels[]=b&channels[]=a&name=n"
    query = f"name=n&channels%5B%5D=b&{AUTH}&channels[]=a"
    check("POST", "/apps/1/events", f"{query}&auth_signature={signed('POST', '/apps/1/events', text)}")


@pytest.mark.parametrize("escape", [str, lambda path: quote(path, safe="/")], ids=["raw", "escaped on the way"])
def test_a_path_is_good_as_the_library_signed_it(escape):
    path = "/apps/1/channels/presence-a=@,.;b"
    check("GET", escape(path), f"{AUTH}&auth_signature={signed('GET', path, AUTH)}")


@pytest.mark.parametrize("unescape", [str, unquote], ids=["raw", "unescaped on the way"])
def test_a_path_that_the_library_escaped_before_it_signed_is_good(unescape):
    path = "/apps/1/channels/presence-a%3D%40b"
    check("GET", unescape(path), f"{AUTH}&auth_signature={signed('GET', path, AUTH)}")


@pytest.mark.parametrize("path", ["/apps/1/channels/\ud800", "/apps/1/channels/%FF", "/%", ""])
def test_a_path_of_any_form_is_refused(path):
    assert refusal("GET", path, f"{AUTH}&auth_signature={'0' * 64}").status == 401


@pytest.mark.parametrize("seconds", [-600, 0, 600])
def test_a_timestamp_within_ten_minutes_is_good(seconds):
    method, path, query, body, signature = VECTORS["publish"]
    check(method, path, f"{query}&auth_signature={signature}", body, now=(SECONDS + seconds) * 1000)


@pytest.mark.parametrize("seconds", [-100_000, -601, 601, 100_000])
def test_a_timestamp_beyond_is_refused(seconds):
    method, path, query, body, signature = VECTORS["publish"]
    failure = refusal(method, path, f"{query}&auth_signature={signature}", body, now=(SECONDS + seconds) * 1000)
    assert (failure.status, "auth_timestamp" in failure.message) == (401, True)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (AUTH, b"{}"),
        (f"{AUTH}&body_md5={EMPTY_MD5}", b"{}"),
        (f"{AUTH}&body_md5=x", b""),
        (f"{AUTH}&body_md5=", b""),
        (f"{AUTH}&body_md5=%C3%A9", b"{}"),
        (f"{AUTH}&body_md5={hashlib.md5(b'{ }').hexdigest()}", b"{}"),
    ],
    ids=["none", "of nothing", "wrong without a body", "empty", "not ascii", "of another body"],
)
def test_a_digest_that_is_not_that_of_the_body_is_refused(query, body):
    signature = signed("POST", "/apps/1/events", "&".join(sorted(query.replace("%C3%A9", "é").split("&"))))
    failure = refusal("POST", "/apps/1/events", f"{query}&auth_signature={signature}", body)
    assert (failure.status, "body_md5" in failure.message) == (401, True)


@pytest.mark.parametrize("signature", ["é", "0" * 64, "x", "%00", f"{'0' * 64}%0A", "日本" * 40])
def test_a_signature_of_any_form_is_refused(signature):
    assert refusal("GET", "/apps/1/channels", f"{AUTH}&auth_signature={signature}").status == 401


def test_a_signature_in_capitals_is_refused():
    method, path, query, body, signature = VECTORS["list"]
    assert refusal(method, path, f"{query}&auth_signature={signature.upper()}", body).status == 401


@pytest.mark.parametrize("name", VECTORS)
def test_a_refusal_gives_nothing_away(name):
    """Neither the signature that would have been right, nor the string that it is of."""
    method, path, query, body, signature = VECTORS[name]
    told = refusal(method, path, f"{query}&auth_signature={'0' * 64}", body).message
    assert not any(part in told for part in (signature, signature[:8], query, path, KEY, SECRET, method))


@pytest.mark.parametrize("name", ["auth_key", "auth_timestamp", "auth_version", "auth_signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_part_that_is_missing_is_named(name, value):
    held = {"auth_key": "k", "auth_timestamp": "1", "auth_version": "1.0", "auth_signature": "s", name: value}
    query = "&".join(f"{key}={value}" for key, value in held.items() if value is not None)
    with pytest.raises(HttpError, match=name) as caught:
        credentials_of(params_of(query))
    assert caught.value.status == 401


@pytest.mark.parametrize("name", ["auth_key", "AUTH_KEY", "auth_timestamp", "auth_version", "auth_signature"])
def test_a_part_that_is_there_twice_is_malformed(name):
    with pytest.raises(HttpError) as caught:
        credentials_of(params_of(f"auth_key=k&auth_timestamp=1&auth_version=1.0&auth_signature=s&{name}=x"))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "timestamp", ["x", "1.5", "-1", "%2B1", "1e9", "1_0", "%D9%A1", "9" * 16, "%201", "0x1", "NaN"]
)
def test_a_timestamp_of_another_form_is_refused(timestamp):
    with pytest.raises(HttpError) as caught:
        credentials_of(params_of(f"auth_key=k&auth_timestamp={timestamp}&auth_version=1.0&auth_signature=s"))
    assert caught.value.status == 401


@pytest.mark.parametrize("version", ["1", "1.00", "2.0", "v1.0"])
def test_another_version_is_refused(version):
    with pytest.raises(HttpError) as caught:
        credentials_of(params_of(f"auth_key=k&auth_timestamp=1&auth_version={version}&auth_signature=s"))
    assert caught.value.status == 401


def test_credentials_are_read():
    query = "auth_signature=s&auth_key=k&auth_timestamp=12&auth_version=1.0"
    assert credentials_of(params_of(query)) == Credentials("k", 12, "s")
