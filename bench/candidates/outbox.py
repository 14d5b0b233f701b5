"""The product's outbox, made as a handler makes it."""

from __future__ import annotations

import os
import time

from bench.candidates.task import REGION, STAGE
from realtime.aws.management import ManagementOutbox
from realtime.aws.service import Account
from realtime.aws.sigv4 import Credentials
from realtime.wiring import patience

# Requests a second that nothing reaches here: a handler's outbox always counts them.
_RATE = 1_000_000


def outbox(url: str, ca: str) -> ManagementOutbox:
    """One that delivers to a sink, with the handlers' own patience."""
    # What the standard library's default context trusts.
    os.environ["SSL_CERT_FILE"] = ca
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    account = Account(REGION, credentials, lambda _: None, time.time)
    return ManagementOutbox(account, f"{url}{STAGE}", patience(attempts=3, timeout=3.0), rate=_RATE)
