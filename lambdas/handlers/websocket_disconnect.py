"""`$disconnect`: forget a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.bootstrap import Invocation, lambda_handler
from realtime.ports import Ports
from realtime.usecases.disconnect import disconnect
from realtime.wiring import build_ports


def _handle(invocation: Invocation, ports: Ports) -> Mapping[str, Any]:
    disconnect([invocation.connection_id], ports)
    return {"statusCode": 200}


handler = lambda_handler(build_ports, _handle)
