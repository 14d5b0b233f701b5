"""Asynchronously: what `$connect` cannot do before it has returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.bootstrap import Invocation, build_ports, lambda_handler
from realtime.ports import Ports
from realtime.usecases.welcome import welcome


def _handle(invocation: Invocation, ports: Ports) -> Mapping[str, Any]:
    welcome(invocation.event["connectionId"], ports)
    return {}


handler = lambda_handler(build_ports, _handle)
