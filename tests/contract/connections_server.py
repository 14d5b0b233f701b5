"""@connections of one stage, as a tiny server: an id's first word says what it answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from types import TracebackType
from urllib.parse import unquote

from tests.contract.http_double import HttpDouble, Received, Reply

STAGE = "production"

# id → statuses, one after the other, the last one for ever. Any other id gets 200, "hangs…" no answer at all.
STATUSES = {
    "gone": (410,),
    "never-was": (400,),
    "busy": (429, 200),
    "flooded": (429,),
    "too-large": (413,),
    "forbidden": (403,),
    "broken": (500,),
    "hiccup": (500, 503, 200),
    "leaves": (200, 410),
}


class ConnectionsServer:
    """Serves while it is entered. `frames` are those it took, by connection id; `closed` the ids it was to close."""

    def __init__(self) -> None:
        self.frames: dict[str, list[str]] = defaultdict(list)
        self.closed: list[str] = []
        self._tries: Counter[str] = Counter()
        self._http = HttpDouble(self._answer)

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def received(self) -> list[Received]:
        return self._http.received

    def __enter__(self) -> ConnectionsServer:
        self._http.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.__exit__(kind, value, trace)

    def _answer(self, received: Received) -> Reply | None:
        start = f"/{STAGE}/@connections/"
        assert received.target.startswith(start)
        connection_id = unquote(received.target.removeprefix(start))
        if connection_id.startswith("hangs"):
            return None
        statuses = STATUSES.get(connection_id.split("#")[0], (200,))
        status = statuses[min(self._tries[connection_id], len(statuses) - 1)]
        self._tries[connection_id] += 1
        if status == 200 and received.method == "POST":
            self.frames[connection_id].append(received.body.decode())
        if status == 200 and received.method == "DELETE":
            self.closed.append(connection_id)
            return 204, b""
        return status, b"" if status == 200 else b'{"message":null}'
