"""Which channels have readers, and who is told of the first and the last.

Whoever comes writes its own row and then looks at the channel's; whoever goes deletes its own row and then looks for
others. In between the channel's row says `vacating`, which whoever comes ends. So of each edge there is one teller.
"""

from __future__ import annotations

from realtime.domain.channels import is_presence
from realtime.domain.connections import Channel
from realtime.ports import Ports

from . import later


def came(channel: Channel, ports: Ports) -> None:
    """A reader's row was written: see to it that the channel counts as occupied."""
    if ports.channels.occupy(channel):
        later.tell_app(channel, "channel_occupied", ports)


def went(channel: Channel, connection_id: str, ports: Ports) -> bool:
    """A reader's row was deleted: if it was the last, vacate the channel, after the grace if an endpoint is told.

    True if it was.
    """
    token = f"{ports.clock.now()}.{connection_id}"
    if _is_occupied(channel, ports) or not ports.channels.vacate(channel, token):
        return False
    if _is_occupied(channel, ports):
        ports.channels.stay(channel, token)
        return False
    told = later.wants(channel, "channel_vacated", ports) or later.wants(channel, "channel_occupied", ports)
    if not told or not later.send([later.vacate(channel, token)], ports):
        end_vacancy(channel, token, ports)
    return True


def end_vacancy(channel: Channel, token: str, ports: Ports) -> bool:
    """Delete the channel's row, if nobody came meanwhile. True if the channel is vacated by this."""
    return ports.channels.vacated(channel, token)


def mend(channel: Channel, token: str, ports: Ports) -> bool:
    """End a vacancy whose function, or task, was lost. True if the channel is vacated by this."""
    if _is_occupied(channel, ports):
        ports.channels.stay(channel, token)
        return False
    return end_vacancy(channel, token, ports)


def begun_at(token: str) -> int:
    """When the vacancy of a token began (ms)."""
    return int(token.partition(".")[0])


def _is_occupied(channel: Channel, ports: Ports) -> bool:
    now = ports.clock.now()
    if is_presence(channel.name):
        return any(row.connections for page in ports.members.rows(channel, now) for row in page)
    return ports.subscriptions.occupied(channel, now)
