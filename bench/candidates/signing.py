"""Signed requests for those that bring no signing of their own: the product's, so that only the sending differs."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

from bench.candidates.task import FRAME, REGION, STAGE, Task
from realtime.aws.series import Series
from realtime.aws.sigv4 import Credentials, Signer

BODY = FRAME.encode()


class Signing:
    """Signs posts of the frame to one sink."""

    def __init__(self, task: Task) -> None:
        credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        signer = Signer(credentials, REGION, "execute-api")
        self._series = Series(signer, "POST", urlsplit(task.url).netloc, f"{STAGE}/@connections/", BODY)

    def request(self, connection_id: str) -> bytes:
        """A request as it is sent."""
        return self._series.request(connection_id, time.time())

    def parts(self, connection_id: str) -> tuple[str, list[str]]:
        """The target of a request and the lines of its head, for who adds content-length and the body."""
        first, *lines = self.request(connection_id).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        return first.split(" ")[1], [line for line in lines if not line.startswith("content-length:")]
