"""A WebSocket client that is not ours: the `websocket-client` library, which shares no code with the gateway."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import websocket

Frame = dict[str, Any]

# Only a bound for a test that would otherwise hang; a cold start on a busy machine stays far below it.
PATIENCE_SECONDS = 30


class Closed(Exception):
    """The server has closed the connection; `code` is its close code."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Client:
    """One connection."""

    def __init__(self, url: str, **options: Any) -> None:
        self.socket: Any = websocket.create_connection(
            url, timeout=PATIENCE_SECONDS, http_no_proxy=["127.0.0.1"], **options
        )
        self._unread: deque[Frame] = deque()

    def send(self, action: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"action": action, **fields}))

    def send_text(self, text: str) -> None:
        self.socket.send(text)

    def receive(self) -> Frame:
        """The next frame; of events that share one, the next of those, as if each had come by itself. Raises Closed."""
        if not self._unread:
            frame = self.receive_frame()
            self._unread += frame.get("events", [frame])
        return self._unread.popleft()

    def receive_frame(self) -> Frame:
        """The next frame as it comes. Raises Closed."""
        code, data = self.socket.recv_data()
        if code == websocket.ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2]) if len(data) >= 2 else None)
        frame: Frame = json.loads(data)
        return frame

    def ask(self, action: str, **fields: Any) -> Frame:
        """Send and return the next frame."""
        self.send(action, **fields)
        return self.receive()

    def receive_until(self, event: str) -> list[Frame]:
        """Frames up to and including the first with this event."""
        frames = [self.receive()]
        while frames[-1].get("event") != event:
            frames.append(self.receive())
        return frames

    def subscribe(self, channel: str) -> Frame:
        answer = self.ask("subscribe", channel=channel)
        assert answer == {"event": "subscribed", "channel": channel}
        return answer

    def heard_before_heartbeat(self) -> list[Frame]:
        """What arrived so far: the answer to a heartbeat comes after it."""
        self.send("heartbeat")
        return self.receive_until("heartbeat")[:-1]

    def close(self) -> None:
        self.socket.close(timeout=0)
        # What the server has closed, `close` leaves open.
        self.socket.shutdown()

    def vanish(self) -> None:
        """Close the TCP connection without a close frame."""
        self.socket.shutdown()
