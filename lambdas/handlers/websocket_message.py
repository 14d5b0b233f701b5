"""`$default`: what no other route took. The plain protocol has no such action."""

from __future__ import annotations

from realtime.bootstrap import message_handler
from realtime.usecases.actions import unknown

handler = message_handler(unknown)
