"""What the counting sink does with the frames for each connection id, and what it tells about them afterwards."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

# whole    the whole answer
# last     the whole answer, then the connection is closed without having been announced
# trickle  the whole answer, a byte at a time
# hang     no answer: the connection stays open until the client closes it
# shut     no answer: the connection is closed
# reset    no answer: the connection is reset
# cut      the first half of the answer, then the connection is closed
How = Literal["whole", "last", "trickle", "hang", "shut", "reset", "cut"]


class Step(NamedTuple):
    """What becomes of one request.

    `taken`: whether its frame counts as one that reached the client; as the answer says where it is None. `delay` is
    how long the answer takes, in seconds; of a trickle, how long each of its bytes does.
    """

    status: int = 200
    how: How = "whole"
    taken: bool | None = None
    delay: float = 0.0

    @property
    def takes(self) -> bool:
        """Whether the frame reaches the client."""
        if self.taken is not None:
            return self.taken
        return self.status == 200 and self.how not in ("hang", "shut", "reset")


class Share(NamedTuple):
    """This part (of 1.0) of all connection ids follows these steps. Which ones is decided by a hash of the id."""

    part: float
    steps: Sequence[Step]


class Plan(NamedTuple):
    """Steps are for one id's requests in turn; the last one is for all further ones.

    What is said of an id in `by_id` goes before `shares`, and those before `otherwise`. `keep_frames` keeps the frames
    themselves, and not only their number.
    """

    by_id: Mapping[str, Sequence[Step]] = {}
    shares: Sequence[Share] = ()
    otherwise: Sequence[Step] = (Step(),)
    keep_frames: bool = False

    def steps(self, connection_id: str) -> Sequence[Step]:
        """What this id's requests are answered with, in turn."""
        found = self.by_id.get(connection_id)
        if found:
            return found
        point = zlib.crc32(connection_id.encode()) / 2**32
        for share in self.shares:
            if point < share.part:
                return share.steps
            point -= share.part
        return self.otherwise

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The plan of which `json.dumps(plan._asdict())` made this. Raises TypeError for what is none."""
        fields = dict(data)
        fields["by_id"] = {name: _steps(steps) for name, steps in data.get("by_id", {}).items()}
        fields["shares"] = [Share(part, _steps(steps)) for part, steps in data.get("shares", ())]
        if "otherwise" in data:
            fields["otherwise"] = _steps(data["otherwise"])
        return cls(**fields)


def _steps(data: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    return tuple(Step(*step) for step in data)


class Reader(NamedTuple):
    """What happened to one connection id: POSTs, frames that reached it, DELETEs that closed it, and the frames."""

    asked: int
    taken: int
    closed: int
    frames: list[str]


class Report(NamedTuple):
    """What happened since the plan was given.

    `readers` has who was asked for, by connection id. `accepted` counts new connections; `open` and `in_flight` are
    connections and requests now, `most_…` as many as there were at a time.
    """

    readers: Mapping[str, Reader]
    accepted: int
    open: int
    most_open: int
    in_flight: int
    most_in_flight: int

    @property
    def asked(self) -> int:
        """Frames that came, however often each did."""
        return sum(reader.asked for reader in self.readers.values())

    @property
    def taken(self) -> int:
        """Frames that reached a client."""
        return sum(reader.taken for reader in self.readers.values())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """The report of which `json.dumps(report._asdict())` made this."""
        return cls(**{**data, "readers": {name: Reader(*reader) for name, reader in data["readers"].items()}})
