"""Debian's nginx as a sink: TLS, one worker, kept-alive connections, 200 to everything."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.needs import need
from bench.ports import free_port
from bench.processors import SERVER, pin
from bench.sinks.certificates import make_certificate

_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 10.0
# The headers are those of API Gateway's own answers: a client has them to read.
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_session_cache shared:tls:1m;
    server {{
        listen {host}:{port} ssl backlog=1024;
        location / {{
            add_header x-amzn-RequestId 7f4a4d1e-0d3c-4f0e-9a52-1d0c6f3b8e11;
            add_header x-amz-apigw-id AbCdEfGhIjKlMnO=;
            return 200;
        }}
    }}
}}
"""


class Sink(NamedTuple):
    """Where to deliver to, and the file with the certificate to trust."""

    url: str
    ca: Path


@contextmanager
def nginx() -> Iterator[Sink]:
    """One for as long as it is needed, on the server's core. Raises MissingError."""
    program = need("nginx")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        made = make_certificate(folder, _HOST)
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=folder, certificate=made.certificate, key=made.key, host=_HOST, port=port)
        )
        command = [program, "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
        with subprocess.Popen(command, cwd=folder) as process:
            try:
                pin(process.pid, SERVER)
                _until_it_listens(process, port)
                yield Sink(f"https://{_HOST}:{port}", made.certificate)
            finally:
                process.terminate()
                process.wait()


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(
        f"nginx does not listen{'' if process.returncode is None else f': it ended with {process.returncode}'}"
    )
