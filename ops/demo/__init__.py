"""Two teams of real WebSocket clients and Pusher's own libraries, talking through whatever is deployed."""

from .acts import Told, play

__all__ = ["Told", "play"]
