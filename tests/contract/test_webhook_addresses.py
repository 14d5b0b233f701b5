"""Where the sender of webhooks lets itself be led, and whom it trusts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.sinks.certificates import Certificate, make_certificate
from realtime.aws.connection import Address, Origin
from realtime.aws.webhook_sender import HttpWebhookSender
from realtime.ports import WebhookAnswer
from tests.contract.webhook_line import HOST, PUBLIC, Line, address, leads_to, request
from tests.unit.realtime.peer import PATIENCE, Peer

NOT_PUBLIC = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "0.0.0.0",
    "169.254.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
]


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/", "ftp://hooks.example.com/", "https://u:hidden@hooks.example.com/", "https:///hidden"]
    + [f"https://[{ip}]/hidden" if ":" in ip else f"https://{ip}/hidden" for ip in NOT_PUBLIC]
    + ["https://localhost/hidden", "https://2130706433/hidden", "https://0x7f.1/hidden"]
    + ["https://hooks.example.com/hidden\r\nx-injected: 1"],
)
def test_a_url_that_is_no_endpoint_is_not_even_looked_up(url):
    looked_up: list[Origin] = []

    def look_up(origin: Origin) -> Sequence[Address]:
        looked_up.append(origin)
        return []

    (answer,) = HttpWebhookSender(insecure=False, resolve=look_up).post_all([request(url)])
    assert (answer.status, looked_up) == (None, [])
    assert (answer.reason or "").startswith("refused: ") and "hidden" not in (answer.reason or "")


@pytest.mark.parametrize("ip", NOT_PUBLIC)
@pytest.mark.parametrize("others", [[], [PUBLIC]])
def test_a_name_that_leads_into_a_network_is_refused_before_anything_is_connected(ip, others):
    line = Line()
    sender = HttpWebhookSender(insecure=False, resolve=leads_to(*others, ip), connect=line.connect)
    (answer,) = sender.post_all([request(f"https://{HOST}/")])
    assert answer == WebhookAnswer(None, "refused: its host leads to an address that is not public")
    assert line.addresses == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    return certificate.certificate


@pytest.mark.usefixtures("trusted")
def test_a_name_is_looked_up_once_and_only_the_checked_address_is_connected(certificate):
    """A name server may give a public address to whoever checks and a private one to whoever connects."""
    given = iter([PUBLIC, "169.254.169.254", "169.254.169.254"])
    with Peer(tls=certificate.server()) as peer:
        line = Line(peer.port)
        sender = HttpWebhookSender(
            insecure=False, resolve=lambda origin: [address(next(given))], connect=line.connect, timeout=PATIENCE
        )
        assert sender.post_all([request(f"https://{HOST}/hook")]) == [WebhookAnswer(200)]
    assert (line.addresses, list(given), peer.targets) == ([PUBLIC], ["169.254.169.254"] * 2, ["/hook"])


@pytest.mark.usefixtures("trusted")
def test_each_request_is_checked_anew(certificate):
    given = iter([PUBLIC, "127.0.0.1"])
    with Peer(tls=certificate.server()) as peer:
        line = Line(peer.port)
        sender = HttpWebhookSender(
            insecure=False, resolve=lambda origin: [address(next(given))], connect=line.connect, timeout=PATIENCE
        )
        answers = [sender.post_all([request(f"https://{HOST}/")])[0] for _ in range(2)]
    assert ([answer.status for answer in answers], line.addresses) == ([200, None], [PUBLIC])


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", [HOST, f"{HOST}."])
def test_the_certificate_is_checked_for_the_name_and_the_name_is_told(certificate, host):
    told: list[str | None] = []
    server = certificate.server()
    server.sni_callback = lambda stream, name, context: told.append(name)
    with Peer(tls=server) as peer:
        assert secure(peer.port, host) == WebhookAnswer(200)
    assert told == [HOST]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(certificate):
    with Peer(tls=certificate.server()) as peer:
        answer = secure(peer.port, "other.example.com")
    assert (answer.status, "certificate refused: Hostname mismatch" in (answer.reason or "")) == (None, True)
    assert (peer.targets, peer.bodies) == ([], [])


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(certificate):
    with Peer(tls=certificate.server()) as peer:
        answer = secure(peer.port, HOST)
    assert answer == WebhookAnswer(None, "certificate refused: self-signed certificate")
    assert peer.targets == []


@pytest.mark.usefixtures("trusted")
def test_an_older_tls_than_1_2_is_refused(certificate):
    with pytest.warns(DeprecationWarning):
        server = certificate.server()
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    with Peer(tls=server) as peer:
        assert secure(peer.port, HOST).status is None
    assert peer.targets == []


def test_a_handshake_that_hangs_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert secure(listener.getsockname()[1], HOST, timeout=0.2) == WebhookAnswer(None, "timed out")


def secure(port: int, host: str, timeout: float = PATIENCE) -> WebhookAnswer:
    """Post to a port of this machine under a name."""
    sender = HttpWebhookSender(insecure=False, timeout=timeout, resolve=leads_to(PUBLIC), connect=Line(port).connect)
    return sender.post_all([request(f"https://{host}/")])[0]
