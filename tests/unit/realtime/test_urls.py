"""Where webhooks may go."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain.urls import address_allowed, check_webhook_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/hook?app=1&x=%20",
        "https://EXAMPLE.com:8443/",
        "https://example.com./",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]:444/",
        "https://xn--bcher-kva.example/",
        "https://a_b.example.com/@x",
    ],
)
def test_a_public_url_is_fine(url):
    check_webhook_url(url, insecure=False)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("example.com", "https"),
        ("//example.com/", "https"),
        ("", "characters"),
        ("https://" + "a" * 2048, "characters"),
        ("https://exa\nmple.com/", "characters"),
        ("https://example.com/ ", "characters"),
        ("https://example.com\\@127.0.0.1/", "characters"),
        ("https://bücher.example/", "characters"),
        ("https://user:hush@example.com/", "password"),
        ("https://hush@example.com/", "password"),
        ("https://@example.com/", "password"),
        ("https://example.com/#x", "fragment"),
        ("https:///path", "host name"),
        ("https://", "host name"),
        ("https://exa%6dple.com/", "host name"),
        ("https://a..b/", "host name"),
        ("https://example.com:0/", "port"),
        ("https://example.com:hush/", "not a URL"),
        ("https://example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://127.0.0.1/", "public address"),
        ("https://127.0.0.1./", "public address"),
        ("https://10.1.2.3/", "public address"),
        ("https://169.254.169.254/latest/meta-data/", "public address"),
        ("https://100.64.0.1/", "public address"),
        ("https://0/", "public address"),
        ("https://127.1/", "public address"),
        ("https://2130706433/", "public address"),
        ("https://0x7f.0.0.1/", "public address"),
        ("https://0x7f000001/", "public address"),
        ("https://017700000001/", "public address"),
        ("https://[::1]/", "public address"),
        ("https://[fe80::1%25eth0]/", "public address"),
        ("https://[::ffff:10.0.0.1]/", "public address"),
        ("https://[fd00:ec2::254]/", "public address"),
        ("https://localhost/", "within a network"),
        ("https://api.localhost/", "within a network"),
        ("https://intranet/", "within a network"),
        ("https://printer.local/", "within a network"),
        ("https://ip-10-0-0-1.ec2.internal/", "within a network"),
    ],
)
def test_any_other_is_refused_without_being_quoted(url, reason):
    with pytest.raises(ValueError, match=reason) as failure:
        check_webhook_url(url, insecure=False)
    assert "hush" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hook", "http://localhost:9000", "https://[::1]/", "http://receiver/", "https://a.b/"]
)
def test_the_local_aws_may_call_this_machine(url):
    check_webhook_url(url, insecure=True)


@pytest.mark.parametrize("url", ["ftp://localhost/", "http://u:p@localhost/", "http:///x", "http://a b/", "localhost"])
def test_even_the_local_aws_calls_nothing_but_a_url(url):
    with pytest.raises(ValueError):
        check_webhook_url(url, insecure=True)


@given(st.text() | st.text().map("https://{}".format), st.booleans())
def test_nothing_but_a_value_error_comes_of_a_url(url, insecure):
    with contextlib.suppress(ValueError):
        check_webhook_url(url, insecure=insecure)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1"]
)
def test_a_public_address_is_allowed(address):
    assert address_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # private
        *("127.0.0.1", "127.255.255.254", "::1"),  # loopback
        *("169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0"),  # link-local: metadata, ECS credentials
        *("100.64.0.1", "100.127.255.255"),  # carrier-grade NAT
        *("224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1"),  # multicast
        *("0.0.0.0", "0.1.2.3", "::"),  # unspecified
        *("240.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1", "192.0.2.1", "203.0.113.1"),  # reserved
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),  # IPv4 in IPv6
        *("64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),  # NAT64
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:1::1"),  # 6to4, Teredo
        *("fc00::1", "fd00:ec2::254", "fec0::1"),  # unique and site local: metadata over IPv6
        *("2001:db8::1", "3fff::1", "100::1", "2606:4700::1111%eth0"),
        *("", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "1.1.1.1 ", "１.1.1.1", "1.1.1.01"),  # no address
    ],
)
def test_any_other_address_is_not(address):
    assert not address_allowed(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_when_it_comes_as_ipv6(address):
    assert address_allowed(str(address)) == address_allowed(f"::ffff:{address}")


@given(st.ip_addresses())
def test_an_address_that_is_allowed_is_a_global_one(address):
    if address_allowed(str(address)):
        address = getattr(address, "ipv4_mapped", None) or address
        assert address.is_global
        assert not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast)
        assert not address.is_unspecified


@given(st.text())
def test_nothing_but_an_address_is_allowed(text):
    if address_allowed(text):
        ipaddress.ip_address(text)
