"""Event source mappings: queues whose messages are handed to functions in batches, as Lambda's pollers do.

mappings  follows what is deployed, a poller for each mapping     poller     takes batches, invokes, deletes
store     the only module here that knows moto                   records    pure: the event, and what the answer means
waiting   ReceiveMessage that waits, without holding up moto
"""

from __future__ import annotations

from ops.local.queues.mappings import Mappings
from ops.local.queues.poller import Settings

__all__ = ["Mappings", "Settings"]
