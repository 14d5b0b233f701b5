"""What stands between the sender of webhooks and an endpoint in these tests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from realtime.aws.connection import Address, Origin
from realtime.aws.webhook_sender import connect
from realtime.ports import WebhookRequest

HOST = "hooks.example.com"
PUBLIC = "93.184.216.34"


def request(url: str, body: bytes = b"{}") -> WebhookRequest:
    return WebhookRequest(url, {"Content-Type": "application/json"}, body)


def address(ip: str, port: int = 443) -> Address:
    return Address(socket.AF_INET6 if ":" in ip else socket.AF_INET, (ip, port))


def leads_to(*ips: str, port: int = 443) -> Callable[[Origin], Sequence[Address]]:
    """A resolver that gives every name these addresses."""
    return lambda origin: [address(ip, port) for ip in ips]


class Line:
    """A way to connect that notes the addresses, and leads to one port of this machine."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.addresses: list[str] = []

    def connect(self, to: Address, timeout: float) -> socket.socket:
        self.addresses.append(to.name[0])
        return connect(address("127.0.0.1", self.port), timeout)
