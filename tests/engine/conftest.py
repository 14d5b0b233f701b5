from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.sinks.counting import CountingSink


@pytest.fixture(scope="module")
def plain_sink() -> Iterator[CountingSink]:
    """Without TLS: what happens above it happens much faster there."""
    with CountingSink(tls=False) as sink:
        yield sink


@pytest.fixture(scope="module")
def tls_sink() -> Iterator[CountingSink]:
    """With TLS, and trusted by this process."""
    with CountingSink() as sink, pytest.MonkeyPatch.context() as environment:
        assert sink.certificate
        environment.setenv("SSL_CERT_FILE", str(sink.certificate.certificate))
        yield sink


@pytest.fixture(scope="module", params=["plain", "tls"])
def sink(request: pytest.FixtureRequest) -> CountingSink:
    found: CountingSink = request.getfixturevalue(f"{request.param}_sink")
    return found
