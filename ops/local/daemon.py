"""The background process of the local AWS: `python -m ops.local.daemon --port N --workdir DIR`.

It prints `ready http://127.0.0.1:PORT` when it serves. It ends with exit code 3 if the port is
taken, and with 0, having closed all clients, on SIGTERM, SIGINT or POST /_local/shutdown. With
--commit-fd it also ends when that pipe closes before a byte 1 came through it, so that a killed
`ops local up` leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import logging
import os
import random
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.local.websocket import Limits

if TYPE_CHECKING:
    from ops.local.edge import Edge

HOST = "127.0.0.1"
PORT_TAKEN = 3
COMMITTED = b"1"
GRACE = 4.0
"""Seconds for everything to end by itself."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line said; limits and `shuffle` in seconds."""

    port: int
    workdir: Path
    limits: Limits
    shuffle: float = 0.0
    commit_fd: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon and return its exit code."""
    settings = _parse(arguments)
    try:
        listener = _bind(settings.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"port {settings.port} is taken: stop what uses it, or give --port\n")
        return PORT_TAKEN
    _isolate()
    _start_logging(settings.workdir)
    # A thread that computes, as moto's do, holds up the event loop for this long at a time.
    sys.setswitchinterval(0.001)
    asyncio.run(_run(settings, listener))
    return 0


def _parse(arguments: Sequence[str] | None) -> Settings:
    parser = argparse.ArgumentParser(prog="ops.local.daemon", description="The local AWS.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--idle-timeout", type=float, default=Limits().idle)
    parser.add_argument("--max-duration", type=float, default=Limits().duration)
    parser.add_argument("--shuffle", type=float, default=0.0)
    parser.add_argument("--commit-fd", type=int)
    given = parser.parse_args(arguments)
    return Settings(
        port=given.port,
        workdir=given.workdir.resolve(),
        limits=Limits(idle=given.idle_timeout, duration=given.max_duration),
        shuffle=given.shuffle,
        commit_fd=given.commit_fd,
    )


def _bind(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _isolate() -> None:
    """Keep moto away from the user's AWS settings and from any other machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    sys.addaudithook(refuse_other_machines)


def refuse_other_machines(event: str, details: tuple[object, ...]) -> None:
    """Be an audit hook that lets no socket reach beyond loopback; OSError if one tries."""
    if event in ("socket.connect", "socket.sendto"):
        address = details[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise ConnectionRefusedError(f"the local AWS does not talk to {address[0]}")
    elif event == "socket.getaddrinfo" and not _is_loopback(str(details[0])):
        raise socket.gaierror(f"the local AWS does not look up {details[0]}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "None")


def _start_logging(workdir: Path) -> None:
    logs = workdir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=logs / "daemon.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)


async def _run(settings: Settings, listener: socket.socket) -> None:
    # Imported late: moto takes its settings from the environment when it is imported, and a
    # taken port should be reported before the second that this costs.
    from ops.local.connections import AccessLog
    from ops.local.deployed import Deployed
    from ops.local.faults import Faults
    from ops.local.functions import Functions
    from ops.local.gateway.front import Gateway
    from ops.local.gateway.parts import Options, Parts
    from ops.local.moto_app import MotoApp
    from ops.local.queues import Mappings

    url = f"http://{HOST}:{listener.getsockname()[1]}"
    stop = _stop_signal(settings.commit_fd)
    faults = Faults(random.Random())  # noqa: S311 - dice, not keys
    functions = Functions(endpoint_url=url, workdir=settings.workdir, faults=faults)
    parts = Parts(
        functions=functions,
        deployed=Deployed(),
        faults=faults,
        access_log=AccessLog.open(settings.workdir / "logs" / "access.log"),
        options=Options(limits=settings.limits, shuffle=settings.shuffle),
    )
    _prepare(parts.edge)
    moto = MotoApp(faults)
    mappings = Mappings(functions.invoke, moto, faults)
    gateway = Gateway(parts, moto, shutdown=stop.set)
    await gateway.start(listener)
    await functions.start()
    await mappings.start()
    _announce(url, settings.workdir)
    await stop.wait()
    logger.info("stopping")
    try:
        async with asyncio.timeout(GRACE):
            await mappings.close()
            await asyncio.gather(gateway.close(), functions.close())
    except TimeoutError:
        logger.warning("not all ended in time")


def _prepare(edge: Edge) -> None:
    from ops.local.edge import FunctionFailed

    try:
        edge.prepare()
    except FunctionFailed as error:
        # Only clients that come by the edge's paths need it; they are told.
        logger.warning("no function at the edge: %s", error)


def _stop_signal(commit_fd: int | None) -> asyncio.Event:
    """Return an event that a signal, or the end of an uncommitted parent, sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if commit_fd is not None:
        loop.add_reader(commit_fd, _read_commit, commit_fd, stop)
    return stop


def _read_commit(commit_fd: int, stop: asyncio.Event) -> None:
    if os.read(commit_fd, 1) != COMMITTED:
        stop.set()
    asyncio.get_running_loop().remove_reader(commit_fd)
    os.close(commit_fd)


def _announce(url: str, workdir: Path) -> None:
    """Say that we serve, then let go of the parent's stdout: moto prints to it at times."""
    print(f"ready {url}", flush=True)  # noqa: T201 - what the parent waits for
    logger.info("serving at %s", url)
    with (workdir / "logs" / "daemon.log").open("a") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
