"""Route `heartbeat` of the plain protocol."""

from __future__ import annotations

from realtime.bootstrap import message_handler
from realtime.usecases.actions import heartbeat

handler = message_handler(heartbeat)
