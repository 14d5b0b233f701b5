"""Cold starts: from the start of the process to the runtime client's first /next, net of an empty handler's.

Beside ours runs what the same handler needs when it is written on boto3: its clients, made at import as AWS advises.
Both run from a folder as Lambda unpacks it, under awslambdaric, seeing nothing else. boto3's bytecode is compiled, as
it is on AWS; ours is not.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib import metadata
from pathlib import Path
from statistics import median

from bench.figures import Figure, Table
from ops.local.functions import code
from ops.packaging import build_all

_ROUNDS = 11
_LAUNCHER = Path(code.__file__).with_name("launcher.py")
_EMPTY = "def handler(event, context):\n    return None\n"
_BOTO3 = """import boto3
{token}
dynamodb = boto3.client("dynamodb")
{clients}

def handler(event, context):
    return {{"statusCode": 200}}
"""
_MANAGEMENT = 'management = boto3.client("apigatewaymanagementapi", endpoint_url="https://api.example.com")'
_SECRETS = 'secrets = boto3.client("secretsmanager")'
_LIBRARIES = ("boto3", "botocore", "jmespath", "s3transfer", "urllib3", "python-dateutil", "six", "PyJWT")


def run() -> Table:
    """Medians; the variants take turns, so that what else the machine does hits them alike."""
    table = Table("Handler init, net of an empty handler", "on boto3")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        client = code.runtime_client(folder / "runtime")
        for function in build_all():
            roots = _roots(folder / function.name, function.name, function.path)
            times: dict[str, list[float]] = {variant: [] for variant in roots}
            for _ in range(_ROUNDS):
                for variant, (root, handler) in roots.items():
                    times[variant].append(_init_ms(root, client, handler))
            empty = median(times["empty"])
            ours, theirs = (median(times[variant]) - empty for variant in ("ours", "boto3"))
            table.figures.append(Figure(function.name, ours, "ms", theirs, limit=0.25))
    return table


def _roots(folder: Path, name: str, package: Path) -> dict[str, tuple[Path, str]]:
    """Variant → task root and handler."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / "ours")
    clients = {"websocket-connect": _SECRETS, "websocket-disconnect": ""}.get(name, _MANAGEMENT)
    token = "import jwt" if name == "websocket-connect" else ""
    for variant, source in (("empty", _EMPTY), ("boto3", _BOTO3.format(token=token, clients=clients))):
        (folder / variant).mkdir()
        (folder / variant / "function.py").write_text(source)
    for library in _LIBRARIES:
        _link(metadata.distribution(library), folder / "boto3")
    return {
        "empty": (folder / "empty", "function.handler"),
        "ours": (folder / "ours", f"handlers.{name.replace('-', '_')}.handler"),
        "boto3": (folder / "boto3", "function.handler"),
    }


def _link(distribution: metadata.Distribution, into: Path) -> None:
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        if not (into / top).exists():
            (into / top).symlink_to(str(distribution.locate_file(top)))


def _init_ms(root: Path, runtime_client: Path, handler: str) -> float:
    """Start a process; its runtime client's first request ends the measurement."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        environ = _environ(listener.getsockname()[1], root, handler)
        lifeline, held = os.pipe()
        command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_LAUNCHER)]
        command += [str(root), str(runtime_client), str(lifeline), handler]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=root, env=environ, pass_fds=[lifeline], start_new_session=True, stderr=subprocess.DEVNULL
        )
        try:
            peer, _ = listener.accept()
            with peer:
                line = peer.recv(4096).split(b"\r\n")[0]
                elapsed = time.perf_counter() - started
                # Ended before the connection is: the runtime client would complain of that.
                process.kill()
        finally:
            process.kill()
            process.wait()
            os.close(lifeline)
            os.close(held)
    if b"/invocation/next" not in line:
        raise RuntimeError(f"{handler} did not start: {line!r}")
    return elapsed * 1000


def _environ(port: int, root: Path, handler: str) -> dict[str, str]:
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "LAMBDA_TASK_ROOT": str(root),
        "LANG": "C.UTF-8",
        "_HANDLER": handler,
    }
