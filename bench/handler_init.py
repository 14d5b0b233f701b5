"""Cold starts: from the start of the process to the runtime client's first /next, net of an empty handler's.

Ours starts when its first event comes; here it does so at once: its adapters are imported and made. Beside it runs
the same handler on boto3: the same use cases, protocols and domain, and boto3's clients instead of our adapters, made
at import as AWS advises. Neither imports PyJWT: ours does for the first client that comes with a token. Both run from
a folder as Lambda unpacks it, under awslambdaric, seeing nothing else. Both come with bytecode: boto3 has it on AWS,
and ours, that of the use cases included, is in the zips.
"""

from __future__ import annotations

import os
import shutil
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
from bench.libraries import BOTO3
from ops.local.functions import code
from ops.packaging import Target, build_all

_ROUNDS = 11
_LAUNCHER = Path(code.__file__).with_name("launcher.py")
_EMPTY = "def handler(event, context):\n    return None\n"
_STARTED = """import os
from handlers.{module} import handler
from realtime.bootstrap import start

cells = dict(zip(handler.__code__.co_freevars, handler.__closure__))
start(cells["build"].cell_contents, os.environ)
"""
_LOADED = """import sys
sys.path.insert(0, ".")
import started
print(*sys.modules)
"""
_PACKAGES = ("domain", "protocols", "ports", "usecases")
_SHARED = tuple(f"realtime.{package}" for package in _PACKAGES)
_ON_BOTO3 = """import boto3
{imports}
{clients}

def handler(event, context):
    return {{"statusCode": 200}}
"""
_CLIENTS = {
    "dynamodb": 'dynamodb = boto3.client("dynamodb")',
    "secrets": 'secrets = boto3.client("secretsmanager")',
    "management": 'management = boto3.client("apigatewaymanagementapi", endpoint_url="https://api.example.com")',
    "queue": 'queue = boto3.client("sqs")',
    "functions": 'functions = boto3.client("lambda")',
}
# All others do whatever comes up, with all services but Lambda.
_OF_CONNECT = ("dynamodb", "secrets", "functions")
_OF_OTHERS = ("dynamodb", "secrets", "management", "queue")
# What Terraform sets: each function reads some of it.
_SETTINGS = {
    **{f"{name}_TABLE": "t" for name in ("CONNECTIONS", "SUBSCRIPTIONS", "MEMBERS", "CHANNELS", "STATE")},
    "ENVIRONMENT": "bench",
    "APPS_SECRET_ID": "bench/apps",
    "APP_ID": "1",
    "MANAGEMENT_ENDPOINT": "https://api.example.com/production",
    "TASKS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/tasks",
    "DELIVER_FUNCTION": "deliver",
    "SILENT_AFTER_SECONDS": "900",
}


def run() -> Table:
    """Medians; the variants take turns, so that what else the machine does hits them alike."""
    table = Table("Handler init and start, net of an empty handler", "on boto3")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        client = code.runtime_client(folder / "runtime")
        for function in build_all(target=Target.here(), folder=folder / "zips"):
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
    (folder / "ours" / "started.py").write_text(_STARTED.format(module=name.replace("-", "_")))
    services = _OF_CONNECT if name == "websocket-connect" else _OF_OTHERS
    clients = "\n".join(_CLIENTS[service] for service in services)
    imports = "\n".join(f"import {module}" for module in _loaded(folder / "ours") if module.startswith(_SHARED))
    for variant, source in (("empty", _EMPTY), ("boto3", _ON_BOTO3.format(imports=imports, clients=clients))):
        (folder / variant).mkdir()
        (folder / variant / "function.py").write_text(source)
    for library in BOTO3:
        _link(metadata.distribution(library), folder / "boto3")
    for shared in filter(lambda name: (folder / "ours" / "realtime" / name).is_dir(), _PACKAGES):
        shutil.copytree(folder / "ours" / "realtime" / shared, folder / "boto3" / "realtime" / shared)
    return {
        "empty": (folder / "empty", "function.handler"),
        "ours": (folder / "ours", "started.handler"),
        "boto3": (folder / "boto3", "function.handler"),
    }


def _loaded(root: Path) -> list[str]:
    """The modules that a handler of ours has imported once it has started."""
    command = [sys.executable, "-I", "-S", "-B", "-c", _LOADED]
    done = subprocess.run(command, cwd=root, env=_environ(0, root, ""), check=True, capture_output=True, text=True)
    return done.stdout.split()


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
        **_SETTINGS,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "LAMBDA_TASK_ROOT": str(root),
        "LANG": "C.UTF-8",
        "_HANDLER": handler,
    }
