from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from realtime.aws.connection import Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.transport import Failed, Outcome, Transport
from tests.unit.realtime.peer import PATIENCE, Peer


@dataclass(frozen=True)
class Certificate:
    """A self-made certificate for 127.0.0.1, as files."""

    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


@pytest.fixture
def peer(certificate: Certificate) -> Iterator[Peer]:
    with Peer(tls=certificate.server()) as peer:
        yield peer


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))


def send(peer: Peer, *bodies: bytes, host: str = "127.0.0.1") -> list[Outcome]:
    """One request after the other over one transport."""
    transport = Transport(Origin(host, peer.port, tls=True, authority="peer"))
    try:
        return [transport.send([Request("POST", "/1", {}, body)], timeout=PATIENCE)[0] for body in bodies]
    finally:
        transport.close()


@pytest.mark.usefixtures("trusted")
def test_a_request_over_tls_is_answered(peer):
    assert send(peer, b"") == [Response(200, {"content-length": "2"}, b"/1")]


@pytest.mark.usefixtures("trusted")
def test_a_large_request_over_tls_arrives_whole(peer):
    send(peer, b"x" * 5_000_000)
    assert peer.bodies == [b"x" * 5_000_000]


@pytest.mark.usefixtures("trusted")
def test_a_connection_over_tls_is_kept(peer):
    send(peer, b"", b"", b"")
    assert peer.connections == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(peer):
    (outcome,) = send(peer, b"")
    assert isinstance(outcome, Failed)
    assert ("self-signed certificate" in outcome.reason, outcome.sent, peer.targets) == (True, False, [])


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(peer):
    (outcome,) = send(peer, b"", host="localhost")
    assert isinstance(outcome, Failed)
    assert ("certificate is not valid for" in outcome.reason, outcome.sent, peer.targets) == (True, False, [])
