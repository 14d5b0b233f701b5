"""`$default`: what no other route took. So come all frames of Pusher's protocol, which names no `action`."""

from __future__ import annotations

from realtime.bootstrap import frame_handler
from realtime.usecases.frames import receive_any

handler = frame_handler(receive_any)
