"""Where webhooks may go. Nobody who sets one may make us call into our own network, or AWS's metadata service."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

MAX_URL_LENGTH = 2048

_VISIBLE = re.compile(r"[!-\[\]-~]+")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
# What resolvers take for an IPv4 address, whole or in parts (`2130706433`, `127.1`, `0x7f.1`), and ipaddress does not.
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_LOCAL_NAMES = ("localhost", "local", "internal")

# The one part of IPv6 that is routed, and what within it leads to IPv4 or to nowhere: Teredo and other protocols'
# assignments, documentation, 6to4. Outside it: NAT64 (64:ff9b::/96), unique local (AWS's metadata), link-local,
# multicast.
_ROUTED_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# Beyond what ipaddress calls not global, which differs between versions of Python.
_REFUSED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        ("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
    )
)


def check_webhook_url(url: str, *, insecure: bool) -> None:
    """Raise ValueError, without quoting it, unless webhooks may be posted to `url`.

    It must be https, without user and password, and its host no address within a network; with `insecure` (the local
    AWS) http and any host will do. A name may still resolve to such an address: see `address_allowed`.
    """
    parts = _split(url)
    if parts.scheme != "https" and not (insecure and parts.scheme == "http"):
        raise ValueError("it is not an https URL")
    if "@" in parts.netloc:
        raise ValueError("it has a user or a password in it, which would be shown to everyone who may list apps")
    if "#" in url:
        raise ValueError("it has a fragment, which is never sent")
    _check_host(parts, insecure)


def address_allowed(ip_text: str) -> bool:
    """Whether a webhook may be posted to this address, to which its host has resolved: only if it is a public one."""
    try:
        address = ipaddress.ip_address(ip_text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _public_v4(address)
    if address.ipv4_mapped is not None:
        return _public_v4(address.ipv4_mapped)
    if address.scope_id is not None or address not in _ROUTED_V6:
        return False
    return address.is_global and not any(address in network for network in _REFUSED_V6)


def _public_v4(address: ipaddress.IPv4Address) -> bool:
    special = address.is_multicast or address.is_reserved or not address.is_global
    return not special and not any(address in network for network in _REFUSED_V4)


def _split(url: str) -> SplitResult:
    # Before anything is parsed: parsers differ in what they make of blanks and backslashes, and some drop line ends.
    if len(url) > MAX_URL_LENGTH or not _VISIBLE.fullmatch(url):
        raise ValueError(f"it has more than {MAX_URL_LENGTH} characters, or others than a URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Not chained: the cause quotes the URL.
        raise ValueError("it is not a URL") from None
    if port == 0:
        raise ValueError("it has no port that can be called")
    return parts


def _check_host(parts: SplitResult, insecure: bool) -> None:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        address = host
    elif not _NAME.fullmatch(host):
        raise ValueError("it has no host name of letters, digits, dots and dashes")
    else:
        host = host.removesuffix(".")
        address = host if _NUMERIC.fullmatch(host.rpartition(".")[2]) else ""
    if insecure:
        return
    if address and not address_allowed(address):
        raise ValueError("its host is not a public address")
    if not address and ("." not in host or host.rpartition(".")[2] in _LOCAL_NAMES):
        raise ValueError("its host is a name within a network")
