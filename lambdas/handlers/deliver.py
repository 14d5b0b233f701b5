"""Asynchronously: what cannot be done before `$connect` or a publish has returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.bootstrap import Invocation, lambda_handler
from realtime.ports import Ports
from realtime.wiring import build_ports


def _handle(invocation: Invocation, ports: Ports) -> Mapping[str, Any]:
    # A client waits for its welcome: that does not load what large publishes need.
    job = invocation.event
    if job["kind"] == "share":
        from realtime.usecases.share import deliver_share
        from realtime.usecases.sharing import share_of

        deliver_share(share_of(job), ports, invocation.remaining_ms)
    elif job["kind"] == "flush":
        from realtime.usecases.coalescing import flush

        flush(job, ports)
    else:
        from realtime.usecases.welcome import welcome

        welcome(job["connectionId"], ports)
    return {}


handler = lambda_handler(build_ports, _handle)
