"""What a transport is given to do, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .http1 import Response


class Failed(NamedTuple):
    """No answer: `reason` says why. `sent` tells whether the peer may have acted on the request."""

    reason: str
    sent: bool


Outcome = Response | Failed


class Job(Protocol):
    """One request, or several one after the other. What either method raises ends the run."""

    def data(self) -> bytes:
        """The request as it is sent. Asked for once there is a connection for it: no signature ages in a queue."""

    def settle(self, outcome: Outcome) -> float | None:
        """Take what became of the request. None: finished. Else seconds after which data() is to be sent again."""
