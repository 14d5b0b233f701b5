"""What `ops local up` makes of the stack's outputs."""

from typing import Any

import pytest

from ops.local.stack import localised

ENDPOINT = "http://127.0.0.1:4577"
HOST = "abcdefghij.execute-api.us-east-1.amazonaws.com"
OUTPUTS: dict[str, Any] = {
    "environment": "local",
    "websocket_url": f"wss://{HOST}/production",
    "management_endpoint": f"https://{HOST}/production",
    "app_key": "k",
}


def test_hosts_are_replaced_and_paths_stay():
    assert localised(OUTPUTS, ENDPOINT) == {
        "environment": "local",
        "websocket_url": "ws://127.0.0.1:4577/production",
        "management_endpoint": "http://127.0.0.1:4577/production",
        "app_key": "k",
        "aws_endpoint_url": ENDPOINT,
    }


@pytest.mark.parametrize("host", [None, "edge.example.com"])
def test_the_edge_is_the_endpoint_itself(host):
    pusher = {"app_id": "1", "host": host, "key": "k", "port": host and 443, "tls": host and True}
    given = OUTPUTS | {"http_url": f"https://{HOST}", "pusher": pusher}
    made = localised(given, ENDPOINT)
    assert made["http_url"] == ENDPOINT
    assert made["pusher"] == {"app_id": "1", "host": "127.0.0.1", "key": "k", "port": 4577, "tls": False}
