"""`$disconnect`: forget a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime.bootstrap import Invocation, build_rows, lambda_handler
from realtime.ports import Rows
from realtime.usecases.disconnect import disconnect


def _handle(invocation: Invocation, rows: Rows) -> Mapping[str, Any]:
    disconnect([invocation.connection_id], rows)
    return {"statusCode": 200}


handler = lambda_handler(build_rows, _handle)
