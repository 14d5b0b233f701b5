from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.sinks.certificates import Certificate, make_certificate
from realtime.aws.connection import Origin
from realtime.aws.http1 import Request, Response
from realtime.aws.transport import Failed, Outcome, Transport
from tests.unit.realtime.peer import PATIENCE, Peer, Wire


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


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


@pytest.mark.usefixtures("trusted")
def test_a_further_connection_resumes_the_session_of_the_first(certificate):
    reused = []

    def script(wire: Wire) -> None:
        reused.append(wire.resumed)
        wire.request()
        wire.answer("", head="Connection: close\r\n")

    with Peer(script, tls=certificate.server()) as peer:
        send(peer, b"", b"", b"")
    assert reused == [False, True, True]


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(peer):
    (outcome,) = send(peer, b"")
    assert isinstance(outcome, Failed)
    assert ("self-signed certificate" in outcome.reason, outcome.sent, peer.targets) == (True, False, [])


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(peer):
    (outcome,) = send(peer, b"", host="localhost")
    assert isinstance(outcome, Failed)
    assert ("certificate is not valid for" in outcome.reason, outcome.sent, peer.targets) == (True, False, [])
