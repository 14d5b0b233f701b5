"""HTTP answers in the forms that AWS SDKs read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web


def json_response(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON answer."""
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers=headers,
        content_type="application/json",
    )


def aws_error(status: int, kind: str, message: str) -> web.Response:
    """Return an error that boto3 raises as `client.exceptions.<kind>`.

    It looks for the kind in the header x-amzn-ErrorType; without it a 410 is a bare ClientError.
    """
    body = {"Message": message, "message": message}
    return json_response(status, body, {"x-amzn-ErrorType": kind})
