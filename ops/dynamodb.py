"""DynamoDB's low-level API over the Lambdas' own transport.

With boto3, a command that reads one page would spend most of its time on importing it and on loading its description of
the service (`make bench`). The names are those of boto3's client, and so are requests and answers.
"""

from __future__ import annotations

from typing import Any

from realtime.aws.json_service import JsonService

Answer = dict[str, Any]


class DynamoDB:
    """The operations that `ops` reads with. Each raises ServiceRefusal, ServiceError."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def query(self, **request: Any) -> Answer:
        """One page of a Query."""
        return self._service.call("Query", request)

    def scan(self, **request: Any) -> Answer:
        """One page of a Scan."""
        return self._service.call("Scan", request)

    def get_item(self, **request: Any) -> Answer:
        """One item."""
        return self._service.call("GetItem", request)

    def batch_get_item(self, **request: Any) -> Answer:
        """Up to 100 items."""
        return self._service.call("BatchGetItem", request)
